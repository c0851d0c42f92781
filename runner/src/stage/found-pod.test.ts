import { noAnswer } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { aPlan } from '../supervise/testing/a-plan.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { begin, compiledOf, POD, SECRET, type TestStage } from './testing/test-stage.ts';

const OWN = { [ANNOTATION.owner]: 'ci/me', [ANNOTATION.draft]: 'other' };
const STARTED = { [ANNOTATION.stepIds]: '{"1":100,"2":200}', [ANNOTATION.stageVersion]: '4' };
const MINUTE_MS = 60_000;

/** A Pod that another process created from another compilation, with its own nonce and Secret. */
function putPod(env: TestStage, annotations: Record<string, string>): void {
  const { metadata, ...pod } = compiledOf(aPlan(undefined, { nonce: 'other' })).pod;
  const [secret = {}] = compiledOf().secrets;
  const all = { ...metadata?.annotations, [ANNOTATION.server]: 'https://drone.acme.test', ...annotations };
  const { metadata: made } = env.cluster.put(POD, { ...pod, metadata: { ...metadata, annotations: all } });
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: POD.name, uid: made?.uid ?? '' }];
  env.cluster.put(SECRET, { ...secret, metadata: { ...secret.metadata, ownerReferences } });
}

const nonceOf = (env: TestStage): string | undefined => env.logs.of(1).order.nonce;

/** The stage as that Pod records it, accepted under another name: in an earlier run of the server, before a backup was restored. */
const earlier = { [ANNOTATION.stage]: JSON.stringify(aStage({ machine: 'earlier' })) };

describe('a Pod of the stage that already exists', () => {
  it('of an earlier process whose write was delayed is taken over, and no second one is created', async () => {
    const env = begin({}, (one) => putPod(one, OWN));
    await env.clock.step(0);
    expect([nonceOf(env), env.pod?.metadata?.annotations?.[ANNOTATION.adoptions]]).toEqual(['other', '1']);
    await env.clock.step(1_000);
    await env.finishSteps();
    expect(env.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
    expect([env.pod, env.isOver()]).toEqual([undefined, true]);
  });

  it.each([
    ['that was reported before', {}, true],
    ['whose stage was accepted under another name, before the server was restored', earlier, false],
    ['whose steps the server does not have, since it was restored', STARTED, false],
  ])('of an earlier process %s is removed first', async (_, annotations, isReported) => {
    const env = begin({}, (one) => {
      putPod(one, { ...OWN, ...annotations });
      if (isReported) one.registry.finish(one.pod?.metadata?.uid, 0);
    });
    await env.clock.step(5_000);
    expect([nonceOf(env), env.cluster.count('remove', 'pods')]).toEqual(['n0nce', 1]);
    await env.finishSteps();
    expect(env.server.stage.status).toBe('success');
  });

  it('of an earlier process, whose deletion arrives after it was read, is waited for until it is gone', async () => {
    const env = begin({}, (one) => {
      putPod(one, OWN);
      let isRead = false;
      one.cluster.intercept(({ verb, target }) => {
        const { pod } = one;
        if (target.resource.plural === 'pods' && verb === 'get') isRead = true;
        else if (isRead && pod && !pod.metadata?.deletionTimestamp)
          one.cluster.put(POD, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date(0) } });
      });
    });
    await env.clock.step(5_000);
    expect(env.heard.filter((word) => word.startsWith('failed'))).toEqual([]);
    expect(env.logs.opened).toEqual([]);
  });

  it('of an earlier process that changes while it is taken over is read again, also after an outage', async () => {
    const env = begin({}, (one) => {
      putPod(one, OWN);
      let patches = 0;
      one.cluster.intercept(({ verb }) => {
        if (verb !== 'patch') return;
        patches += 1;
        if (patches === 1) throw noAnswer();
        if (patches === 2) one.cluster.put(POD, { ...one.pod });
      });
    });
    await env.clock.step(5_000);
    expect([nonceOf(env), env.pod?.metadata?.annotations?.[ANNOTATION.adoptions]]).toEqual(['other', '1']);
  });

  it('of another replica is left alone, and nothing is reported', async () => {
    const env = begin({}, (one) => putPod(one, { [ANNOTATION.owner]: 'ci/other' }));
    await env.clock.step(0);
    expect([env.reports, env.isOver(), env.intents.size]).toEqual([[], true, 0]);
    expect(env.pod?.metadata?.annotations?.[ANNOTATION.owner]).toBe('ci/other');
  });

  describe('of another replica, which has accepted the stage before the server was restored', () => {
    const others = (one: TestStage): void => putPod(one, { [ANNOTATION.owner]: 'ci/other', ...earlier });

    it('is waited for until that replica has removed it', async () => {
      const env = begin({}, others);
      await env.clock.step(6 * MINUTE_MS);
      expect([env.isOver(), env.registry.entries[0]?.reason]).toEqual([
        false,
        expect.stringMatching(/Pod of an earlier run/),
      ]);
      env.cluster.drop(POD);
      await env.clock.step(5_000);
      expect(nonceOf(env)).toBe('n0nce');
    });

    it('ends the stage with an error if it stays', async () => {
      const env = begin({}, others);
      await env.clock.step(16 * MINUTE_MS);
      expect([env.server.stage.status, env.isOver()]).toEqual(['error', true]);
      expect(env.pod?.metadata?.annotations?.[ANNOTATION.owner]).toBe('ci/other');
    });
  });
});
