import { describe, expect, it } from 'vitest';
import { ChangeNotifier } from './change-notifier.ts';

const never = new AbortController().signal;

describe('ChangeNotifier', () => {
  it('resolves true at once if the condition holds, even with an aborted signal', async () => {
    expect(await new ChangeNotifier().until(() => true, never)).toBe(true);
    expect(await new ChangeNotifier().until(() => true, AbortSignal.abort())).toBe(true);
  });

  it('resolves false at once if the signal is already aborted', async () => {
    expect(await new ChangeNotifier().until(() => false, AbortSignal.abort())).toBe(false);
  });

  it('checks all conditions again at a change, and resolves only those that hold', async () => {
    const changes = new ChangeNotifier();
    let now = 0;
    const settled: string[] = [];
    const one = changes.until(() => now >= 1, never).then((holds) => settled.push(`one ${holds}`));
    const two = changes.until(() => now >= 2, never).then((holds) => settled.push(`two ${holds}`));
    changes.notify();
    now = 1;
    changes.notify();
    await one;
    expect(settled).toEqual(['one true']);
    now = 2;
    changes.notify();
    await two;
    expect(settled).toEqual(['one true', 'two true']);
  });

  it('ends a wait with its signal, and checks no more', async () => {
    const changes = new ChangeNotifier();
    const stop = new AbortController();
    let looks = 0;
    const waiting = changes.until(() => {
      looks += 1;
      return false;
    }, stop.signal);
    stop.abort();
    expect(await waiting).toBe(false);
    changes.notify();
    expect(looks).toBe(1);
  });

  it('may be notified from within a condition', async () => {
    const changes = new ChangeNotifier();
    let open = false;
    const first = changes.until(() => {
      if (open) queueMicrotask(() => changes.notify());
      return open;
    }, never);
    const second = changes.until(() => open, never);
    open = true;
    changes.notify();
    expect(await Promise.all([first, second])).toEqual([true, true]);
  });
});
