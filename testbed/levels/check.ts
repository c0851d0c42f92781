import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What `npm run check` holds against the tree, in order; tests can be left out with `--without-tests`. */
const CHECKS: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'lock file is whole', args: ['ci', '--dry-run', '--ignore-scripts'] },
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
const TESTS: readonly string[] = ['coverage', 'tests'];

const root = join(import.meta.dirname, '../..');
const withoutTests = process.argv.includes('--without-tests');
const failed: string[] = [];
for (const { name, args } of CHECKS) {
  if (withoutTests && TESTS.includes(name)) continue;
  process.stdout.write(`\n== ${name}\n`);
  const code = await new Promise<number>((resolve) => {
    const child = spawn('npm', ['--silent', ...args], { cwd: root, stdio: 'inherit' });
    child.on('error', () => resolve(127));
    child.on('close', (exit) => resolve(exit ?? 1));
  });
  if (code !== 0) failed.push(name);
}
process.stdout.write(failed.length === 0 ? '\nall checks passed\n' : `\nfailed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
