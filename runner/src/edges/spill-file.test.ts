import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SpillFile } from './spill-file.ts';

const textOf = (letter: string, length: number): Buffer => Buffer.alloc(length, letter);

describe('SpillFile', () => {
  it('reads what was written, in any order and of any size', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'hangar-test-'));
    const file = new SpillFile(folder.path);
    const texts = [textOf('a', 1), textOf('b', 65_536), textOf('c', 200_000), textOf('d', 70)];
    const places = await Promise.all(texts.map((text) => file.write(text)));

    for (const [index, place] of [...places.entries()].reverse())
      expect(Buffer.from(await file.read(place)).equals(texts[index] ?? Buffer.alloc(0))).toBe(true);
    for (const place of places) file.free(place);
  });

  it('has no name, so that no other process opens it and it is not left behind', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'hangar-test-'));
    const file = new SpillFile(folder.path);
    const place = await file.write(textOf('a', 10));

    expect(await readdir(folder.path)).toEqual([]);
    file.free(place);
  });

  it('reuses free blocks, and closes the file when all are free', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'hangar-test-'));
    const file = new SpillFile(folder.path);
    const [first, second] = [await file.write(textOf('a', 65_536)), await file.write(textOf('b', 10))];
    file.free(first);
    const third = await file.write(textOf('c', 65_536));

    expect(file.bytes).toBe(2 * 65_536);
    expect(Buffer.from(await file.read(third)).equals(textOf('c', 65_536))).toBe(true);
    file.free(second);
    file.free(third);
    expect(file.bytes).toBe(0);
    const fourth = await file.write(textOf('d', 5));
    expect(Buffer.from(await file.read(fourth)).toString()).toBe('ddddd');
    file.free(fourth);
  });

  it('rejects if the folder can’t be written to, and can be tried again', async () => {
    const file = new SpillFile('/proc/no-such-folder');

    await expect(file.write(textOf('a', 10))).rejects.toThrow('ENOENT');
    expect(file.bytes).toBe(0);
  });
});
