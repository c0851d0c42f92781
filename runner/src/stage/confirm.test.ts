import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { holdsGate } from '../launch/start.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { gated, withStates } from '../supervise/testing/a-pod.ts';
import { ADMITTED, begin, STARTED } from './testing/resumed-stage.ts';
import type { TestStage } from './testing/test-stage.ts';

describe('the state of a stage after a takeover', () => {
  const registered = { reports: STARTED };
  const refuse = (env: TestStage, ...errors: readonly Error[]): void => {
    env.server.refuse.push(...errors.map((error) => ({ call: 'stage' as const, error })));
  };
  const unanswered = (): { prepare: (env: TestStage) => void } => ({
    prepare: ({ server }) => Object.assign(server, { gate: new Promise(() => undefined) }),
  });

  it('is requested before a Pod that waited is admitted: one of a cancelled build never is', async () => {
    const env = begin({ ...registered, prepare: ({ server }) => server.cancel() });
    await env.clock.step(0);
    expect([env.pod, env.isOver()]).toEqual([undefined, true]);
    const open = begin(registered);
    await open.clock.step(0);
    expect([open.server.looks, open.pod && holdsGate(open.pod)]).toEqual([1, false]);
  });

  it('is requested again where the request fails', async () => {
    const env = begin({ ...registered, prepare: (one) => refuse(one, new Error('no'), new Error('no')) });
    await env.clock.step(1_999);
    expect(env.pod && holdsGate(env.pod)).toBe(true);
    await env.clock.step(1);
    expect([env.server.looks, env.pod && holdsGate(env.pod)]).toEqual([1, false]);
  });

  it('is awaited for half a minute', async () => {
    const env = begin({ ...registered, ...unanswered() });
    await env.clock.step(29_999);
    expect(env.pod && holdsGate(env.pod)).toBe(true);
    await env.clock.step(1);
    expect(env.pod && holdsGate(env.pod)).toBe(false);
  });

  it('is not requested for a Pod whose steps have ended, or that its former owner has stopped', async () => {
    const endedPod = (pod: V1Pod) => withStates(pod, { 1: gated(0), 2: gated(0) });
    const ended = begin({ reports: ADMITTED, ungate: true, change: endedPod });
    const conclusion = { [ANNOTATION.conclusion]: '{"kind":"timed-out"}' };
    const stopped = begin({ reports: { ...ADMITTED, ...conclusion }, ungate: true });
    for (const env of [ended, stopped]) {
      await env.clock.step(1_000);
      expect(env.server.looks).toBe(0);
    }
    expect(ended.reports).toContain('stage success');
  });
});
