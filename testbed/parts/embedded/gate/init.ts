import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `/gate init <n>…`: folders for the steps' state and environment. @see runner/gate/PROTOCOL.md */
export function initGate(root: string, numbers: readonly string[], nowMs: number): void {
  for (const folder of ['hangar/state', 'run/drone']) {
    for (const n of numbers) openFolder(join(root, folder, n));
  }
  const bin = join(root, 'hangar/bin');
  mkdirSync(bin, { recursive: true });
  // The program itself stays out: the stand-in runs in this process.
  writeFileSync(join(bin, 'gate'), '#!/bin/sh\nexit 214\n', { mode: 0o755 });
  writeFileSync(join(root, 'hangar/state/init'), `${Math.floor(nowMs)}\n`);
}

function openFolder(path: string): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o777);
}
