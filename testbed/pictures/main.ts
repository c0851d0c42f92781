import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@hangar/shared/clock';
import { launchChromium } from '../parts/launch-chromium.ts';
import { ALBUMS, hashOf, IMAGES, problemsOf, recordedHashes, recordFile } from './age.ts';
import { TAKERS } from './take.ts';

/** Makes the pictures of the documents again, all or those named: `npm run pictures -- [autoscaler] [runner] [practice] [boards] [demo]`. */
const root = join(import.meta.dirname, '../..');
const named = process.argv.slice(2);
const unknown = named.filter((name) => TAKERS[name] === undefined);
if (unknown.length > 0)
  throw new Error(`no such pictures: ${unknown.join(', ')}. There are ${Object.keys(TAKERS).join(', ')}`);

const folder = join(root, IMAGES);
mkdirSync(folder, { recursive: true });
const browser = await launchChromium();
try {
  for (const album of ALBUMS.filter(({ name }) => named.length === 0 || named.includes(name))) {
    process.stdout.write(`${album.name} ...\n`);
    await TAKERS[album.name]?.({ clock: systemClock(), browser, folder });
    const hashes = { ...recordedHashes(root), [album.name]: hashOf(album, root) };
    writeFileSync(recordFile(root), `${JSON.stringify(hashes, undefined, 2)}\n`);
  }
} finally {
  await browser.close();
}
process.stdout.write(`${problemsOf(root).join('\n') || 'all pictures are up to date'}\n`);
