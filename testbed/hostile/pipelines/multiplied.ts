import { type ExpensiveFile, filled, HEAD, numbered, STEP, steps } from './expensive-file.ts';

/** As many steps as a Pod has, in a few characters; their images are not known, so that each has all variables in the Pod. */
const MANY_STEPS = numbered(15_000, (n) => `- {name: s${n}, image: p}\n`);
const REQUIRED = 'required_during_scheduling_ignored_during_execution';

const one = (fields: string): string => `${steps(STEP)}${fields}\n`;
const ofNodes = (list: string, key: string, chars: number): string =>
  one(
    `affinity: {node_affinity: {${REQUIRED}: {node_selector_terms: [{${list}: [{key: ${key}, operator: In, values: [${numbered(chars, (n) => `v${n},`)}]}]}]}}}`,
  );
const many = (fields: string): string => `${HEAD}${fields}\nsteps:\n${MANY_STEPS}`;
const halves = (chars: number): string => 'x'.repeat(chars / 4);

/** Files in which a built-in function, or what each step repeats, multiplied the work; not one of them is counted as blocks of code. */
export const MULTIPLIED: readonly ExpensiveFile[] = [
  { name: 'labels of nodes', make: (chars) => ofNodes('match_expressions', 'a', chars) },
  { name: 'names of nodes', make: (chars) => ofNodes('match_fields', 'metadata.name', chars) },
  {
    name: 'node selectors',
    make: (chars) => one(`node_selector: {${numbered(chars, (n) => `k${n}: v,`)}}`),
  },
  {
    name: 'annotations',
    make: (chars) => one(`metadata: {annotations: {${numbered(chars, (n) => `k${n}: v,`)}}}`),
  },
  {
    name: 'pull secrets',
    make: (chars) => one(`image_pull_secrets: [${numbered(chars, (n) => `n${n},`)}]`),
  },
  {
    name: 'one pull secret repeatedly',
    make: (chars) => one(`image_pull_secrets: [${filled(chars, 'n,')}]`),
  },
  {
    name: 'variables of the pipeline in all steps',
    make: (chars) => many(`environment: {${numbered(chars, (n) => `K${n}: v,`)}}`),
  },
  {
    name: 'long variables of the pipeline in all steps',
    make: (chars) =>
      many(`environment:\n${numbered(chars, (n) => `  K${n}: ${'x'.repeat(Math.min(chars, 100_000))}\n`)}`),
  },
  { name: 'a workspace in all steps', make: (chars) => many(`workspace: {path: "/${filled(chars, 'a')}"}`) },
  {
    name: 'a workspace of folders in all steps',
    make: (chars) => many(`workspace: {path: "/${filled(chars, 'a/')}"}`),
  },
  {
    name: 'parameters of the build in all steps',
    make: () => many(''),
    variables: (chars) => Object.fromEntries(Array.from({ length: chars / 12 }, (_, n) => [`K${n}`, 'x'])),
  },
  {
    name: 'a search for a value in a value, with the difference in the middle',
    make: () => one('# ${a/${b}/z}'),
    variables: (chars) => ({ a: halves(chars).repeat(2), b: `${halves(chars / 2)}y${halves(chars / 2)}` }),
  },
  {
    name: 'a search for all of a value in a value',
    make: () => one('# ${a//${b}/z}'),
    variables: (chars) => ({ a: halves(chars).repeat(2), b: `y${halves(chars)}` }),
  },
  {
    name: 'replacements by nothing in a small file',
    make: () => one(`# ${filled(12_000, '${a//a/${e}}')}`),
    variables: (chars) => ({ a: 'a'.repeat(chars / 16), e: '' }),
  },
  {
    name: 'replacements of nothing in a small file',
    make: () => one(`# ${filled(12_000, '${a//${e}/${e}}')}`),
    variables: (chars) => ({ a: 'a'.repeat(chars / 16), e: '' }),
  },
  {
    name: 'a size that is none',
    make: (chars) => steps(`- {name: a, image: b, resources: {limits: {memory: "${filled(chars, '9')}x"}}}`),
  },
  {
    name: 'a time that is none, shared by all steps of a small file',
    make: (chars) =>
      steps(
        `- {name: s, image: a, timeout: &t "${filled(Math.min(chars, 12_000), '1')}"}\n${numbered(3_000, (n) => `- {name: s${n}, image: a, timeout: *t}\n`)}`,
      ),
  },
  {
    // Only in this mode is it computed how much of them runs at the same time.
    name: 'steps that wait for all before them, of which each requests more',
    make: () =>
      `metadata: {annotations: {hangar.dev/resources: peak}}\n${steps(
        Array.from(
          { length: 590 },
          (_, n) =>
            `- {name: s${n}, image: a, resources: {requests: {cpu: ${n + 1}, memory: ${n + 1}Mi}}, depends_on: [clone${Array.from({ length: n }, (_step, m) => `,s${m}`).join('')}]}\n`,
        ).join(''),
      )}`,
  },
  {
    name: 'a namespace that is none',
    make: (chars) => one(`metadata: {namespace: "${filled(chars, 'A')}"}`),
  },
];
