import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALBUMS, hashOf, IMAGES, problemsOf } from './age.ts';

const ROOT = join(import.meta.dirname, '../..');
const MOST_BYTES = 400_000;

describe('the pictures of the documents', () => {
  it('are there, and not older than what they show (else: npm run pictures)', () => {
    expect(problemsOf(ROOT)).toEqual([]);
  });

  it('are small, and each is made by the command', () => {
    const made = ALBUMS.flatMap(({ pictures }) => pictures);
    const there = readdirSync(join(ROOT, IMAGES)).filter((name) => name !== 'sources.json');
    expect(there.sort()).toEqual([...made].sort());
    for (const name of there)
      expect({ [name]: statSync(join(ROOT, IMAGES, name)).size > MOST_BYTES }).toEqual({ [name]: false });
  });

  it('are all shown, with a text instead', () => {
    const pages = ['README.md', ...globSync('docs/*.md', { cwd: ROOT })]
      .map((page) => readFileSync(join(ROOT, page), 'utf8'))
      .join('\n');
    for (const name of ALBUMS.flatMap(({ pictures }) => pictures)) expect(pages).toContain(`images/${name}`);
    expect(pages.match(/<img(?![^>]*alt="[^"]{10,}")[^>]*images\//g)).toBeNull();
  });

  it('depend on files that exist, each album on its own', () => {
    for (const { sources } of ALBUMS)
      for (const pattern of sources)
        expect({ [pattern]: globSync(pattern, { cwd: ROOT }).length > 0 }).toEqual({ [pattern]: true });
    const hashes = ALBUMS.map((album) => hashOf(album, ROOT));
    expect(new Set(hashes).size).toBe(ALBUMS.length);
  });
});
