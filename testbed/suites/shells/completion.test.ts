import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOrThrow } from '../../parts/real/command.ts';
import { offered, type Shell } from './offered.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;
const PROGRAMS = { 'hangar-runner': 'runner', 'hangar-autoscaler': 'autoscaler' } as const;
/** With both programs, as after `npm ci`. */
const PATH = [`${ROOT}node_modules/.bin`, dirname(process.execPath), process.env['PATH']].join(':');

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** As `completion --help` has it. */
const LOAD: Readonly<Record<Shell, (program: string) => string>> = {
  bash: (program) => `source <(${program} completion bash)`,
  zsh: (program) => `source <(${program} completion zsh)`,
  fish: (program) => `${program} completion fish | source`,
};

describe.each(SHELLS)('%s', (shell) => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hangar-shells-'));
    for (const name of ['first.yml', 'second.yml']) writeFileSync(join(folder, name), '');
    for (const [name, program] of Object.entries(PROGRAMS)) {
      const main = `${ROOT}${program}/src/main.ts`;
      const words = ['--conditions=source', main, 'completion', shell];
      writeFileSync(join(folder, `.${name}`), await runOrThrow(process.execPath, words));
    }
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** With a script that was saved. */
  const complete = (line: string) =>
    offered(shell, { load: `source ${folder}/.${line.split(' ')[0]}`, line, folder, path: PATH });

  it.each<[string, string, readonly string[]]>([
    ['all commands', 'hangar-autoscaler ', ['completion', 'help', 'recommend', 'replay', 'serve']],
    ['a command by its beginning', 'hangar-runner li', ['lint']],
    ['no command for a beginning that none has', 'hangar-runner zz', []],
    ['the options of the program', 'hangar-runner --', ['--help', '--version']],
    ['the options of a command', 'hangar-runner fmt --', ['--check', '--help', '--write']],
    ['an option by its beginning', 'hangar-runner lint --j', ['--json']],
    ['no option of another command', 'hangar-runner fmt --j', []],
    ['nor that of one whose name is a file', 'hangar-runner fmt lint --j', []],
    ['the values of an option', 'hangar-autoscaler replay --placement ', ['least', 'most', 'soft-taint']],
    ['a value by its beginning', 'hangar-autoscaler recommend --level h', ['high']],
    ['a value after =', 'hangar-autoscaler replay --placement=so', ['soft-taint']],
    ['files as values of other options', 'hangar-runner doctor --env-file f', ['first.yml']],
    ['files as arguments', 'hangar-runner lint s', ['second.yml']],
    ['the shells of completion', 'hangar-runner completion ', ['bash', 'fish', 'zsh']],
    ['commands after help', 'hangar-runner help s', ['schema']],
  ])('offers %s', async (_, line, want) => {
    expect(await complete(line)).toEqual(want);
  });

  it.each(Object.keys(PROGRAMS))('loads the completion of %s as its help shows', async (program) => {
    const help = await runOrThrow(`${ROOT}node_modules/.bin/${program}`, ['completion', '--help'], {
      environment: { PATH },
    });
    const load = LOAD[shell](program);
    expect(help).toContain(load);
    expect(await offered(shell, { load, line: `${program} comp`, folder, path: PATH })).toContain(
      'completion',
    );
  });
});

describe('zsh', () => {
  it('finds a script that was saved in a folder of $fpath', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hangar-shells-'));
    const load = `fpath=(${folder} $fpath); hangar-runner completion zsh > ${folder}/_hangar-runner; compinit -u -D`;
    expect(await offered('zsh', { load, line: 'hangar-runner li', folder, path: PATH })).toEqual(['lint']);
    rmSync(folder, { recursive: true });
  });
});
