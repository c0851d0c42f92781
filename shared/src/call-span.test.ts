import { describe, expect, it } from 'vitest';
import { CallSpan } from './call-span.ts';

describe('CallSpan', () => {
  it('ends with its caller, for the caller’s reason', () => {
    const caller = new AbortController();
    const span = new CallSpan(caller.signal);
    caller.abort(new Error('why'));
    expect(span.signal.reason).toEqual(new Error('why'));
  });

  it('is over from the start under a caller that is', () => {
    expect(new CallSpan(AbortSignal.abort(new Error('before'))).signal.aborted).toBe(true);
  });

  it('can be cut alone; the first reason counts', () => {
    const caller = new AbortController();
    const span = new CallSpan(caller.signal);
    span.abort(new Error('silence'));
    caller.abort(new Error('later'));
    expect(span.signal.reason).toEqual(new Error('silence'));
  });

  it('once closed, does not hear of its caller', () => {
    const caller = new AbortController();
    const span = new CallSpan(caller.signal);
    span.close();
    caller.abort();
    expect(span.signal.aborted).toBe(false);
  });
});
