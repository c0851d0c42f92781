import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Rewrite } from '../kubelet/paths.ts';

/** Where scripts of the Secret are mounted. */
const OWN = '/hangar/own/';

/**
 * Replaces scripts among the arguments by copies in which the container's paths are this machine's:
 * a script says `cd /drone/src`, and there is no such folder here.
 */
export function scriptsInPlace(argv: readonly string[], root: string, rewrite: Rewrite): string[] {
  return argv.map((argument) => {
    const source = join(root, argument);
    if (!argument.startsWith(OWN) || !existsSync(source)) return argument;
    const folder = join(root, 'rewritten');
    mkdirSync(folder, { recursive: true });
    const copy = join(folder, argument.slice(OWN.length).replaceAll('/', '-'));
    writeFileSync(copy, rewrite(readFileSync(source, 'utf8')), { mode: statSync(source).mode | 0o500 });
    return copy;
  });
}

/**
 * For the real gate, which translates no paths in what it reads: puts rewritten copies of its files
 * in the place of the links to the Secret.
 */
export function rewriteGateFiles(root: string, rewrite: Rewrite): void {
  for (const folder of ['hangar/own', 'hangar/common']) {
    const place = join(root, folder);
    if (!existsSync(place)) continue;
    const copy = join(root, 'rewritten', folder);
    cpSync(place, copy, { recursive: true, dereference: true });
    for (const name of readdirSync(copy)) {
      const file = join(copy, name);
      if (statSync(file).isFile()) rewriteFile(file, rewrite);
    }
    rmSync(place, { recursive: true });
    cpSync(copy, place, { recursive: true });
  }
}

function rewriteFile(file: string, rewrite: Rewrite): void {
  const { mode } = statSync(file);
  const text = rewrite(readFileSync(file, 'utf8'));
  rmSync(file);
  writeFileSync(file, text, { mode: mode | 0o600 });
}
