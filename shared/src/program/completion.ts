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
  /** Its values, as far as they are known. */
  readonly values: readonly string[];
  readonly help: string;
}

const withoutValue = (name: string, help: string): Flag => ({ name, value: '', values: [], help });

/** The options of a program itself, without a command. */
const OWN_FLAGS: readonly Flag[] = [
  withoutValue('help', 'show all commands'),
  withoutValue('version', 'show the version'),
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
    ...Object.entries(options).map(([option, { value, words, help }]) => ({
      ...{ name: option, value, values: words },
      help: help.split('\n')[0] ?? '',
    })),
    withoutValue('help', 'show the options of this command'),
  ],
});

const SCRIPTS: Readonly<Record<Shell, (completed: Completed) => string>> = { bash, zsh, fish };

const flagsOf = ({ options }: Pick<Entry, 'options'>): string =>
  options.map(({ name }) => `--${name}`).join(' ');
const wordsOf = (entries: readonly Entry[]): string => entries.map(({ word }) => word).join(' ');

/** Words that may follow a command, beside files. */
const afterwards = (word: string, entries: readonly Entry[]): string => {
  if (word === 'help') return wordsOf(entries);
  return word === 'completion' ? SHELLS.join(' ') : '';
};

/** Options with known values, each with its command: `replay --placement`. */
const valuesOf = (entries: readonly Entry[]): readonly (readonly [place: string, values: string])[] =>
  entries.flatMap(({ word, options }) =>
    options
      .filter(({ values }) => values.length > 0)
      .map(({ name, values }) => [`${word} --${name}`, values.join(' ')] as const),
  );

/** `--NAME=VALUE` is three words for bash. */
function bash({ name, entries }: Completed): string {
  const fn = `_${name.replaceAll('-', '_')}`;
  const cases = entries.map(
    (one) => `      ${one.word}) options="${flagsOf(one)}" words="${afterwards(one.word, entries)}" ;;`,
  );
  const values = valuesOf(entries).map(
    ([place, words]) => `      "${place}") options="" words="${words}" ;;`,
  );
  return `# bash completion for ${name}. To load it: source <(${name} completion bash)
${fn}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" option="\${COMP_WORDS[COMP_CWORD-1]}" options="" words=""
  if [[ "$current" == "=" ]]; then
    current=""
  elif [[ "$option" == "=" ]]; then
    option="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    options="${flagsOf({ options: OWN_FLAGS })}" words="${wordsOf(entries)}"
  else
    case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    esac
    case "\${COMP_WORDS[1]} $option" in
${[...values, '      *) ;;'].join('\n')}
    esac
  fi
  if [[ "$current" == -* ]]; then words="$options"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
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
  const cases = entries.map(
    (one) =>
      `      ${one.word}) flags=(${flagsIn(one.options)}) values=(${afterwards(one.word, entries)}) ;;`,
  );
  const values = valuesOf(entries).map(([place, words]) => `      "${place}") values=(${words}) ;;`);
  return `#compdef ${name}
# zsh completion for ${name}. To load it: source <(${name} completion zsh), or save it as ${fn} in a folder of $fpath
${fn}() {
  local -a subcommands flags values
  local option="$words[CURRENT-1]"
  if [[ "$PREFIX" == --*=* ]]; then
    option="\${PREFIX%%=*}"
    compset -P '*='
  fi
  if (( CURRENT == 2 )); then
    flags=(${flagsIn(OWN_FLAGS)})
    subcommands=(
${subcommands.join('\n')}
    )
  else
    case "$words[2]" in
${cases.join('\n')}
    esac
    case "$words[2] $option" in
${[...values, '      *) ;;'].join('\n')}
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

/** The arguments of `complete` for what follows an option: known values, the names of files, or nothing. */
function fishValue({ value, values }: Flag): string {
  if (values.length > 0) return ` -x -a '${values.join(' ')}'`;
  return value === '' ? '' : ' -r';
}

function fish({ name, entries }: Completed): string {
  const first = `complete -c ${name} -n __fish_use_subcommand`;
  const commands = entries.map(({ word, summary }) => `${first} -f -a ${word} -d ${fishQuoted(summary)}`);
  const own = OWN_FLAGS.map((one) => `${first} -l ${one.name} -d ${fishQuoted(one.help)}`);
  const options = entries.flatMap(({ word, options: flags }) => {
    // The command is the first word: a later one of its name is something else.
    const within = `complete -c ${name} -n 'contains -- ${word} (commandline -opc)[2]'`;
    const words = afterwards(word, entries);
    return [
      ...flags.map((one) => `${within} -l ${one.name}${fishValue(one)} -d ${fishQuoted(one.help)}`),
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
