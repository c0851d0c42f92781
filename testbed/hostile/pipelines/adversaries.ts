import type { Adversary } from '../area.ts';
import { type ExpensiveFile, filled, HEAD, numbered, root, STEP, steps } from './expensive-file.ts';
import { LARGE_FILES } from './large-files.ts';
import { MULTIPLIED } from './multiplied.ts';

/** A pipeline file with the variables of its expressions; an author controls those of branches and commit messages. */
export interface PipelineInput {
  readonly yaml: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly ref?: string;
}

/** Longer than any Git host allows. */
const LONG_REF = `refs/heads/${'a/'.repeat(31_250)}b`;

const globFile = (stepCount: number, globs: string): string =>
  steps(
    `- name: s0\n  image: a\n  when: {ref: &anchor [${globs}]}\n${Array.from({ length: stepCount - 1 }, (_, n) => `- {name: s${n + 1}, image: a, when: {ref: *anchor}}\n`).join('')}`,
  );

/** Files that were once too expensive to read, and similar ones. */
const FILES: readonly ExpensiveFile[] = [
  {
    name: 'globs of many stars shared by 40 steps',
    make: (chars) => globFile(40, filled(chars, `"**/${'*a'.repeat(45)}",`)),
    variables: () => ({}),
  },
  {
    name: 'globs of many segments',
    make: (chars) => globFile(40, filled(chars, `"${'**/*a*/'.repeat(40)}b",`)),
  },
  { name: 'globs of choices', make: (chars) => globFile(40, filled(chars, `"${'{a,aa}'.repeat(40)}b",`)) },
  {
    name: 'one glob of nested choices',
    make: (chars) => globFile(400, `"${'{'.repeat(50)}${filled(chars, 'a,')}${'}'.repeat(50)}"`),
  },
  { name: 'one long glob for 500 steps', make: (chars) => globFile(500, `"${filled(chars, '*a')}"`) },
  { name: 'many short globs for 500 steps', make: (chars) => globFile(500, filled(chars, 'a,')) },
  { name: 'globs of classes', make: (chars) => globFile(40, filled(chars, `"*[${filled(200, 'b-c')}]",`)) },
  {
    name: 'globs of many segments for a ref of many segments',
    make: (chars) =>
      globFile(
        40,
        numbered(chars, (n) => `"${'**/a/'.repeat(8)}${n}",`),
      ),
    ref: LONG_REF,
  },
  {
    name: 'globs of stars for a ref of many segments',
    make: (chars) =>
      globFile(
        40,
        numbered(chars, (n) => `"**/*a*a*a*a*/${n}",`),
      ),
    ref: LONG_REF,
  },
  { name: 'separators', make: (chars) => filled(chars, '---\n') },
  { name: 'empty lines', make: (chars) => filled(chars, '\n') },
  { name: 'comments', make: (chars) => HEAD + filled(chars, '# c\n') },
  { name: 'documents of one word', make: (chars) => filled(chars, 'a\n---\n') },
  { name: 'documents of one step', make: (chars) => filled(chars, `${steps(STEP)}---\n`) },
  { name: 'nested lists', make: (chars) => filled(chars, '[') },
  { name: 'nested maps', make: (chars) => filled(chars, '{a: ') },
  { name: 'nested dashes', make: (chars) => filled(chars, '- ') },
  {
    name: 'lists nested to the limit',
    make: (chars) => `${HEAD}x:\n${filled(chars, `- ${'['.repeat(95)}${']'.repeat(95)}\n`)}`,
  },
  {
    name: 'ever deeper lines',
    make: (chars) =>
      Array.from({ length: root(chars * 2) }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
  },
  { name: 'anchors', make: (chars) => filled(chars, '&a ') },
  { name: 'anchored words', make: (chars) => `${HEAD}x: [${numbered(chars, (n) => `&a${n} a,`)}]` },
  { name: 'tags', make: (chars) => filled(chars, '!') },
  { name: 'tagged words', make: (chars) => `${HEAD}x: [${filled(chars, '!!int 1,')}]` },
  { name: 'directives', make: (chars) => filled(chars, '%TAG ! tag:a,2000:\n') },
  { name: 'unknown directives', make: (chars) => `${filled(chars, '%A b\n')}a` },
  { name: 'an open double quote', make: (chars) => `a: "${filled(chars, 'x\n')}` },
  { name: 'an open single quote', make: (chars) => `a: '${filled(chars, 'x\n')}` },
  { name: 'a double quoted text of lines', make: (chars) => `a: "${filled(chars, 'x\n ')}"` },
  { name: 'a double quoted text of escapes', make: (chars) => `a: "${filled(chars, '\\n')}"` },
  { name: 'a double quoted text of escaped line ends', make: (chars) => `a: "${filled(chars, '\\\n ')}"` },
  { name: 'a single quoted text of quotes', make: (chars) => `a: '${filled(chars, "''")}'` },
  { name: 'a plain text of lines', make: (chars) => `a: ${filled(chars, 'x\n ')}` },
  { name: 'a plain text of colons', make: (chars) => `a: ${filled(chars, ':')}` },
  { name: 'a plain text of spaces', make: (chars) => `a: b${filled(chars, ' ')}` },
  { name: 'colons', make: (chars) => filled(chars, ': ') },
  { name: 'question marks', make: (chars) => filled(chars, '? ') },
  { name: 'lines of question marks', make: (chars) => filled(chars, '?\n') },
  { name: 'commas', make: (chars) => `[${filled(chars, ',')}]` },
  { name: 'tabs', make: (chars) => `a:\n${filled(chars, '\t\n')}` },
  { name: 'carriage returns', make: (chars) => filled(chars, '\r\n') },
  { name: 'a block text of lines', make: (chars) => `a: |\n${filled(chars, ' x\n')}` },
  { name: 'a block text of empty lines', make: (chars) => `a: |\n${filled(chars, '\n')} x` },
  { name: 'a folded text of lines', make: (chars) => `a: >\n${filled(chars, ' x\n')}` },
  { name: 'a folded text of indented lines', make: (chars) => `a: >\n${filled(chars, ' x\n  y\n')}` },
  { name: 'block texts', make: (chars) => steps(`${STEP}  commands:\n${filled(chars, '  - |\n    x\n')}`) },
  { name: 'a script of one line', make: (chars) => steps(`${STEP}  commands: ["${filled(chars, 'x')}"]\n`) },
  { name: 'a script of quotes', make: (chars) => steps(`${STEP}  commands:\n  - "${filled(chars, "'")}"\n`) },
  { name: 'short commands', make: (chars) => steps(`${STEP}  commands:\n${filled(chars, '  - x\n')}`) },
  {
    name: 'an entrypoint of open substitutions',
    make: (chars) => steps(`- {name: s, image: a, entrypoint: [b, "${filled(chars, '$(')}"]}\n`),
  },
  {
    name: 'images that a step pushes',
    make: (chars) =>
      steps(
        `- {name: s, image: a, settings: {registry: r.test, destinations: [${numbered(chars, (n) => `a/b${n},`)}]}}\n- {name: t, image: a/b5, commands: [c]}\n`,
      ),
  },
  {
    name: 'one script for 500 steps',
    make: (chars) =>
      steps(
        `- {name: s, image: a, commands: &c ["${filled(chars, 'x')}"]}\n${numbered(20_000, (n) => `- {name: s${n}, image: a, commands: *c}\n`)}`,
      ),
  },
  { name: 'keys', make: (chars) => `${HEAD}x:\n${numbered(chars, (n) => ` k${n}: v\n`)}` },
  { name: 'keys in braces', make: (chars) => `${HEAD}x: {${numbered(chars, (n) => `k${n}: v,`)}}` },
  { name: 'one key repeatedly', make: (chars) => `${HEAD}x:\n${filled(chars, ' k: v\n')}` },
  { name: 'maps as keys', make: (chars) => `${HEAD}x:\n${filled(chars, ' ? {a: b}\n : c\n')}` },
  { name: 'wrong types', make: (chars) => `${HEAD}depends_on: [${filled(chars, '[],')}]` },
  {
    name: 'wrong types in steps',
    make: (chars) => steps(filled(chars, '- {commands: a, when: b, user: c}\n')),
  },
  {
    name: 'unsupported keys',
    make: (chars) => steps(numbered(chars, (n) => `- {name: s${n}, ports: [1], dns: a, build: b}\n`)),
  },
  { name: 'numbers', make: (chars) => `${HEAD}x: [${filled(chars, '123456789,')}]` },
  { name: 'a long number', make: (chars) => `${HEAD}x: ${filled(chars, '1')}` },
  { name: 'aliases of a word', make: (chars) => `${HEAD}x: [&a a,${filled(chars, '*a,')}]` },
  {
    name: 'aliases of aliases',
    make: (chars) =>
      `${HEAD}x0: &x0 [a,a]\n${numbered(chars, (n) => `x${n + 1}: &x${n + 1} [*x${n},*x${n}]\n`)}`,
  },
  {
    name: 'merges of a large map',
    make: (chars) =>
      `${HEAD}x: &x {${numbered(chars / 2, (n) => `k${n}: v,`)}}\ny: [${filled(chars / 2, '{<<: *x},')}]`,
  },
  {
    name: 'merges of merges',
    make: (chars) =>
      `${HEAD}x0: &x0 {a: b}\n${numbered(chars, (n) => `x${n + 1}: &x${n + 1} {<<: *x${n}, k${n}: v}\n`)}`,
  },
  {
    name: 'settings shared by 500 steps',
    make: (chars) =>
      steps(
        `- {name: s, image: a, settings: &c {x: {${numbered(chars, (n) => `k${n}: v,`)}}}}\n${numbered(20_000, (n) => `- {name: s${n}, image: a, settings: *c}\n`)}`,
      ),
  },
  {
    name: 'variables shared by 500 steps',
    make: (chars) =>
      steps(
        `- {name: s, image: a, environment: &c {${numbered(chars, (n) => `K${n}: v,`)}}}\n${numbered(20_000, (n) => `- {name: s${n}, image: a, environment: *c}\n`)}`,
      ),
  },
  {
    name: 'variables',
    make: (chars) => `${steps(STEP)}environment:\n${numbered(chars, (n) => `  K${n}: v\n`)}`,
  },
  {
    name: 'wrong variables',
    make: (chars) => `${steps(STEP)}environment:\n${numbered(chars, (n) => `  K=${n}: v\n`)}`,
  },
  {
    name: 'secrets',
    make: (chars) =>
      steps(`${STEP}  environment:\n${numbered(chars, (n) => `    K${n}: {from_secret: s${n}}\n`)}`),
  },
  { name: 'short steps', make: (chars) => steps(numbered(chars, (n) => `- {name: s${n}, image: a}\n`)) },
  { name: 'nameless steps', make: (chars) => steps(filled(chars, '- {}\n')) },
  {
    name: '590 steps with long names',
    make: (chars) =>
      steps(
        Array.from(
          { length: 590 },
          (_, n) => `- {name: s${n}, image: a, commands: [b, "${filled(chars / 600, 'x')}"]}\n`,
        ).join(''),
      ),
  },
  {
    name: 'steps that wait for all before them',
    make: (chars) =>
      steps(
        Array.from(
          { length: Math.min(590, root(chars / 3)) },
          (_, n) =>
            `- {name: s${n}, image: a, resources: {requests: {cpu: ${1 + ((n * 7919) % 1000)}}}, depends_on: [clone${Array.from({ length: n }, (_step, m) => `,s${m}`).join('')}]}\n`,
        ).join(''),
      ),
  },
  {
    name: 'dependencies on steps that can not run',
    make: (chars) =>
      steps(
        Array.from(
          { length: Math.min(2000, root(chars / 3)) },
          (_, n) =>
            `- {name: s${n}, image: a, ${n % 2 === 0 ? '' : 'when: {event: x}, '}depends_on: [clone${Array.from({ length: n }, (_step, m) => `,s${m}`).join('')}]}\n`,
        ).join(''),
      ),
  },
  {
    name: 'one dependency repeatedly',
    make: (chars) => steps(`- {name: b, image: a}\n${STEP}  depends_on: [${filled(chars, 'b,')}]\n`),
  },
  {
    name: 'shared dependencies',
    make: (chars) =>
      steps(
        `- {name: b, image: a}\n- {name: s, image: a, depends_on: &d [${filled(chars, 'b,')}]}\n${numbered(25_000, (n) => `- {name: s${n}, image: a, depends_on: *d}\n`)}`,
      ),
  },
  {
    name: 'mounts',
    make: (chars) =>
      `${steps(`${STEP}  volumes:\n${numbered(chars, (n) => `  - {name: v, path: /p${n}}\n`)}`)}volumes: [{name: v, temp: {}}]`,
  },
  {
    name: 'mounts shared by 500 steps',
    make: (chars) =>
      `${steps(`- {name: s, image: a, volumes: &c [${numbered(Math.min(chars, 40_000), (n) => `{name: v, path: /p${n}},`)}]}\n${numbered(20_000, (n) => `- {name: s${n}, image: a, volumes: *c}\n`)}`)}volumes: [{name: v, temp: {}}]`,
  },
  {
    name: 'a mount of many folders',
    make: (chars) =>
      `${steps(`${STEP}  volumes: [{name: v, path: "${filled(chars, '/..')}"}]\n`)}volumes: [{name: v, temp: {}}]`,
  },
  {
    name: 'volumes',
    make: (chars) => `${steps(STEP)}volumes:\n${numbered(chars, (n) => `- {name: v${n}, temp: {}}\n`)}`,
  },
  {
    name: 'labels',
    make: (chars) => `${steps(STEP)}metadata:\n  labels:\n${numbered(chars, (n) => `    l${n}: v\n`)}`,
  },
  { name: 'a long image name', make: (chars) => steps(`- {name: a, image: "${filled(chars, 'a/')}a"}`) },
  {
    name: 'a long image name of dashes',
    make: (chars) => steps(`- {name: a, image: "a${filled(chars, '-')}"}`),
  },
  {
    name: 'a long image name of dots',
    make: (chars) => steps(`- {name: a, image: "${filled(chars, 'a.')}"}`),
  },
  { name: 'a long name of a step', make: (chars) => steps(`- {name: "${filled(chars, 'a')}", image: a}`) },
  { name: 'a long workspace', make: (chars) => `${steps(STEP)}workspace: {path: "${filled(chars, '/..')}"}` },
  {
    name: 'secret documents',
    make: (chars) =>
      `${steps(STEP)}---\n${numbered(chars, (n) => `kind: secret\nname: s${n}\ndata: x\n---\n`)}`,
  },
  { name: 'dollars', make: (chars) => filled(chars, '$') },
  { name: 'escaped dollars', make: (chars) => filled(chars, '$$ ') },
  { name: 'expressions', make: (chars) => `a: ${filled(chars, '${w}')}`, variables: () => ({ w: 'W' }) },
  {
    name: 'defaults in defaults',
    make: (chars) => `a: ${filled(chars, `${'${e:-'.repeat(99)}${'}'.repeat(99)}`)}`,
    variables: () => ({ e: '' }),
  },
  { name: 'open expressions', make: (chars) => filled(chars, '${e:-'), variables: () => ({ e: '' }) },
  { name: 'an open default', make: (chars) => `\${e:-${filled(chars, '$ ')}`, variables: () => ({ e: '' }) },
  {
    name: 'an open replacement',
    make: (chars) => `\${w/${filled(chars, '\\/')}`,
    variables: () => ({ w: 'W' }),
  },
  {
    name: 'substrings of a long value',
    make: (chars) => filled(chars, '${v:0:1}'),
    variables: (chars) => ({ v: 'ö'.repeat(chars / 16) }),
  },
  {
    name: 'long values',
    make: (chars) => filled(chars, '${v}'),
    variables: (chars) => ({ v: 'x'.repeat(chars / 16) }),
  },
  {
    name: 'lengths of a long value',
    make: (chars) => filled(chars, '${#v}'),
    variables: (chars) => ({ v: 'ö'.repeat(chars / 16) }),
  },
  {
    name: 'cases of a long value',
    make: (chars) => filled(chars, '${v^^}'),
    variables: (chars) => ({ v: 'ö'.repeat(chars / 16) }),
  },
  {
    name: 'replacements in a long value',
    make: (chars) => filled(chars, '${v//x/y}'),
    variables: (chars) => ({ v: 'xö'.repeat(chars / 16) }),
  },
  {
    name: 'searches in a long value',
    make: (chars) => filled(chars, `\${v/${'x'.repeat(200)}y/z}`),
    // Of a fixed length: the work is that of all values, which the number of expressions multiplies up to a limit.
    variables: () => ({ v: 'x'.repeat(2_000) }),
  },
  {
    name: 'patterns on a long value',
    make: (chars) => filled(chars, '${v##*a*b*c}'),
    variables: () => ({ v: 'ab'.repeat(1_000) }),
  },
  {
    name: 'a value of quotes',
    make: () => `${steps(STEP)}x: \${v}`,
    variables: (chars) => ({ v: '"\n'.repeat(chars / 2) }),
  },
  {
    name: 'values of lines',
    make: (chars) => filled(chars, 'a: ${v}\n'),
    variables: () => ({ v: 'a\n'.repeat(20) }),
  },
];

/** Nobody's trick, and just as large. */
const ORDINARY: readonly ExpensiveFile[] = LARGE_FILES.map(({ what, make }) => ({ name: what, make }));

/** Pipeline files that are designed to be expensive. */
export const PIPELINE_ADVERSARIES: readonly Adversary<PipelineInput>[] = [
  ...FILES,
  ...MULTIPLIED,
  ...ORDINARY,
].map(({ name, make, variables, ref }) => ({
  name,
  make: (chars) => ({
    yaml: make(chars),
    variables: variables?.(chars) ?? {},
    ...(ref === undefined ? {} : { ref }),
  }),
}));
