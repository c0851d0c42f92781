import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { replaceFile } from './process.ts';

it('replaces the text of a file, also through a link, and keeps its mode', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-replace-'));
  const [file, link] = [join(folder, 'file'), join(folder, 'link')];
  writeFileSync(file, 'old', { mode: 0o600 });
  symlinkSync(file, link);
  replaceFile(link, 'new');
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['new', 0o600]);
  expect([lstatSync(link).isSymbolicLink(), readdirSync(folder)]).toEqual([true, ['file', 'link']]);
});

it('refuses a file that does not exist, and leaves nothing behind', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-replace-'));
  expect(() => replaceFile(join(folder, 'file'), 'new')).toThrow('ENOENT');
  expect(readdirSync(folder)).toEqual([]);
});
