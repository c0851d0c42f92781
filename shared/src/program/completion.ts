import type { Command } from './command.ts';

/** Shells for which a completion script can be printed. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** What is completed: the program's name, and its commands by their last word. */
interface Completed {
  readonly name: string;
  readonly entries: readonly Entry[];
}

interface Entry {
  readonly word: string;
  readonly summary: string;
  readonly options: readonly Flag[];
}

interface Flag {
  readonly name: string;
  /** Empty: it takes no value. */
  readonly value: string;
  readonly help: string;
}

/** The options of a program itself, without a command. */
const OWN_FLAGS: readonly Flag[] = [
  { name: 'help', value: '', help: 'show all commands' },
  { name: 'version', value: '', help: 'show the version' },
];

/** The script that completes the commands and options of a program in a shell. Pure. */
export function completionScript(
  program: { readonly name: string; readonly commands: readonly Command[] },
  shell: Shell,
): string {
  const { name } = program;
  const entries = [
    ...program.commands.map((one) => entryOf(name, one)),
    { word: 'completion', summary: 'prints a completion script for a shell', options: [] },
    { word: 'help', summary: 'shows the options of a command', options: [] },
  ];
  return SCRIPTS[shell]({ name, entries });
}

const entryOf = (program: string, { name, summary, options }: Command): Entry => ({
  word: name.slice(program.length + 1),
  summary,
  options: [
    ...Object.entries(options).map(([option, { value, help }]) => ({
      ...{ name: option, value },
      help: help.split('\n')[0] ?? '',
    })),
    { name: 'help', value: '', help: 'show the options of this command' },
  ],
});

const SCRIPTS: Readonly<Record<Shell, (completed: Completed) => string>> = { bash, zsh, fish };

const flagsOf = ({ options }: Pick<Entry, 'options'>): string =>
  options.map(({ name }) => `--${name}`).join(' ');
const wordsOf = (entries: readonly Entry[]): string => entries.map(({ word }) => word).join(' ');
const shellsIn = (word: string): string => (word === 'completion' ? SHELLS.join(' ') : '');

function bash({ name, entries }: Completed): string {
  const fn = `_${name.replaceAll('-', '_')}`;
  const cases = entries.map((one) => {
    const words = one.word === 'help' ? wordsOf(entries) : shellsIn(one.word);
    return `    ${one.word}) options="${flagsOf(one)}" words="${words}" ;;`;
  });
  return `# bash completion for ${name}. To load it: source <(${name} completion bash)
${fn}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" options="" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${wordsOf(entries)} ${flagsOf({ options: OWN_FLAGS })}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o default -F ${fn} ${name}`;
}

/** Within single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A name and its description, as \`_describe\` reads them. */
const described = (name: string, text: string): string =>
  quoted(`${name.replaceAll(':', '\\:')}:${text.replaceAll(':', '\\:')}`);

/** Its arrays have names that zsh has none of: functions that are called see the caller's variables. */
function zsh({ name, entries }: Completed): string {
  const fn = `_${name}`;
  const subcommands = entries.map(({ word, summary }) => `      ${described(word, summary)}`);
  const flagsIn = (flags: readonly Flag[]): string =>
    flags.map((each) => described(`--${each.name}`, each.help)).join(' ');
  const cases = entries.map((one) => {
    const values = one.word === 'help' ? wordsOf(entries) : shellsIn(one.word);
    return `      ${one.word}) flags=(${flagsIn(one.options)}) values=(${values}) ;;`;
  });
  return `#compdef ${name}
# zsh completion for ${name}. To load it: source <(${name} completion zsh), or save it as ${fn} in a folder of $fpath
${fn}() {
  local -a subcommands flags values
  if (( CURRENT == 2 )); then
    flags=(${flagsIn(OWN_FLAGS)})
    subcommands=(
${subcommands.join('\n')}
    )
  else
    case "$words[2]" in
${cases.join('\n')}
    esac
  fi
  if [[ "$PREFIX" == -* ]]; then
    _describe option flags
  elif (( $#subcommands )); then
    _describe command subcommands
  elif (( $#values )); then
    compadd -a values
  else
    _files
  fi
}
if [ "$funcstack[1]" = "${fn}" ]; then ${fn} "$@"; else compdef ${fn} ${name}; fi`;
}

/** Within single quotes, where fish reads a backslash before a backslash or a quote. */
const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fish({ name, entries }: Completed): string {
  const first = `complete -c ${name} -n __fish_use_subcommand`;
  const commands = entries.map(({ word, summary }) => `${first} -f -a ${word} -d ${fishQuoted(summary)}`);
  const own = OWN_FLAGS.map((one) => `${first} -l ${one.name} -d ${fishQuoted(one.help)}`);
  const options = entries.flatMap(({ word, options: flags }) => {
    const within = `complete -c ${name} -n '__fish_seen_subcommand_from ${word}'`;
    const words = word === 'help' ? wordsOf(entries) : shellsIn(word);
    return [
      ...flags.map(
        (one) => `${within} -l ${one.name}${one.value === '' ? '' : ' -r'} -d ${fishQuoted(one.help)}`,
      ),
      ...(words === '' ? [] : [`${within} -f -a '${words}'`]),
    ];
  });
  return [
    `# fish completion for ${name}. To load it: ${name} completion fish | source`,
    ...commands,
    ...own,
    ...options,
  ].join('\n');
}
