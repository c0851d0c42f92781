import { noAnswer } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readPod } from '../adopt/read-pod.ts';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { running, withStates } from '../supervise/testing/a-pod.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { resume } from './run-stage.ts';
import { compiledOf, POD, SECRET, TestStage } from './testing/test-stage.ts';

const READING_MS = 300_000;

/** Takes over a Pod whose last owners were lost while they read its logs, so many in a row. */
async function takenOver(deaths: number): Promise<TestStage> {
  const env = new TestStage();
  onTestFinished(() => env.close());
  env.server.stage = aStage({ status: 'running', version: 4 });
  env.server.register([1, 2]);
  const { metadata, spec } = compiledOf().pod;
  const annotations = {
    ...metadata?.annotations,
    [ANNOTATION.owner]: 'ci/me',
    [ANNOTATION.adoptions]: '1',
    [ANNOTATION.stepIds]: '{"1":100,"2":200}',
    [ANNOTATION.stageVersion]: '4',
    [ANNOTATION.admittedAt]: '1768383000000',
    [ANNOTATION.readerDeaths]: String(deaths),
  };
  const pod = {
    metadata: { ...metadata, annotations },
    spec: { ...spec, schedulingGates: [], containers: [] },
  };
  const stored = env.cluster.put(POD, withStates(pod, { 1: running(), 2: running() }));
  const ownerReferences = [
    { apiVersion: 'v1', kind: 'Pod', name: POD.name, uid: stored.metadata?.uid ?? '' },
  ];
  for (const secret of compiledOf().secrets)
    env.cluster.put(SECRET, { ...secret, metadata: { ...secret.metadata, ownerReferences } });
  env.registry.enter(anEntry({ stageId: 63, adopted: true }));
  const record = readPod(stored);
  if (!record) throw new Error('the Pod has no record');
  await env.podWatch.follow('ci', new AbortController().signal);
  void resume(env.parts, stored, record, env.handOver.signal);
  await env.clock.step(0);
  return env;
}

const countOf = (env: TestStage): string | undefined =>
  env.pod?.metadata?.annotations?.[ANNOTATION.readerDeaths];

describe('the count of owners that were lost while they read the logs of a Pod', () => {
  it('ends when an owner has read them for five minutes, by its own monotonic clock', async () => {
    const env = await takenOver(2);
    env.clock.jump(-86_400_000);
    await env.clock.step(READING_MS - 1);
    expect(countOf(env)).toBe('2');
    await env.clock.step(1);
    expect(countOf(env)).toBe('0');
  });

  it('ends after an outage of the API server, too', async () => {
    const env = await takenOver(1);
    let isAway = true;
    env.cluster.intercept(({ target }) => {
      if (isAway && target.resource.plural === 'pods') throw noAnswer();
    });
    await env.clock.step(2 * READING_MS);
    expect(countOf(env)).toBe('1');
    isAway = false;
    await env.clock.step(30_000);
    expect(countOf(env)).toBe('0');
  });

  it('stays if they were withheld from this owner: who reads them next would be lost like the others', async () => {
    const env = await takenOver(3);
    await env.clock.step(READING_MS);
    expect(countOf(env)).toBe('3');
  });

  it('stays if the stage ends before, or another replica has taken it over', async () => {
    const ended = await takenOver(2);
    await ended.finishSteps();
    await ended.clock.step(READING_MS);
    expect(ended.cluster.calls.filter(({ verb, body }) => verb === 'patch' && countedIn(body))).toEqual([]);

    const left = await takenOver(2);
    const { pod } = left;
    const annotations = { ...pod?.metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
    left.cluster.put(POD, { ...pod, metadata: { ...pod?.metadata, annotations } });
    await left.clock.step(READING_MS);
    expect(countOf(left)).toBe('2');
  });

  it('costs no call where it is zero', async () => {
    const env = await takenOver(0);
    const before = env.cluster.calls.length;
    await env.clock.step(READING_MS);
    expect(env.cluster.calls.slice(before).filter(({ body }) => countedIn(body))).toEqual([]);
  });
});

const countedIn = (body: unknown): boolean => JSON.stringify(body ?? {}).includes(ANNOTATION.readerDeaths);
