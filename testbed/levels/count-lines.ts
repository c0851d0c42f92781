import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lines of committed code without tests (.ts, .js, .mjs together), by package: `npm run count`. */
const root = join(import.meta.dirname, '../..');
const files = execFileSync('git', ['ls-files', '-z', '*.ts', '*.js', '*.mjs'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path.includes('/') && !/\.(test|suite)\.ts$/.test(path));
const linesIn = (path: string): number => readFileSync(join(root, path), 'utf8').split('\n').length - 1;

let total = 0;
for (const [name, paths] of Map.groupBy(files, (path) => path.split('/')[0])) {
  const lines = paths.reduce((sum, path) => sum + linesIn(path), 0);
  total += lines;
  process.stdout.write(`${String(lines).padStart(7)} ${name}\n`);
}
process.stdout.write(`${String(total).padStart(7)} in all\n`);
