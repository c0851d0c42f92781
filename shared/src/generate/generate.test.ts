import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { generate } from './generate.ts';

const GENERATED = {
  documents: { 'docs/a.md': () => 'a\n', 'docs/b.md': () => 'b\n' },
  folders: { docs: '.md' },
};
let root = '';
let said: string[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hangar-generate-'));
  said = [];
  const listen = (text: string | Uint8Array): boolean => said.push(String(text).trimEnd()) > 0;
  vi.spyOn(process.stderr, 'write').mockImplementation(listen);
  vi.spyOn(process.stdout, 'write').mockImplementation(listen);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

describe('generate', () => {
  it('writes missing files, and nothing the second time', () => {
    expect(generate(root, GENERATED, [])).toBe(0);
    expect(said).toEqual(['docs/a.md written', 'docs/b.md written']);
    expect(readFileSync(join(root, 'docs/b.md'), 'utf8')).toBe('b\n');
    said = [];
    expect([generate(root, GENERATED, []), generate(root, GENERATED, ['--check']), said]).toEqual([0, 0, []]);
  });

  it('with --check names stale, missing and left-over files, and changes nothing', () => {
    generate(root, GENERATED, []);
    said = [];
    rmSync(join(root, 'docs/a.md'));
    writeFileSync(join(root, 'docs/b.md'), 'by hand\n');
    for (const name of ['old.md', 'old.txt']) writeFileSync(join(root, 'docs', name), '');
    expect(generate(root, GENERATED, ['--check'])).toBe(1);
    const cure = 'run "npm run generate" and commit it';
    expect(said).toEqual([
      `docs/a.md is stale: ${cure}`,
      `docs/b.md is stale: ${cure}`,
      `docs/old.md is a left-over: ${cure}`,
    ]);
    expect(readFileSync(join(root, 'docs/b.md'), 'utf8')).toBe('by hand\n');
  });

  it('removes left-over files, and no files with another extension', () => {
    generate(root, GENERATED, []);
    for (const name of ['old.md', 'old.txt']) writeFileSync(join(root, 'docs', name), '');
    generate(root, GENERATED, []);
    expect(['old.md', 'old.txt'].map((name) => existsSync(join(root, 'docs', name)))).toEqual([false, true]);
  });
});
