import { attempt } from '../../parts/real/command.ts';

/** Shells that the programs print completion scripts for. */
export type Shell = 'bash' | 'zsh' | 'fish';

/** A place to complete in: how the completion is loaded, and the line up to where Tab is pressed. */
export interface Typed {
  /** A command of the shell. */
  readonly load: string;
  readonly line: string;
  /** The working folder; nothing else is read of the user's settings. */
  readonly folder: string;
  /** Where programs are found. */
  readonly path: string;
}

const ZSH = new URL('offers.zsh', import.meta.url).pathname;
/** In bash's line editor: inserts all completions. */
const INSERT_ALL = '\u001b*';
const MARK = 'offered:';

/** What a real shell offers there, sorted. @throws if the shell writes an error */
export async function offered(shell: Shell, typed: Typed): Promise<readonly string[]> {
  const words = await OFFERED[shell](typed);
  return [...new Set(words.filter((word) => word !== ''))].sort();
}

async function run(
  program: string,
  args: readonly string[],
  { folder, path }: Typed,
  input = '',
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const environment = { PATH: path, HOME: folder, LC_ALL: 'C.UTF-8', TERM: 'xterm', INPUTRC: '/dev/null' };
  const { exitCode, stdout, stderr } = await attempt(program, args, { folder, environment, input });
  if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode}: ${stderr}`);
  return { stdout, stderr };
}

/**
 * Bash reads lines with its editor from a pipe as well; a function in place of the program prints what the editor inserted. The word that is typed
 * stays where nothing is inserted.
 */
async function inBash(typed: Typed): Promise<readonly string[]> {
  const { load, line } = typed;
  const [program = '', ...words] = line.split(' ');
  const shown = `${program}() { printf '${MARK}%s\\n' "$@"; }`;
  const input = `${load}\n${shown}\n${line}${INSERT_ALL}\n`;
  const { stdout } = await run('bash', ['--norc', '--noprofile', '-i'], typed, input);
  const marked = stdout.split('\n').filter((text) => text.startsWith(MARK));
  const inserted = marked.map((text) => text.slice(MARK.length)).slice(words.length - 1);
  return inserted.filter((word) => word !== words.at(-1)).map((word) => word.replace(/^--[\w-]+=/, ''));
}

async function inZsh(typed: Typed): Promise<readonly string[]> {
  const { stdout } = await run('zsh', ['-f', ZSH, typed.load, typed.line], typed);
  return stdout.split('\n');
}

/** Each line is a word, and its description after a tab. */
async function inFish(typed: Typed): Promise<readonly string[]> {
  const { load, line } = typed;
  const script = `${load}; complete -C '${line}'`;
  const { stdout, stderr } = await run('fish', ['--no-config', '-c', script], typed);
  if (stderr !== '') throw new Error(stderr);
  return stdout.split('\n').map((text) => text.replace(/\t.*/, '').replace(/^--[\w-]+=/, ''));
}

const OFFERED: Readonly<Record<Shell, (typed: Typed) => Promise<readonly string[]>>> = {
  bash: inBash,
  zsh: inZsh,
  fish: inFish,
};
