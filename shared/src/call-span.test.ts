import { describe, expect, it } from 'vitest';
import { CallSpan } from './call-span.ts';

describe('CallSpan', () => {
  it('is aborted with its caller’s signal, for the same reason', () => {
    const caller = new AbortController();
    const span = new CallSpan(caller.signal);
    caller.abort(new Error('why'));
    expect(span.signal.reason).toEqual(new Error('why'));
  });

  it('is aborted from the start if its caller’s signal already is', () => {
    expect(new CallSpan(AbortSignal.abort(new Error('before'))).signal.aborted).toBe(true);
  });

  it('can be aborted by itself; the first reason is kept', () => {
    const caller = new AbortController();
    const span = new CallSpan(caller.signal);
    span.abort(new Error('silence'));
    caller.abort(new Error('later'));
    expect(span.signal.reason).toEqual(new Error('silence'));
  });

  it('ignores its caller’s signal once closed', () => {
    const caller = new AbortController();
    const span = new CallSpan(caller.signal);
    span.close();
    caller.abort();
    expect(span.signal.aborted).toBe(false);
  });
});
