import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { LogLine } from '../pipeline/drone.ts';
import { LIMIT_LINES, LogWindow } from './log-window.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

const line = (pos: number, bytes: number): LogLine => ({ pos, out: `${'x'.repeat(bytes - 1)}\n`, time: 0 });

function windowOf(limitBytes: number, sizes: readonly number[]): LogLine[] {
  const window = new LogWindow(limitBytes);
  for (const [pos, bytes] of sizes.entries()) window.push(line(pos, bytes));
  return window.lines();
}

describe('LogWindow', () => {
  it('keeps everything up to the limit, to the byte', () => {
    expect(windowOf(100, Array<number>(10).fill(10)).map((one) => one.pos)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('keeps the first quarter and the end beyond it, and says what it left out (known issue 64)', () => {
    const lines = windowOf(100, Array<number>(20).fill(10));

    expect(lines.map((one) => one.pos)).toEqual([0, 1, 2, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(lines[2]).toEqual({
      pos: 2,
      time: 0,
      out: '... 10 lines (100 bytes) left out here: the log is over its size limit ...\n',
    });
  });

  it('survives a line that is longer than the limit (known issue 2)', () => {
    expect(windowOf(100, [1000]).map((one) => one.out)).toEqual([
      '... 1 line (1000 bytes) left out here: the log is over its size limit ...\n',
    ]);
    expect(windowOf(100, [10, 1000, 10]).map((one) => one.pos)).toEqual([0, 1, 2]);
  });

  it('gives nothing of an empty log', () => {
    expect(windowOf(100, [])).toEqual([]);
  });

  it('is bounded for millions of empty lines too', () => {
    const window = new LogWindow();
    for (let pos = 0; pos < 2 * LIMIT_LINES; pos++) window.push({ pos, out: '\n', time: 0 });
    expect(window.lines().length).toBe(LIMIT_LINES + 1);
  });

  it('keeps the limit, rising positions, the beginning and the end, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 400 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 }),
        (limit, sizes) => {
          const lines = windowOf(limit, sizes);
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
