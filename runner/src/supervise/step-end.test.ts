import { describe, expect, it } from 'vitest';
import type { ContainerView } from '../watch/container-view.ts';
import {
  decisionFrom,
  endByKubelet,
  endByMark,
  errorOfEnd,
  hasRun,
  isGateFailure,
  isStopped,
  type StepEnd,
  skipEnd,
} from './step-end.ts';
import { aPlannedStep } from './testing/a-plan.ts';

type Ended = ContainerView & { kind: 'ended' };
const ended = (code: number, more: Partial<Ended> = {}): Ended => ({
  kind: 'ended',
  code,
  reason: 'Error',
  line: undefined,
  message: '',
  startedMs: 1_000,
  endedMs: 9_000,
  ...more,
});
const lineOf = (decision: string, code: number) => ({ decision, code, startMs: 1_100, endMs: 8_900 });
const hint = (changes: Partial<StepEnd> = {}): StepEnd => ({ ...skipEnd('ran', 1_200, false), ...changes });

describe('the end that a mark reports', () => {
  it('has the time of the start mark; without one, that of the end', () => {
    const mark = { kind: 'end', code: 2, atMs: 5_000 } as const;
    expect(endByMark(mark, 1_200)).toEqual({
      decision: 'ran',
      code: 2,
      startMs: 1_200,
      endMs: 5_000,
      oom: false,
      sure: false,
    });
    expect(endByMark(mark, undefined).startMs).toBe(5_000);
  });

  it('is a skip for a known reason; an unknown reason means that something ran', () => {
    expect(endByMark({ kind: 'skip', why: 'fast', atMs: 5 }, 1)).toEqual({
      decision: 'fast',
      code: 0,
      startMs: 5,
      endMs: 5,
      oom: false,
      sure: false,
    });
    expect(decisionFrom('because')).toBe('ran');
  });
});

describe('the end that the kubelet reports', () => {
  it('prefers the termination message of the gate, whose times are finer', () => {
    expect(endByKubelet(ended(2, { line: lineOf('ran', 2) }), undefined, 1_200)).toEqual({
      decision: 'ran',
      code: 2,
      startMs: 1_100,
      endMs: 8_900,
      oom: false,
      sure: true,
    });
  });

  it('is a run without a termination message (the gate was killed), from its start mark or the container’s start', () => {
    expect(endByKubelet(ended(137), undefined, 1_200)).toMatchObject({
      decision: 'ran',
      code: 137,
      startMs: 1_200,
      endMs: 9_000,
    });
    expect(endByKubelet(ended(137), undefined, undefined).startMs).toBe(1_000);
  });

  it('has the container’s times where the message has none', () => {
    const line = { decision: 'ran', code: 0, startMs: 0, endMs: 0 };
    expect(endByKubelet(ended(0, { line }), undefined, undefined)).toMatchObject({
      startMs: 1_000,
      endMs: 9_000,
    });
  });

  it('is a skip that only a mark reported, if the code is that of a skip', () => {
    const skip = hint({ decision: 'failed-before' });
    expect(endByKubelet(ended(0), skip, undefined).decision).toBe('failed-before');
    expect(endByKubelet(ended(137), skip, undefined).decision).toBe('ran');
    expect(endByKubelet(ended(0), undefined, undefined).decision).toBe('ran');
  });

  it('is a kill for memory, of the whole container or of its child alone, but not with code 0', () => {
    const oom = { reason: 'OOMKilled' };
    expect(endByKubelet(ended(137, oom), undefined, undefined).oom).toBe(true);
    expect(endByKubelet(ended(137, { ...oom, line: lineOf('ran', 137) }), undefined, undefined).oom).toBe(
      true,
    );
    expect(endByKubelet(ended(0, oom), undefined, undefined).oom).toBe(false);
  });
});

describe('the gate’s own failure', () => {
  const step = aPlannedStep(1);
  it.each([
    ['its code, and no report of a program', step, ended(214), undefined, true],
    [
      'a program’s own code, by the termination message',
      step,
      ended(214, { line: lineOf('ran', 214) }),
      undefined,
      false,
    ],
    ['a program’s own code, by the mark', step, ended(214), hint({ code: 214 }), false],
    ['another code', step, ended(213), undefined, false],
    ['a swapped step has no gate', aPlannedStep(1, { engine: 'swap' }), ended(214), undefined, false],
  ])('%s', (...[, of, container, known, want]) => {
    expect(isGateFailure(of, container, known)).toBe(want);
  });
});

describe('a stop by a signal', () => {
  it.each([
    [137, 'ran', true],
    [143, 'ran', true],
    [0, 'ran', false],
    [130, 'ran', false],
    [143, 'stopping', false],
  ] as const)('%i after %s: %s', (code, decision, want) => {
    expect(isStopped(hint({ code, decision }))).toBe(want);
  });

  it('is none while no end is known', () => {
    expect(isStopped(undefined)).toBe(false);
  });
});

describe('the words of a timeout and of a service that was not ready', () => {
  it.each(['timed-out', 'unready'] as const)('%s: in a mark and in the termination message', (word) => {
    const mark = { kind: 'end', code: 124, atMs: 5_000, why: word } as const;
    expect(endByMark(mark, 1_200)).toMatchObject({ decision: word, code: 124, sure: false });
    const line = lineOf(word, 124);
    expect(endByKubelet(ended(124, { line }), undefined, 1_200)).toMatchObject({
      decision: word,
      code: 124,
      sure: true,
    });
    expect(decisionFrom(word)).toBe(word);
    expect(hasRun(word)).toBe(true);
  });

  it('are no words for a program that ended with 124 by itself', () => {
    expect(endByMark({ kind: 'end', code: 124, atMs: 5_000 }, 1_200).decision).toBe('ran');
    expect(endByMark({ kind: 'end', code: 124, atMs: 5_000, why: 'fast' }, 1_200).decision).toBe('ran');
    expect(endByKubelet(ended(124, { line: lineOf('ran', 124) }), undefined, 1).decision).toBe('ran');
  });

  it('of a mark count where the termination message is lost, unless the container ended with another code', () => {
    const known = hint({ decision: 'timed-out', code: 124 });
    expect(endByKubelet(ended(124), known, 1_200).decision).toBe('timed-out');
    expect(endByKubelet(ended(137), known, 1_200).decision).toBe('ran');
  });

  it.each([
    ['timed-out', 124, { timeoutMs: 600_000 }, 'timed out after 10m'],
    ['timed-out', 124, {}, 'timed out'],
    ['unready', 124, { readyMs: 60_000 }, 'not ready within 1m'],
    ['unready', 1, { readyMs: 60_000 }, 'ended before it was ready'],
    ['unready', 124, {}, 'not ready in time'],
    ['ran', 124, { timeoutMs: 600_000, readyMs: 1 }, undefined],
    ['failed-before', 0, { timeoutMs: 600_000 }, undefined],
  ] as const)('%s %i has the error that the plan words: %j → %j', (decision, code, limits, error) => {
    expect(errorOfEnd(aPlannedStep(1, limits), hint({ decision, code }))).toBe(error);
  });
});
