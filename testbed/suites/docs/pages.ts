import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The clone's root. */
export const ROOT = join(import.meta.dirname, '../../..');

/** A page by its path from the root. */
export const readDocument = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Every page that people read, by its path from the root; README.md may be written later than the rest. */
export const PAGES: readonly string[] = [
  ...['README.md'].filter((path) => existsSync(join(ROOT, path))),
  ...['CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'runner/gate/PROTOCOL.md', 'charts/hangar/README.md'],
  ...['runner', 'autoscaler', 'shared', 'testbed', 'testbed/parts/embedded'].map(
    (folder) => `${folder}/README.md`,
  ),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort(),
];
