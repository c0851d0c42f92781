/** A check of `npm run check`: its name, and how npm runs it. */
export interface CheckOfTree {
  readonly name: string;
  readonly args: readonly string[];
}

/** What `npm run check` holds against the tree, in order. */
export const CHECKS: readonly CheckOfTree[] = [
  { name: 'lock file is complete', args: ['ci', '--dry-run', '--ignore-scripts'] },
  { name: 'format', args: ['exec', '--', 'biome', 'ci', '.'] },
  { name: 'lint', args: ['run', 'lint'] },
  { name: 'types', args: ['run', 'types'] },
  { name: 'imports', args: ['run', 'imports'] },
  { name: 'unused code', args: ['run', 'unused'] },
  { name: 'words', args: ['run', 'words'] },
  { name: 'workflows', args: ['run', 'workflows'] },
  { name: 'generated files', args: ['run', 'generate:check'] },
  { name: 'coverage', args: ['run', 'coverage'] },
  { name: 'tests', args: ['test'] },
];

/** Checks that run tests: left out with `--without-tests`. */
export const TESTS: readonly string[] = ['coverage', 'tests'];
