import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, readDocument as read } from '../suites/docs/pages.ts';

interface Manifest {
  readonly engines: { readonly node: string };
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const pinned = read('.nvmrc').trim();

describe('the Node.js of this project', () => {
  it('is one version: what npm ci brings along, what nvm takes, and what the sources want', () => {
    const brought = Object.entries(manifest.optionalDependencies).filter(([name]) =>
      name.startsWith('node-'),
    );

    expect(brought.length).toBeGreaterThan(0);
    expect(new Set(brought.map(([, version]) => version))).toEqual(new Set([pinned]));
    expect(manifest.engines.node).toBe(`>=${pinned.split('.')[0]} <${Number(pinned.split('.')[0]) + 1}`);
  });

  it('is what runs these tests', () => {
    expect(process.versions.node.split('.')[0]).toBe(pinned.split('.')[0]);
  });

  it('and the TypeScript beside it are where the editor looks for them', () => {
    const settings = JSON.parse(read('.vscode/settings.json')) as Readonly<Record<string, unknown>>;
    const places = ['typescript.tsdk', 'biome.lsp.bin'].map((name) => String(settings[name]));
    const node = String(settings['typescript.tsserver.nodePath']);

    expect(places.filter((place) => !existsSync(join(ROOT, place)))).toEqual([]);
    expect(node).toBe(`$\{workspaceFolder}/node_modules/.bin/node`);
  });
});
