import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, readDocument } from './pages.ts';

const SOURCES = ['runner', 'autoscaler', 'shared'].map((folder) => `${folder}/src/**/*.ts`);
const isTest = (path: string): boolean => /\.(test|suite)\.ts$|\/testing\//.test(path);
const TESTS = new Set(
  globSync(['{runner,autoscaler,shared,charts}/**/*.test.ts', 'testbed/**/*.{test,suite}.ts'], {
    cwd: ROOT,
    exclude: (path) => path.includes('node_modules'),
  }).map((path) => basename(path)),
);

describe('docs/security.md', () => {
  const named = [
    ...readDocument('docs/security.md').matchAll(/`(?:[\w/-]+\/)?([\w.-]+\.(?:test|suite)\.ts)`/g),
  ];

  it('names tests that exist', () => {
    const names = named.map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => !TESTS.has(name))).toEqual([]);
  });

  it('is right that each program listens on one port: one place opens it, and each program calls that once', () => {
    const files = globSync(SOURCES, { cwd: ROOT }).filter((path) => !isTest(path));
    const opening = (pattern: RegExp): readonly string[] =>
      files.filter((path) => pattern.test(readFileSync(join(ROOT, path), 'utf8'))).sort();
    expect(opening(/\.listen\((?:\{|\d|port|path)/)).toEqual(['shared/src/program/listen.ts']);
    expect(opening(/\bcreate(?:Server|Socket)\(/)).toEqual([]);
    expect(opening(/from '@hangar\/shared\/program\/listen'/)).toEqual([
      'autoscaler/src/command/serve.ts',
      'runner/src/command/daemon.ts',
    ]);
  });
});
