import { describe, expect, it, vi } from 'vitest';
import { orAborted } from './or-aborted.ts';

describe('orAborted', () => {
  it('returns the result or error of the work', async () => {
    const { signal } = new AbortController();
    await expect(orAborted(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(orAborted(Promise.reject(new Error('bad')), signal)).rejects.toThrow('bad');
  });

  it('rejects with the reason of an abort, though the work continues', async () => {
    const stop = new AbortController();
    const work = orAborted(new Promise<never>(() => undefined), stop.signal);
    stop.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
  });

  it('rejects at once under an aborted signal, and ignores the result of the work', async () => {
    await expect(
      orAborted(Promise.reject(new Error('late')), AbortSignal.abort(new Error('before'))),
    ).rejects.toThrow('before');
  });

  it('leaves no listener behind', async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    await orAborted(Promise.resolve(), signal);
    await vi.waitFor(() => expect(removed).toHaveBeenCalledTimes(added.mock.calls.length));
  });
});
