import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '@hangar/shared/testing/child-process';
import { describe, expect, it } from 'vitest';

const PRELOAD = new URL('./shifted-clock.ts', import.meta.url).href;
const HOUR_MS = 3_600_000;
const SLACK_MS = 60_000;
/** Prints the wall clock by both ways of reading it, a date with a given time, and the monotonic clock, until it is ended. */
const PRINTS = `setInterval(() => console.log(JSON.stringify({
  now: Date.now(), date: new Date().getTime(), given: new Date(0).getTime(), isDate: new Date() instanceof Date, up: performance.now(),
})), 50)`;

interface Times {
  readonly now: number;
  readonly date: number;
  readonly given: number;
  readonly isDate: boolean;
  readonly up: number;
}

describe('the wall clock of a replica', () => {
  it('is shifted by the offset in the file, forwards and back, and nothing else is', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'shifted-clock-'));
    const file = join(folder.path, 'offset');
    const child = new Child(process.execPath, ['--import', PRELOAD, '-e', PRINTS], {
      env: { PATH: process.env['PATH'], CHAOS_CLOCK_FILE: file },
    });
    const last = (): Times => JSON.parse(child.out.trim().split('\n').at(-1) ?? '{}') as Times;
    const offsetMs = (): number => last().now - Date.now();
    try {
      await child.says(/given/);
      expect(Math.abs(offsetMs())).toBeLessThan(SLACK_MS);
      for (const shiftMs of [HOUR_MS, -HOUR_MS, 0]) {
        writeFileSync(file, String(shiftMs));
        await expect.poll(() => Math.abs(offsetMs() - shiftMs), { timeout: 20_000 }).toBeLessThan(SLACK_MS);
        const { now, date, given, isDate, up } = last();
        expect(Math.abs(date - now)).toBeLessThan(SLACK_MS);
        expect({ given, isDate }).toEqual({ given: 0, isDate: true });
        expect(up).toBeLessThan(HOUR_MS / 2);
      }
    } finally {
      await child.end('SIGKILL');
    }
  });
});
