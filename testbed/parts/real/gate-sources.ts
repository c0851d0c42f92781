import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

/** Files that a Go build of that folder reads: sources without tests, and the module files; sorted, relative. */
async function goFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const read = (name: string) =>
    /(^|\/)go\.(mod|sum)$/.test(name) || (name.endsWith('.go') && !name.endsWith('_test.go'));
  return names.filter(read).sort();
}

/** Short hash of all that a Go build of that folder reads; undefined when it holds no Go source. */
export async function goFilesHash(folder: string): Promise<string | undefined> {
  const names = await goFiles(folder);
  if (!names.some((name) => name.endsWith('.go'))) return undefined;
  const hash = createHash('sha256');
  for (const name of names) {
    const content = await readFile(`${folder}/${name}`);
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 12);
}
