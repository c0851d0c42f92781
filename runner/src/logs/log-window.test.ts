import { settle } from '@hangar/shared/testing/fake-clock';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { LogLine } from '../pipeline/drone.ts';
import { LIMIT_BYTES, LogWindow } from './log-window.ts';
import { aLogMemory, FakeOverflow } from './testing/fake-overflow.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

const line = (pos: number, bytes: number): LogLine => ({ pos, out: `${'x'.repeat(bytes - 1)}\n`, time: 0 });

async function linesOf(window: LogWindow): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for await (const lines of window) all.push(...lines);
  return all;
}

function windowOf(limitBytes: number, sizes: readonly number[]): Promise<LogLine[]> {
  const window = new LogWindow(aLogMemory(), limitBytes);
  for (const [pos, bytes] of sizes.entries()) window.push(line(pos, bytes));
  return linesOf(window);
}

describe('LogWindow (previous-runner §6.7)', () => {
  it('keeps everything up to the limit, to the byte', async () => {
    expect((await windowOf(100, Array<number>(10).fill(10))).map((one) => one.pos)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('keeps the first quarter and the end above the limit, and notes what it left out (known issue 64)', async () => {
    const lines = await windowOf(100, Array<number>(20).fill(10));

    expect(lines.map((one) => one.pos)).toEqual([0, 1, 2, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(lines[2]).toEqual({
      pos: 2,
      time: 0,
      out: '... 10 lines (100 bytes) omitted here: the log exceeds its size limit ...\n',
    });
  });

  it('survives a line that is longer than the limit (known issue 2)', async () => {
    expect((await windowOf(100, [1000])).map((one) => one.out)).toEqual([
      '... 1 line (1000 bytes) omitted here: the log exceeds its size limit ...\n',
    ]);
    expect((await windowOf(100, [10, 1000, 10])).map((one) => one.pos)).toEqual([0, 1, 2]);
  });

  it('returns nothing for an empty log', async () => {
    expect(await windowOf(100, [])).toEqual([]);
  });

  it('counts bytes of text, not lines: no line of 200,001 short ones is left out', async () => {
    const window = new LogWindow(aLogMemory());
    for (let pos = 0; pos < 200_001; pos++)
      window.push({ pos, out: `${String(pos % 10).repeat(5)}\n`, time: 0 });
    const lines = await linesOf(window);

    expect(lines.length).toBe(200_001);
    expect([lines[0], lines.at(-1)]).toEqual([
      { pos: 0, out: '00000\n', time: 0 },
      { pos: 200_000, out: '00000\n', time: 0 },
    ]);
  });

  it.each([
    ['empty lines', 1],
    ['short lines', 6],
    ['long lines', 48 * 1024],
  ])('keeps little more in memory than the text has: %s', (_, bytes) => {
    const memory = aLogMemory();
    const window = new LogWindow(memory, LIMIT_BYTES / 5);
    const one = line(0, bytes);
    for (let pos = 0; pos < (2 * LIMIT_BYTES) / 5 / bytes; pos++)
      window.push({ ...one, pos, time: Math.floor(pos / 1000) });

    expect(memory.heldBytes).toBeGreaterThan((LIMIT_BYTES / 5) * 0.9);
    expect(memory.heldBytes).toBeLessThan((LIMIT_BYTES / 5) * 1.15);
    window.free();
    expect(memory.heldBytes).toBe(0);
  });

  it('keeps little in memory when memory is short, and still all of the text (known issue 2)', async () => {
    const overflow = new FakeOverflow();
    const memory = aLogMemory(512 * 1024, overflow);
    const windows = [1, 2, 3].map(() => new LogWindow(memory));
    for (let pos = 0; pos < 20_000; pos++) {
      for (const window of windows)
        window.push({ pos, out: `${pos} ${'x'.repeat(90)}\n`, time: Math.floor(pos / 100) });
      if (pos % 100 === 0) await settle();
    }

    expect(memory.heldBytes).toBeLessThan(1.25 * 1024 * 1024);
    for (const window of windows) {
      const lines = await linesOf(window);
      expect(
        lines.every(
          ({ pos, out, time }, index) =>
            pos === index && time === Math.floor(pos / 100) && out.startsWith(`${pos} `),
        ),
      ).toBe(true);
      expect(lines.length).toBe(20_000);
      window.free();
    }
    expect([memory.heldBytes, overflow.bytes]).toEqual([0, 0]);
  });

  it('leaves out the oldest lines above the limit also on the disk, and reuses their space', async () => {
    const overflow = new FakeOverflow();
    const window = new LogWindow(aLogMemory(0, overflow), 1024 * 1024);
    for (let pos = 0; pos < 50_000; pos++) {
      window.push({ pos, out: `${'x'.repeat(99)}\n`, time: 0 });
      if (pos % 100 === 0) await settle();
    }
    const lines = await linesOf(window);
    const [marker] = lines.filter(({ out }) => out.startsWith('...'));
    const kept = lines.length - 1;

    expect(overflow.bytes).toBeLessThanOrEqual(1024 * 1024);
    expect(kept).toBeGreaterThan(9_500);
    expect(marker?.out).toContain(`... ${50_000 - kept} lines (${(50_000 - kept) * 100} bytes) omitted here`);
    expect(lines.at(-1)?.pos).toBe(49_999);
  });

  it('notes which lines can’t be read back from the disk, and returns all others', async () => {
    const overflow = new FakeOverflow();
    const window = new LogWindow(aLogMemory(0, overflow));
    for (let pos = 0; pos < 1_000; pos++) window.push(line(pos, 100));
    await settle();
    overflow.isBroken = true;
    const lines = await linesOf(window);

    expect(lines[0]).toEqual({
      pos: 0,
      time: 0,
      out: '... 655 lines (65500 bytes) could not be read back from the temporary directory ...\n',
    });
    expect(lines.slice(1).map(({ pos }) => pos)).toEqual(
      Array.from({ length: 345 }, (_, index) => 655 + index),
    );
  });

  it('is shortened to its end, with a note before it of everything that is missing', async () => {
    const window = new LogWindow(aLogMemory(), 1_000);
    for (let pos = 0; pos < 200; pos++) window.push(line(pos, 10));
    expect(window.shorten()).toBe(true);
    const [marker, ...rest] = await linesOf(window);

    expect(marker?.out).toContain('... 175 lines (1750 bytes) omitted here');
    expect([marker?.pos, ...rest.map(({ pos }) => pos)]).toEqual([
      0,
      ...Array.from({ length: 25 }, (_, nth) => 175 + nth),
    ]);
  });

  it('stays in memory as a whole if nothing can be written', async () => {
    const overflow = new FakeOverflow();
    overflow.isFull = true;
    const window = new LogWindow(aLogMemory(0, overflow));
    for (let pos = 0; pos < 10_000; pos++) window.push(line(pos, 100));
    await settle();

    expect((await linesOf(window)).length).toBe(10_000);
  });

  it('keeps the limit, increasing positions, the beginning and the end, for any lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 40, max: 400 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 }),
        async (limit, sizes) => {
          const lines = await windowOf(limit, sizes);
          const kept = lines.filter((one) => !one.out.startsWith('...'));
          const total = sizes.reduce((sum, bytes) => sum + bytes, 0);

          expect(kept.reduce((sum, one) => sum + one.out.length, 0)).toBeLessThanOrEqual(limit);
          expect(lines.every((one, index) => index === 0 || one.pos > (lines[index - 1]?.pos ?? -1))).toBe(
            true,
          );
          expect(kept.length === sizes.length).toBe(total <= limit);
          expect(lines.length - kept.length).toBe(total <= limit ? 0 : 1);
        },
      ),
    );
  });
});
