import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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
