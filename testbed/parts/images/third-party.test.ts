import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { packageFolders, readThirdParty, thirdPartyText } from './third-party.ts';

describe('packageFolders', () => {
  it('names each package once, also one inside another, and none for our own files', () => {
    const files = [
      'runner/src/main.ts',
      'node_modules/b/index.js',
      'node_modules/b/lib/x.js',
      'node_modules/@s/a/index.js',
      'node_modules/b/node_modules/c/index.js',
    ];
    expect(packageFolders(files)).toEqual([
      'node_modules/@s/a',
      'node_modules/b',
      'node_modules/b/node_modules/c',
    ]);
  });
});

describe('thirdPartyText', () => {
  it('gives each package with its texts, and its name alone where it has none', () => {
    const text = thirdPartyText([
      { name: 'a', version: '1.0.0', licence: 'MIT', texts: ['Copyright A\n', 'Notice'] },
      { name: 'b', version: '2.0.0', licence: 'ISC', texts: [] },
    ]);
    expect(text).toBe(`a 1.0.0 (MIT)\n\nCopyright A\n\nNotice\n\n${'-'.repeat(80)}\n\nb 2.0.0 (ISC)\n`);
  });
});

describe('readThirdParty', () => {
  const packageWith = async (manifest: object, files: Readonly<Record<string, string>> = {}) => {
    const folder = await mkdtemp(join(tmpdir(), 'hangar-third-party-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const all = { 'package.json': JSON.stringify(manifest), ...files };
    for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), text);
    return folder;
  };

  it('reads licence and notice files, not the rest', async () => {
    const manifest = { name: 'a', version: '1.0.0', license: 'Apache-2.0' };
    const files = { LICENSE: 'the licence', 'NOTICE.md': 'the notice', 'README.md': 'no licence' };
    expect(await readThirdParty(await packageWith(manifest, files))).toEqual({
      name: 'a',
      version: '1.0.0',
      licence: 'Apache-2.0',
      texts: ['the licence', 'the notice'],
    });
  });

  it('refuses a package that names no licence', async () => {
    const folder = await packageWith({ name: 'a', version: '1.0.0' });
    await expect(readThirdParty(folder)).rejects.toThrow('the package a names no licence');
  });
});
