import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { holdsGate } from '../launch/start.ts';
import { ANNOTATION, LABEL } from '../pipeline/compiled.ts';
import { aPlan } from '../supervise/testing/a-plan.ts';
import { gated, running, withStates, withStatus } from '../supervise/testing/a-pod.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { ADMITTED, begin, STARTED } from './testing/resumed-stage.ts';
import { aDetail, compiledOf, POD, type TestStage } from './testing/test-stage.ts';

const BUSY = { pipelines: 1, pods: 0, cpuMillicores: 0, memoryBytes: 0 };

describe('a Pod without its scheduling gate', () => {
  const ungate = { reports: ADMITTED, ungate: true };

  it('is continued, and nothing is requested again', async () => {
    const env = begin({
      ...ungate,
      prepare: ({ server }) => Object.assign(server, { details: undefined }),
    });
    await env.clock.step(0);
    expect(env.registry.entries).toMatchObject([{ phase: 'running', sinceMs: 1_768_383_000_000 }]);
    expect(env.logs.of(1).order).toMatchObject({ stepId: 100, masks: ['s3cret'] });
    await env.finishSteps();
    expect(env.reports).toEqual(['1 success', '2 success', 'stage success']);
    expect([env.pod, env.isOver(), env.registry.isQuiet]).toEqual([undefined, true, true]);
  });

  it('whose first step was reported while the stage waited is reported without the details, which could fail it', async () => {
    const reports = { ...ADMITTED, [ANNOTATION.stepVersions]: '{"1":2}' };
    const env = begin({ reports, ungate: true });
    // Once as waiting, once as running, and its end.
    env.server.register([1], 4);
    env.server.detail = () => Promise.reject(new Error('the Git host is away'));
    await env.clock.step(0);
    await env.finishSteps();
    await env.clock.step(1_000);
    expect(env.reports).toEqual(['1 success', '2 success', 'stage success']);
  });

  it('is reported with the start time that the server has', async () => {
    const env = begin(ungate);
    await env.clock.step(0);
    await env.finishSteps();
    expect(env.server.stage).toMatchObject({ status: 'success', started: 1_768_382_990 });
  });

  it('that ended long ago is reported, although its time-out has passed', async () => {
    const long = { ...ADMITTED, [ANNOTATION.admittedAt]: '1' };
    const change = (pod: V1Pod) =>
      withStatus(withStates(pod, { 1: gated(0), 2: gated(3) }), { phase: 'Failed' });
    const env = begin({ reports: long, ungate: true, change });
    await env.clock.step(1_000);
    expect(env.reports).toEqual(['1 success', '2 failure', 'stage failure']);
    expect(env.isOver()).toBe(true);
  });

  it('measures its time-out from its admission, across owners (known issue 8)', async () => {
    const reports = { ...ADMITTED, [ANNOTATION.admittedAt]: String(1_768_383_000_000 - 3_600_000) };
    const env = begin({
      reports,
      ungate: true,
      change: (pod) => withStates(pod, { 1: running(), 2: running() }),
    });
    await env.clock.step(1_000);
    expect(env.heard).toContain('concluded timed-out');
  });

  it.each([
    ['an hour ahead', 3_600_000],
    ['right', 0],
    ['an hour behind', -3_600_000],
  ])(
    'is timed out by the API server’s clock if the clock of this node is %s (issue 11, 1.12)',
    async (_, skewMs) => {
      const api = 1_768_383_000_000;
      const claimed = new Date(api + 3_540_000);
      const change = (pod: V1Pod): V1Pod => ({
        ...withStates(pod, { 1: running(), 2: running() }),
        metadata: { ...pod.metadata, managedFields: [{ time: new Date(api) }, { time: claimed }, {}] },
      });
      const reports = { ...ADMITTED, [ANNOTATION.admittedAt]: String(api) };
      const env = begin({ reports, ungate: true, change, prepare: ({ clock }) => clock.jump(skewMs) });
      await env.clock.step(59_000);
      expect(env.heard).not.toContain('concluded timed-out');
      await env.clock.step(1_000);
      expect(env.heard).toContain('concluded timed-out');
    },
  );

  it('reads its plan from the Secret if it was too large for an annotation', async () => {
    const [secret] = compiledOf().secrets;
    const data = { ...secret?.data, 'plan.json': Buffer.from(JSON.stringify(aPlan())).toString('base64') };
    const change = (pod: V1Pod): V1Pod => {
      const { [ANNOTATION.plan]: _, ...annotations } = pod.metadata?.annotations ?? {};
      return { ...pod, metadata: { ...pod.metadata, annotations } };
    };
    const env = begin({ ...ungate, change, secrets: [{ ...secret, data }] });
    await env.clock.step(0);
    await env.finishSteps();
    expect(env.reports.at(-1)).toBe('stage success');
  });

  it('whose Secret is gone ends with a clear error', async () => {
    const env = begin({ ...ungate, secrets: [] });
    await env.clock.step(0);
    expect(env.server.stage).toMatchObject({
      status: 'error',
      error: 'the Secret of this pipeline no longer exists, so the pipeline could not be taken over',
    });
    expect([env.pod, env.isOver()]).toEqual([undefined, true]);
  });

  it('whose Secret is gone with its Pod, which the watch does not know yet, ends with the loss of the Pod', async () => {
    const prepare = ({ cluster }: TestStage) =>
      cluster.intercept(({ verb, target }) => {
        if (verb === 'get' && target.resource === RESOURCE.secrets) cluster.drop(POD);
      });
    const env = begin({ ...ungate, secrets: [], prepare });
    await env.clock.step(0);
    expect(env.server.stage).toMatchObject({
      status: 'error',
      error: 'the runner was lost while this pipeline ran, and its Pod no longer exists; restart the build',
    });
  });

  it('whose Secret is gone ends with that error although its owner was lost between the record of a state check and the check', async () => {
    const reports = { ...ADMITTED, [ANNOTATION.stageVersion]: '5' };
    const prepare = ({ server }: TestStage) =>
      Object.assign(server, { details: { ...aDetail('running'), stage: server.stage } });
    const env = begin({ ...ungate, reports, secrets: [], prepare });
    await env.clock.step(1_000);
    expect([env.server.stage.status, env.server.stage.version, env.pod]).toEqual(['error', 5, undefined]);
  });

  it('whose Secret is invalid ends with a clear error', async () => {
    const [secret] = compiledOf().secrets;
    const env = begin({ ...ungate, secrets: [{ ...secret, data: { 'masks.json': 'e3s=' } }] });
    await env.clock.step(0);
    expect(env.server.stage.error).toMatch(/could not be taken over from a dead runner/);
    expect(env.isOver()).toBe(true);
  });

  it('waits for a failing API server', async () => {
    const prepare = ({ cluster }: TestStage) =>
      cluster.fail('get', 'secrets', noAnswer(), refusal(503, 'Unavailable'));
    const env = begin({ ...ungate, prepare });
    await env.clock.step(1_000);
    await env.finishSteps();
    expect(env.reports.at(-1)).toBe('stage success');
  });

  it('that the runner may not read for five minutes ends with a clear error', async () => {
    const prepare = ({ cluster }: TestStage) =>
      cluster.intercept(({ verb, target }) => {
        if (verb === 'get' && target.resource.plural === 'secrets')
          throw refusal(403, 'Forbidden', 'may not get secrets');
      });
    const env = begin({ ...ungate, prepare });
    await env.clock.step(360_000);
    expect(env.server.stage.error).toMatch(/may not get secrets/);
  });

  it('of a build that is cancelled meanwhile is removed', async () => {
    const prepare = ({ cluster }: TestStage) =>
      cluster.intercept(({ verb }) => (verb === 'get' ? new Promise(() => undefined) : undefined));
    const env = begin({ ...ungate, prepare });
    await env.clock.step(0);
    env.cancel();
    await env.clock.step(0);
    expect([env.pod, env.isOver(), env.registry.isQuiet]).toEqual([undefined, true, true]);
  });

  it('of a build that was cancelled while it had no owner is stopped at once, and its logs are stored', async () => {
    const env = begin({ ...ungate, prepare: ({ server }) => server.cancel() });
    await env.clock.step(0);
    expect(env.pod?.spec?.activeDeadlineSeconds).toBe(1);
    expect(env.logs.of(1).order).toMatchObject({ stepId: 100 });
    await env.clock.step(500);
    expect(env.heard).toContain('concluded cancelled');
    await env.clock.step(10_000);
    expect([env.pod, env.isOver()]).toEqual([undefined, true]);
  });

  it.each([
    ['made', 5],
    ['was lost before it could make', 4],
  ])('ends normally after an owner that %s the state check that it had recorded', async (_, version) => {
    const prepare = ({ server }: TestStage): void => {
      server.stage = { ...server.stage, version };
    };
    const reports = { ...ADMITTED, [ANNOTATION.stageVersion]: '5' };
    const env = begin({ reports, ungate: true, prepare });
    await env.clock.step(20_000);
    expect([env.isOver(), env.server.looks]).toEqual([false, 3]);
    await env.finishSteps();
    expect(env.reports).toEqual(['1 success', '2 success', 'stage success']);
  });

  it('is left to the next owner at a hand-over', async () => {
    const env = begin(ungate);
    await env.clock.step(0);
    env.handOver.abort();
    await env.clock.step(0);
    expect([env.isOver(), env.reports, env.pod === undefined]).toEqual([true, [], false]);
  });
});

describe('a namespace that was created for the Pod alone', () => {
  const own = { [ANNOTATION.ownNamespace]: 'true' };
  const withNamespace = <T extends TestStage>(env: T): T => {
    const labels = { [LABEL.managedBy]: LABEL.managedByValue };
    env.cluster.put({ resource: RESOURCE.namespaces, name: 'ci' }, { metadata: { labels } });
    return env;
  };
  const namespaces = (env: TestStage) => [env.cluster.count('remove', 'namespaces'), env.left];

  it('is deleted with it, as by its first owner', async () => {
    const env = withNamespace(begin({ reports: { ...ADMITTED, ...own }, ungate: true }));
    await env.clock.step(0);
    expect(namespaces(env)).toEqual([0, []]);
    await env.finishSteps();
    expect(namespaces(env)).toEqual([1, ['ci']]);
  });

  it('is deleted if the Pod could not be taken over', async () => {
    const env = withNamespace(begin({ reports: { ...ADMITTED, ...own }, ungate: true, secrets: [] }));
    await env.clock.step(0);
    expect(namespaces(env)).toEqual([1, ['ci']]);
  });

  it('is deleted if the stage starts over in another one', async () => {
    const env = withNamespace(begin({ reports: own, secrets: [] }));
    await env.clock.step(0);
    expect(namespaces(env)).toEqual([1, ['ci']]);
  });

  it.each([
    ['the stage starts over', { reports: own, secrets: [] }],
    ['the Pod could not be taken over', { reports: { ...ADMITTED, ...own }, ungate: true, secrets: [] }],
  ])('stays if %s, but another replica has taken over the Pod by then', async (_, before) => {
    const prepare = ({ cluster }: TestStage): void => {
      let isTaken = false;
      cluster.intercept(({ verb }) => {
        const pod = cluster.find<V1Pod>(POD);
        if (verb !== 'remove' || isTaken || !pod) return;
        isTaken = true;
        const annotations = { ...pod.metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
        cluster.put(POD, { ...pod, metadata: { ...pod.metadata, annotations } });
      });
    };
    const env = withNamespace(begin({ ...before, prepare }));
    await env.clock.step(1_000);
    expect([env.pod?.metadata?.annotations?.[ANNOTATION.owner], env.isOver()]).toEqual(['ci/other', true]);
    expect(namespaces(env)).toEqual([0, []]);
    expect(env.cluster.count('create', 'pods')).toBe(0);
  });

  it('stays for the next owner at a hand-over, and a shared one is never deleted', async () => {
    const left = begin({ reports: { ...ADMITTED, ...own }, ungate: true });
    await left.clock.step(0);
    left.handOver.abort();
    await left.clock.step(0);
    expect(namespaces(left)).toEqual([0, []]);
    const shared = begin({ reports: ADMITTED, ungate: true });
    await shared.clock.step(0);
    await shared.finishSteps();
    expect(namespaces(shared)).toEqual([0, []]);
  });
});

describe('a Pod that still has its scheduling gate', () => {
  it('is started, admitted and ungated if it was not started', async () => {
    const env = begin({});
    await env.clock.step(0);
    expect(env.reports).toEqual(['stage running']);
    expect(env.pod && holdsGate(env.pod)).toBe(false);
    const now = String(env.clock.now() / 1000);
    expect(env.pod?.metadata?.annotations).toMatchObject({ ...STARTED, [ANNOTATION.stageStarted]: now });
    await env.finishSteps();
    expect(env.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
  });

  it('is admitted like any other if it was started', async () => {
    const env = begin({ reports: STARTED, prepare: (one) => Object.assign(one, { taken: BUSY }) });
    await env.clock.step(60_000);
    expect([env.queue.length, env.registry.entries[0]?.phase]).toEqual([1, 'waiting']);
    expect(env.pod && holdsGate(env.pod)).toBe(true);
    env.taken = { ...BUSY, pipelines: 0 };
    env.queue.next();
    await env.clock.step(0);
    expect(env.pod && holdsGate(env.pod)).toBe(false);
    expect(env.pod?.metadata?.annotations?.[ANNOTATION.admittedAt]).toBe(String(env.clock.now()));
  });

  it('waits no longer than the limit, and then all its steps are reported', async () => {
    const prepare = (one: TestStage) => Object.assign(one, { taken: BUSY });
    const env = begin({ reports: STARTED, prepare, parts: { waitLimitMs: 30_000 } });
    await env.clock.step(30_000);
    expect(env.server.stage).toMatchObject({
      status: 'error',
      error: 'the pipeline was not admitted within 30 seconds',
    });
    expect([1, 2].map((n) => env.server.statusOf(n))).toEqual(['error', 'skipped']);
    expect([env.pod, env.queue.length, env.isOver()]).toEqual([undefined, 0, true]);
  });

  it('and continues to wait shows the reason in its log, the registry and the metrics', async () => {
    const prepare = (one: TestStage) => Object.assign(one, { taken: BUSY });
    const env = begin({ reports: STARTED, prepare });
    await env.clock.step(0);
    expect(env.logs.of(1).notes).toEqual([expect.stringMatching(/^waiting to be admitted: 1 of 1 pipeline/)]);
    expect(env.registry.entries).toMatchObject([
      { phase: 'waiting', reason: expect.stringMatching(/1 of 1 pipeline/) as string },
    ]);
    await env.clock.step(5_000);
    env.taken = { ...BUSY, pipelines: 0 };
    env.queue.next();
    await env.clock.step(0);
    expect(env.heard).toEqual(expect.arrayContaining(['waited capacity 5000', 'launched']));
  });

  it('and can never be admitted ends with an error', async () => {
    const queue = { enter: () => Promise.resolve({ kind: 'refused', text: 'asks for too much' }) };
    const env = begin({ reports: STARTED, parts: { queue: queue as never } });
    await env.clock.step(0);
    expect([env.server.stage.error, env.isOver()]).toEqual(['asks for too much', true]);
  });

  it('of a build that is cancelled in the queue is removed (known issue 8)', async () => {
    const env = begin({ reports: STARTED, prepare: (one) => Object.assign(one, { taken: BUSY }) });
    await env.clock.step(0);
    env.cancel();
    await env.clock.step(0);
    expect([env.pod, env.queue.length, env.isOver()]).toEqual([undefined, 0, true]);
  });

  it('of a build that is cancelled in the queue is removed although no watch reports it', async () => {
    const env = begin({ reports: STARTED, prepare: (one) => Object.assign(one, { taken: BUSY }) });
    await env.clock.step(20_000);
    expect(env.isOver()).toBe(false);
    env.server.cancel();
    await env.clock.step(8_000);
    expect([env.pod, env.queue.length, env.isOver()]).toEqual([undefined, 0, true]);
  });

  it('of a build that was cancelled before it was started is removed, and the server’s state stays (chaos F7)', async () => {
    const prepare = ({ server }: TestStage): void => {
      server.stage = aStage({ status: 'killed', version: 4 });
    };
    const env = begin({ prepare });
    await env.clock.step(0);
    expect([env.reports, env.server.stage.status]).toEqual([[], 'killed']);
    expect([env.pod, env.isOver(), env.intents.size]).toEqual([undefined, true, 0]);
  });

  it('of a stage that the server has assigned to another runner is left alone', async () => {
    const prepare = ({ server }: TestStage): void => {
      server.stage = aStage({ status: 'running', version: 5, machine: 'other' });
    };
    const env = begin({ prepare });
    await env.clock.step(0);
    expect([env.reports, env.pod === undefined, env.isOver()]).toEqual([[], false, true]);
  });

  it('and whose start was reported with a lost response is started again, with other numbers for the steps', async () => {
    const prepare = ({ server }: TestStage) => {
      Object.assign(server, { stage: aStage({ status: 'running', version: 4, started: 1_768_382_000 }) });
      server.register([1, 2]);
    };
    const env = begin({ prepare });
    await env.clock.step(0);
    await env.finishSteps();
    expect(env.server.stage).toMatchObject({ status: 'success', started: 1_768_382_000 });
    expect([1, 2, 1_001, 1_002].map((n) => env.server.statusOf(n))).toEqual([
      ...['pending', 'pending'],
      ...['success', 'success'],
    ]);
    expect([env.pod, env.isOver()]).toEqual([undefined, true]);
  });

  it.each([
    ['without its first Secret', []],
    ['without the second one', compiledOf().secrets],
  ])('and was never complete (%s) is created again, as after the accept', async (_, secrets) => {
    const sources = [{ secret: { name: 'drone-abc' } }, { secret: { name: 'drone-abc-2' } }];
    const change = (pod: V1Pod): V1Pod => ({
      ...pod,
      spec: { containers: [], ...pod.spec, volumes: [{ name: 'hangar-files', projected: { sources } }] },
    });
    const env = begin({ secrets, change });
    const before = env.pod?.metadata?.uid;
    await env.clock.step(0);
    await env.clock.step(0);
    expect(env.pod?.metadata?.uid).not.toBe(before);
    expect(env.cluster.count('create', 'pods')).toBe(1);
    expect(env.reports).toEqual(['stage running']);
    await env.finishSteps();
    expect(env.reports.at(-1)).toBe('stage success');
  });
});

describe('the retention of a stage that had ended when its Pod was found', () => {
  const HOUR_MS = 3_600_000;
  const DAY_MS = 24 * HOUR_MS;

  /** Its steps ended that long before, by the API server's clock, and the Drone server accepts nothing. */
  function found(agoMs: number, prepare: (env: TestStage) => void = () => undefined) {
    const claimedMs = 1_768_990_000_000;
    const [ended, claimed] = [new Date(claimedMs - agoMs), new Date(claimedMs)];
    const change = (pod: V1Pod): V1Pod => ({
      ...withStates(pod, { 1: gated(0), 2: gated(0) }),
      metadata: {
        ...pod.metadata,
        managedFields: [
          { manager: 'kubelet', subresource: 'status', time: ended },
          { manager: 'hangar', time: claimed },
        ],
      },
    });
    const back = Promise.withResolvers<void>();
    const env = begin({
      reports: ADMITTED,
      ungate: true,
      change,
      prepare: (one) => {
        one.server.gate = back.promise;
        one.clock.jump(claimedMs - one.clock.now());
        prepare(one);
      },
    });
    env.intents.set(63, { stageId: 63, buildId: 41, machine: 'me' });
    const isExpired = (): boolean => env.heard.includes('expired');
    return { env, isExpired, back: () => back.resolve() };
  }

  it.each([
    ['right', 0],
    ['three days ahead', 3 * DAY_MS],
    ['three days behind', -3 * DAY_MS],
  ])('includes the hour before it was found if the clock of this node is %s', async (_, skewMs) => {
    const { env, isExpired } = found(HOUR_MS, ({ clock }) => clock.jump(skewMs));
    await env.clock.step(47 * HOUR_MS - 1);
    expect([isExpired(), env.pod === undefined, env.intents.size]).toEqual([false, false, 1]);
    await env.clock.step(1);
    expect([isExpired(), env.pod, env.intents.size]).toEqual([true, undefined, 0]);
  });

  it.each([3 * DAY_MS, -3 * DAY_MS])(
    'is not changed by a clock that is set by %s ms meanwhile',
    async (ms) => {
      const { env, isExpired } = found(HOUR_MS);
      await env.clock.step(HOUR_MS);
      env.clock.jump(ms);
      await env.clock.step(46 * HOUR_MS - 1);
      expect(isExpired()).toBe(false);
      await env.clock.step(1);
      expect(isExpired()).toBe(true);
    },
  );

  it('leaves an hour for the report if nothing was running for longer than the retention', async () => {
    const { env, isExpired } = found(62 * HOUR_MS);
    await env.clock.step(HOUR_MS - 1);
    expect([isExpired(), env.pod === undefined]).toEqual([false, false]);
    await env.clock.step(1);
    expect([isExpired(), env.pod]).toEqual([true, undefined]);
  });

  it('does not prevent the report of a stage that ended before a long weekend', async () => {
    const { env, isExpired, back } = found(62 * HOUR_MS);
    await env.clock.step(60_000);
    back();
    await env.clock.step(1_000);
    expect([env.reports.at(-1), isExpired(), env.pod]).toEqual(['stage success', false, undefined]);
  });

  it('begins when it is found if the API server does not show when it ended', async () => {
    const env = begin({
      reports: ADMITTED,
      ungate: true,
      change: (pod) => withStates(pod, { 1: gated(0), 2: gated(0) }),
      prepare: (one) => {
        one.server.gate = new Promise(() => undefined);
        one.clock.jump(30 * DAY_MS);
      },
    });
    await env.clock.step(2 * DAY_MS - 1);
    expect(env.heard).not.toContain('expired');
    await env.clock.step(1);
    expect(env.heard).toContain('expired');
  });
});

describe('the retention of a stage that ends after its Pod was found', () => {
  it('begins with its end, however long its Pod had run before', async () => {
    const DAY_MS = 86_400_000;
    const claimedMs = 1_768_990_000_000;
    const reports = { ...ADMITTED, [ANNOTATION.admittedAt]: String(claimedMs - 1_900_000) };
    const managedFields = [
      { manager: 'kubelet', subresource: 'status', time: new Date(claimedMs - 1_800_000) },
      { manager: 'hangar', time: new Date(claimedMs) },
    ];
    const change = (pod: V1Pod): V1Pod => ({
      ...withStates(pod, { 1: gated(0), 2: running() }),
      metadata: { ...pod.metadata, managedFields },
    });
    const env = begin({ reports, ungate: true, change });
    await env.clock.step(1_000);
    env.server.gate = new Promise(() => undefined);
    await env.finishSteps();
    await env.clock.step(2 * DAY_MS - 1);
    expect(env.heard).not.toContain('expired');
    await env.clock.step(1);
    expect(env.heard).toContain('expired');
  });
});
