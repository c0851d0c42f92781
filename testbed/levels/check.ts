import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CHECKS, TESTS } from './checks.ts';

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
