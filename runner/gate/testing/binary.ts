import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

const source = join(import.meta.dirname, '..');
const cache = join(source, '../../node_modules/.cache/hangar-gate');

/**
 * The gate program for this machine, built once per state of its sources.
 *
 * @returns the absolute path of the program
 * @throws if there is no Go toolchain, or the sources don't compile
 */
export function gateBinary(): string {
  const folder = join(cache, sourceHash());
  const program = join(folder, 'gate');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // By rename: two test runs may build at the same time.
  const draft = join(folder, `gate.${process.pid}`);
  execFileSync('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', draft, '.'], {
    cwd: source,
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  renameSync(draft, program);
  return program;
}

function sourceHash(): string {
  const hash = createHash('sha256');
  const names = readdirSync(source).filter((name) => name.endsWith('.go') || name === 'go.mod');
  for (const name of names.sort()) hash.update(name).update(readFileSync(join(source, name)));
  return hash.digest('hex').slice(0, 16);
}
