import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { lineWriter, stopOnSignal } from './process.ts';

function listening() {
  const source = new EventEmitter();
  const clock = new FakeClock();
  const left: string[] = [];
  const stop = new AbortController();
  stopOnSignal(source, clock, stop, () => void left.push('left'));
  return { source, clock, left, signal: stop.signal };
}

describe('signals', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s aborts the stop signal, and does not exit at once', (name) => {
    const { source, signal, left } = listening();
    expect(signal.aborted).toBe(false);
    source.emit(name);
    expect([signal.aborted, left]).toEqual([true, []]);
  });

  it('a second one exits at once, but not a duplicate of the first sent by a parent', async () => {
    const { source, clock, left } = listening();
    source.emit('SIGINT');
    await clock.step(500);
    source.emit('SIGTERM');
    expect(left).toEqual([]);
    await clock.step(1);
    source.emit('SIGINT');
    expect(left).toEqual(['left']);
  });
});

describe('a line of output', () => {
  it.each([
    [true, 'with control characters shown on a terminal', '\\x1b[2J\n'],
    [false, 'as it is to a file or a pipe', '\u001b[2J\n'],
  ])('is written (terminal: %s) %s', (isTTY, _, want) => {
    const written: string[] = [];
    lineWriter({ isTTY, write: (text) => written.push(text) })('\u001b[2J');
    expect(written).toEqual([want]);
  });
});
