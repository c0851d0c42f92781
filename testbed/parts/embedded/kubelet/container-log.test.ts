import { describe, expect, it } from 'vitest';
import { ContainerLog } from './container-log.ts';

const START_MS = Date.parse('2026-01-14T08:50:06.123Z');
const base = {
  follow: false,
  timestamps: false,
  sinceMs: undefined,
  tailLines: undefined,
  limitBytes: undefined,
};

function aLog(limitBytes = 1_000_000) {
  let nowMs = START_MS;
  const log = new ContainerLog(() => nowMs, limitBytes);
  return {
    log,
    pass: (ms: number) => (nowMs += ms),
    out: (text: string) => log.append('stdout', Buffer.from(text)),
    err: (text: string) => log.append('stderr', Buffer.from(text)),
  };
}

function read(log: ContainerLog, options: Partial<typeof base> | object = {}): string {
  const chunks: Buffer[] = [];
  log.read({ ...base, ...options }, { write: (chunk) => chunks.push(chunk), end: () => undefined });
  return Buffer.concat(chunks).toString();
}

describe('ContainerLog', () => {
  it('shows whole lines as they are completed, and the unfinished one only at the end', () => {
    const { log, out } = aLog();
    out('one\ntw');

    expect(read(log)).toBe('one\n');
    out('o');
    log.end();

    expect(read(log)).toBe('one\ntwo');
  });

  it('stamps lines with nine digits that only grow', () => {
    const { log, out, err } = aLog();
    out('a\nb\n');
    err('c\n');

    expect(read(log, { timestamps: true })).toBe(
      '2026-01-14T08:50:06.123000000Z a\n2026-01-14T08:50:06.123000001Z b\n2026-01-14T08:50:06.123000002Z c\n',
    );
  });

  it('cuts long lines into parts of 16 KiB with one stamp for all', () => {
    const { log, out } = aLog();
    out(`${'x'.repeat(40_000)}\nend\n`);

    const text = read(log, { timestamps: true });

    expect(text.split('\n').map(({ length }) => length)).toEqual([40_031, 34, 0]);
    expect(read(log, { tailLines: 2 }).length).toBe(40_000 - 2 * 16_384 + 1 + 4);
  });

  it.each([
    ['the last lines', { tailLines: 1 }, 'b\n'],
    ['no lines', { tailLines: 0 }, ''],
    ['what came since', { sinceMs: START_MS + 500 }, 'b\n'],
    ['so many bytes', { limitBytes: 3 }, 'a\nb'],
  ])('shows %s', (_, options, want) => {
    const { log, out, pass } = aLog();
    out('a\n');
    pass(1000);
    out('b\n');

    expect(read(log, options)).toBe(want);
  });

  it('continues until the end for followers, unless they stop', () => {
    const { log, out } = aLog();
    const seen = { stays: '', leaves: '', ends: 0 };
    log.read(
      { ...base, follow: true },
      { write: (chunk) => (seen.stays += chunk.toString()), end: () => (seen.ends += 1) },
    );
    const stop = log.read(
      { ...base, follow: true },
      { write: (chunk) => (seen.leaves += chunk.toString()), end: () => (seen.ends += 1) },
    );

    out('a\n');
    stop();
    out('b\n');
    log.end();

    expect(seen).toEqual({ stays: 'a\nb\n', leaves: 'a\n', ends: 1 });
  });

  it('drops the oldest lines above its size, as rotation does', () => {
    const { log, out } = aLog(10);
    out('11111\n22222\n33333\n');

    expect(read(log)).toBe('33333\n');
  });
});
