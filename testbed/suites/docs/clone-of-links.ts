import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { blocksOf } from './blocks.ts';
import { ROOT, readDocument } from './pages.ts';

/** A folder that looks like the clone's root, in which a page's commands may write. */
export interface CloneOfLinks {
  readonly folder: string;
  remove(): void;
}

const LEFT_OUT: ReadonlySet<string> = new Set(['.git', '.ci']);

/** Makes one, with the files that the page asks its reader to save. */
export function cloneOfLinks(page: string): CloneOfLinks {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-docs-'));
  for (const name of readdirSync(ROOT))
    if (!LEFT_OUT.has(name)) symlinkSync(join(ROOT, name), join(folder, name));
  for (const { mark, text } of blocksOf(readDocument(page))) {
    const file = mark !== undefined && 'file' in mark ? mark.file : undefined;
    if (file === undefined) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
