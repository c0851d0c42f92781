import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Pictures of one kind, and the files that decide how they look. */
export interface Album {
  readonly name: string;
  /** Below docs/images. */
  readonly pictures: readonly string[];
  /** Patterns from the repository's root. */
  readonly sources: readonly string[];
}

const both = (name: string): readonly string[] => ['light', 'dark'].map((scheme) => `${name}-${scheme}.png`);

const STYLE = 'shared/src/program/page-style.ts';

/** All pictures of the documents, by what they show. */
export const ALBUMS: readonly Album[] = [
  {
    name: 'autoscaler',
    pictures: [...both('autoscaler-desktop'), ...both('autoscaler-phone')],
    sources: [STYLE, 'autoscaler/web/*.{js,css,html}', 'testbed/suites/browser/api-answers.ts'],
  },
  {
    name: 'runner',
    pictures: [...both('runner-desktop'), ...both('runner-phone')],
    sources: [
      STYLE,
      'runner/src/http/*-page.ts',
      'runner/src/http/page-frame.ts',
      'testbed/pictures/runner-page.ts',
    ],
  },
  {
    name: 'practice',
    pictures: both('practice-desktop'),
    sources: [STYLE, 'testbed/parts/drone/page{,-script}.ts', 'testbed/suites/browser/practice-builds.ts'],
  },
  {
    name: 'boards',
    pictures: [...both('board-runner'), ...both('board-capacity')],
    sources: [STYLE, 'charts/hangar/dashboards/*.json', 'testbed/pictures/board-*.ts'],
  },
  {
    name: 'demo',
    pictures: ['demo.svg'],
    sources: [
      'testbed/demo/{show,report,cases,status-style,display}.ts',
      'testbed/pictures/{film,screen}.ts',
    ],
  },
];

/** Where pictures are, from the repository's root. */
export const IMAGES = 'docs/images';
const RECORD = `${IMAGES}/sources.json`;

/** Each album's hash of its sources. */
export type Hashes = Readonly<Record<string, string>>;

/** The hash of the sources as they are now. */
export function hashOf({ sources }: Album, root: string): string {
  const hash = createHash('sha256');
  const files = sources.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** The hashes of the sources that the pictures were made from; none where there are no pictures. */
export const recordedHashes = (root: string): Hashes =>
  existsSync(join(root, RECORD)) ? (JSON.parse(readFileSync(join(root, RECORD), 'utf8')) as Hashes) : {};

/** Where {@link recordedHashes} reads from. */
export const recordFile = (root: string): string => join(root, RECORD);

/** What is wrong with the pictures, a line each. */
export function problemsOf(root: string): readonly string[] {
  const recorded = recordedHashes(root);
  return ALBUMS.flatMap((album) => {
    const missing = album.pictures.filter((name) => !existsSync(join(root, IMAGES, name)));
    if (missing.length > 0) return [`${missing.join(', ')} missing: npm run pictures -- ${album.name}`];
    if (recorded[album.name] === hashOf(album, root)) return [];
    return [`${album.name}: what the pictures show has changed since: npm run pictures -- ${album.name}`];
  });
}
