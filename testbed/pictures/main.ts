import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@hangar/shared/clock';
import { command, runCommand } from '@hangar/shared/program/command';
import { UsageError } from '@hangar/shared/program/command-error';
import { EXIT } from '@hangar/shared/program/exit-codes';
import { runProcess } from '@hangar/shared/program/process';
import { launchChromium } from '../parts/launch-chromium.ts';
import { ALBUMS, hashOf, IMAGES, problemsOf, recordedHashes, recordFile } from './age.ts';
import { TAKERS } from './take.ts';

const root = join(import.meta.dirname, '../..');

const PICTURES = command({
  name: 'npm run pictures --',
  words: '[ALBUM...]',
  summary: 'makes the pictures of the documents again, all or those of the named albums; needs Chromium',
  examples: ['npm run pictures', 'npm run pictures -- autoscaler practice'],
  options: {},
  notes: `Albums: ${Object.keys(TAKERS).join(', ')}`,
  exits: { ok: 'they are made' },
  run: async ({ words }, context) => {
    const unknown = words.filter((name) => !Object.hasOwn(TAKERS, name));
    if (unknown.length > 0)
      throw new UsageError(
        `no such album: ${unknown.join(', ')}; there are: ${Object.keys(TAKERS).join(', ')}`,
      );
    await take(words, context.print);
    context.print(problemsOf(root).join('\n') || 'all pictures are up to date');
    return EXIT.ok;
  },
});

async function take(named: readonly string[], print: (text: string) => void): Promise<void> {
  const folder = join(root, IMAGES);
  mkdirSync(folder, { recursive: true });
  const browser = await launchChromium();
  try {
    for (const album of ALBUMS.filter(({ name }) => named.length === 0 || named.includes(name))) {
      print(`${album.name} ...`);
      await TAKERS[album.name]?.({ clock: systemClock(), browser, folder });
      const hashes = { ...recordedHashes(root), [album.name]: hashOf(album, root) };
      writeFileSync(recordFile(root), `${JSON.stringify(hashes, undefined, 2)}\n`);
    }
  } finally {
    await browser.close();
  }
}

await runProcess(new URL('../package.json', import.meta.url), (context, args) =>
  runCommand(PICTURES, args, context),
);
