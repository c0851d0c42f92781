import { describe, expect, it } from 'vitest';
import { Beacon } from './beacon.ts';

const never = new AbortController().signal;

describe('Beacon', () => {
  it('answers at once what holds already, even to one who gave up', async () => {
    expect(await new Beacon().until(() => true, never)).toBe(true);
    expect(await new Beacon().until(() => true, AbortSignal.abort())).toBe(true);
  });

  it('answers at once to one who gave up before', async () => {
    expect(await new Beacon().until(() => false, AbortSignal.abort())).toBe(false);
  });

  it('lets those look again who wait, and only those for whom it holds go', async () => {
    const beacon = new Beacon();
    let now = 0;
    const settled: string[] = [];
    const one = beacon.until(() => now >= 1, never).then((holds) => settled.push(`one ${holds}`));
    const two = beacon.until(() => now >= 2, never).then((holds) => settled.push(`two ${holds}`));
    beacon.flash();
    now = 1;
    beacon.flash();
    await one;
    expect(settled).toEqual(['one true']);
    now = 2;
    beacon.flash();
    await two;
    expect(settled).toEqual(['one true', 'two true']);
  });

  it('ends a wait with its signal, and looks no more', async () => {
    const beacon = new Beacon();
    const stop = new AbortController();
    let looks = 0;
    const waiting = beacon.until(() => {
      looks += 1;
      return false;
    }, stop.signal);
    stop.abort();
    expect(await waiting).toBe(false);
    beacon.flash();
    expect(looks).toBe(1);
  });

  it('may be flashed by one who looks', async () => {
    const beacon = new Beacon();
    let open = false;
    const first = beacon.until(() => {
      if (open) queueMicrotask(() => beacon.flash());
      return open;
    }, never);
    const second = beacon.until(() => open, never);
    open = true;
    beacon.flash();
    expect(await Promise.all([first, second])).toEqual([true, true]);
  });
});
