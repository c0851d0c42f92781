import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readPod } from '../adopt/read-pod.ts';
import { holdsGate } from '../launch/start.ts';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { ANNOTATION, LABEL } from '../pipeline/compiled.ts';
import { aPlan } from '../supervise/testing/a-plan.ts';
import { gated, running, withStates, withStatus } from '../supervise/testing/a-pod.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { resume } from './run-stage.ts';
import type { StageParts } from './stage-parts.ts';
import { compiledOf, POD, SECRET, TestStage } from './testing/test-stage.ts';

const BUSY = { pipelines: 1, pods: 0, cpuMillicores: 0, memoryBytes: 0 };
const STARTED = {
  [ANNOTATION.stepIds]: '{"1":100,"2":200}',
  [ANNOTATION.stageVersion]: '4',
  [ANNOTATION.stageStarted]: '1768382990',
};
const ADMITTED = { ...STARTED, [ANNOTATION.admittedAt]: '1768383000000' };

interface Before {
  /** Annotations that the former owner came to write. */
  readonly reports?: Record<string, string>;
  /** Its scheduling gate is lifted, and it has a node. */
  readonly ungate?: boolean;
  readonly secrets?: readonly V1Secret[];
  readonly change?: (pod: V1Pod) => V1Pod;
  readonly parts?: Partial<StageParts>;
  readonly prepare?: (world: TestStage) => void;
}

/** The Pod as its former owner left it. */
function podAsLeft({ reports = {}, ungate = false, change = (pod) => pod }: Before): V1Pod {
  const { metadata, spec } = compiledOf().pod;
  const own = { [ANNOTATION.owner]: 'ci/me', [ANNOTATION.adoptions]: '1' };
  const annotations = { ...metadata?.annotations, ...own, ...reports };
  const gates = ungate ? { schedulingGates: [], nodeName: 'node-a' } : {};
  return change({ metadata: { ...metadata, annotations }, spec: { containers: [], ...spec, ...gates } });
}

/** The cluster and the server as the former owner left them. */
function leave(world: TestStage, before: Before): V1Pod {
  const { reports = {}, secrets = compiledOf().secrets } = before;
  if (reports[ANNOTATION.stepIds]) {
    world.server.stage = aStage({ status: 'running', version: 4 });
    world.server.register([1, 2]);
  }
  before.prepare?.(world);
  const pod = world.cluster.put(POD, podAsLeft(before));
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: POD.name, uid: pod.metadata?.uid ?? '' }];
  for (const { metadata, ...secret } of secrets)
    world.cluster.put(
      { ...SECRET, name: metadata?.name ?? '' },
      { ...secret, metadata: { ...metadata, ownerReferences } },
    );
  return pod;
}

/** A Pod of ours that another process left at some point. */
function begin(before: Before) {
  const world = new TestStage(before.parts);
  onTestFinished(() => world.close());
  const stored = leave(world, before);
  world.registry.enter(anEntry({ stageId: 63, adopted: true }));
  const record = readPod(stored);
  if (!record) throw new Error('the Pod says nothing');
  let isOver = false;
  const never = new AbortController().signal;
  void world.podWatch
    .follow('ci', never)
    .then(() => resume(world.parts, stored, record, world.handOver.signal))
    .then(() => {
      isOver = true;
    });
  return Object.assign(world, { isOver: () => isOver });
}

describe('a Pod that was let go', () => {
  const ungate = { reports: ADMITTED, ungate: true };

  it('is gone on with, and nothing is asked for anew', async () => {
    const world = begin({
      ...ungate,
      prepare: ({ server }) => Object.assign(server, { details: undefined }),
    });
    await world.clock.step(0);
    expect(world.registry.entries).toMatchObject([{ phase: 'running', sinceMs: 1_768_383_000_000 }]);
    expect(world.logs.of(1).order).toMatchObject({ stepId: 100, masks: ['s3cret'] });
    await world.finishSteps();
    expect(world.reports).toEqual(['1 success', '2 success', 'stage success']);
    expect([world.pod, world.isOver(), world.registry.isQuiet]).toEqual([undefined, true, true]);
  });

  it('is reported with the start that the server was told, not with none', async () => {
    const world = begin(ungate);
    await world.clock.step(0);
    await world.finishSteps();
    expect(world.server.stage).toMatchObject({ status: 'success', started: 1_768_382_990 });
  });

  it('that has ended long ago is reported, though its time would be over', async () => {
    const long = { ...ADMITTED, [ANNOTATION.admittedAt]: '1' };
    const change = (pod: V1Pod) =>
      withStatus(withStates(pod, { 1: gated(0), 2: gated(3) }), { phase: 'Failed' });
    const world = begin({ reports: long, ungate: true, change });
    await world.clock.step(1_000);
    expect(world.reports).toEqual(['1 success', '2 failure', 'stage failure']);
    expect(world.isOver()).toBe(true);
  });

  it('counts its time from its admission, whoever looked', async () => {
    const reports = { ...ADMITTED, [ANNOTATION.admittedAt]: String(1_768_383_000_000 - 3_600_000) };
    const world = begin({
      reports,
      ungate: true,
      change: (pod) => withStates(pod, { 1: running(), 2: running() }),
    });
    await world.clock.step(1_000);
    expect(world.heard).toContain('concluded timed-out');
  });

  it.each([
    ['an hour ahead', 3_600_000],
    ['right', 0],
    ['an hour behind', -3_600_000],
  ])(
    'is timed out by the API server’s clock, though the clock of this node is %s (issue 11, 1.12)',
    async (_, skewMs) => {
      const api = 1_768_383_000_000;
      const claimed = new Date(api + 3_540_000);
      const change = (pod: V1Pod): V1Pod => ({
        ...withStates(pod, { 1: running(), 2: running() }),
        metadata: { ...pod.metadata, managedFields: [{ time: new Date(api) }, { time: claimed }, {}] },
      });
      const reports = { ...ADMITTED, [ANNOTATION.admittedAt]: String(api) };
      const world = begin({ reports, ungate: true, change, prepare: ({ clock }) => clock.jump(skewMs) });
      await world.clock.step(59_000);
      expect(world.heard).not.toContain('concluded timed-out');
      await world.clock.step(1_000);
      expect(world.heard).toContain('concluded timed-out');
    },
  );

  it('finds its plan in the Secret when it was too large for an annotation', async () => {
    const [secret] = compiledOf().secrets;
    const data = { ...secret?.data, 'plan.json': Buffer.from(JSON.stringify(aPlan())).toString('base64') };
    const change = (pod: V1Pod): V1Pod => {
      const { [ANNOTATION.plan]: _, ...annotations } = pod.metadata?.annotations ?? {};
      return { ...pod, metadata: { ...pod.metadata, annotations } };
    };
    const world = begin({ ...ungate, change, secrets: [{ ...secret, data }] });
    await world.clock.step(0);
    await world.finishSteps();
    expect(world.reports.at(-1)).toBe('stage success');
  });

  it('whose Secret is gone ends with a clear word', async () => {
    const world = begin({ ...ungate, secrets: [] });
    await world.clock.step(0);
    expect(world.server.stage).toMatchObject({
      status: 'error',
      error: 'the Secret of this pipeline is gone, so that it could not be taken over',
    });
    expect([world.pod, world.isOver()]).toEqual([undefined, true]);
  });

  it('whose Secret makes no sense ends with a clear word', async () => {
    const [secret] = compiledOf().secrets;
    const world = begin({ ...ungate, secrets: [{ ...secret, data: { 'masks.json': 'e3s=' } }] });
    await world.clock.step(0);
    expect(world.server.stage.error).toMatch(/could not be taken over from a runner that is gone/);
    expect(world.isOver()).toBe(true);
  });

  it('waits for an API server in trouble', async () => {
    const prepare = ({ cluster }: TestStage) =>
      cluster.fail('get', 'secrets', noAnswer(), refusal(503, 'Unavailable'));
    const world = begin({ ...ungate, prepare });
    await world.clock.step(1_000);
    await world.finishSteps();
    expect(world.reports.at(-1)).toBe('stage success');
  });

  it('that may not be read for five minutes ends with a clear word', async () => {
    const prepare = ({ cluster }: TestStage) =>
      cluster.intercept(({ verb, target }) => {
        if (verb === 'get' && target.resource.plural === 'secrets')
          throw refusal(403, 'Forbidden', 'may not get secrets');
      });
    const world = begin({ ...ungate, prepare });
    await world.clock.step(360_000);
    expect(world.server.stage.error).toMatch(/may not get secrets/);
  });

  it('of a build that is cancelled meanwhile is removed', async () => {
    const prepare = ({ cluster }: TestStage) =>
      cluster.intercept(({ verb }) => (verb === 'get' ? new Promise(() => undefined) : undefined));
    const world = begin({ ...ungate, prepare });
    await world.clock.step(0);
    world.cancel();
    await world.clock.step(0);
    expect([world.pod, world.isOver(), world.registry.isQuiet]).toEqual([undefined, true, true]);
  });

  it('of a build that was cancelled while it was nobody’s is stopped within ten seconds', async () => {
    const world = begin({ ...ungate, prepare: ({ server }) => server.cancel() });
    await world.clock.step(7_999);
    expect(world.isOver()).toBe(false);
    await world.clock.step(1);
    expect(world.pod?.spec?.activeDeadlineSeconds).toBe(1);
    expect(world.heard).toContain('concluded cancelled');
    await world.clock.step(10_000);
    expect([world.pod, world.isOver()]).toEqual([undefined, true]);
  });

  it.each([
    ['made', 5],
    ['was lost before it could make', 4],
  ])('ends well after an owner that %s the look that it wrote down', async (_, version) => {
    const prepare = ({ server }: TestStage): void => {
      server.stage = { ...server.stage, version };
    };
    const reports = { ...ADMITTED, [ANNOTATION.stageVersion]: '5' };
    const world = begin({ reports, ungate: true, prepare });
    await world.clock.step(20_000);
    expect([world.isOver(), world.server.looks]).toEqual([false, 2]);
    await world.finishSteps();
    expect(world.reports).toEqual(['1 success', '2 success', 'stage success']);
  });

  it('is left to the next one at a hand-over', async () => {
    const world = begin(ungate);
    await world.clock.step(0);
    world.handOver.abort();
    await world.clock.step(0);
    expect([world.isOver(), world.reports, world.pod === undefined]).toEqual([true, [], false]);
  });
});

describe('a namespace that was made for the Pod alone', () => {
  const own = { [ANNOTATION.ownNamespace]: 'true' };
  const withNamespace = (world: TestStage): TestStage => {
    const labels = { [LABEL.managedBy]: LABEL.managedByValue };
    world.cluster.put({ resource: RESOURCE.namespaces, name: 'ci' }, { metadata: { labels } });
    return world;
  };
  const namespaces = (world: TestStage) => [world.cluster.count('remove', 'namespaces'), world.left];

  it('goes with it, as with its first owner', async () => {
    const world = withNamespace(begin({ reports: { ...ADMITTED, ...own }, ungate: true }));
    await world.clock.step(0);
    expect(namespaces(world)).toEqual([0, []]);
    await world.finishSteps();
    expect(namespaces(world)).toEqual([1, ['ci']]);
  });

  it('goes when the Pod could not be taken over', async () => {
    const world = withNamespace(begin({ reports: { ...ADMITTED, ...own }, ungate: true, secrets: [] }));
    await world.clock.step(0);
    expect(namespaces(world)).toEqual([1, ['ci']]);
  });

  it('goes when the stage is begun anew, in another one', async () => {
    const world = withNamespace(begin({ reports: own, secrets: [] }));
    await world.clock.step(0);
    expect(namespaces(world)).toEqual([1, ['ci']]);
  });

  it('stays for the next one at a hand-over, and one that others use stays for ever', async () => {
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

describe('a Pod that is still held', () => {
  it('and not started is started, admitted and let go', async () => {
    const world = begin({});
    await world.clock.step(0);
    expect(world.reports).toEqual(['stage running']);
    expect(world.pod && holdsGate(world.pod)).toBe(false);
    const now = String(world.clock.now() / 1000);
    expect(world.pod?.metadata?.annotations).toMatchObject({ ...STARTED, [ANNOTATION.stageStarted]: now });
    await world.finishSteps();
    expect(world.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
  });

  it('and started is admitted like any other', async () => {
    const world = begin({ reports: STARTED, prepare: (one) => Object.assign(one, { taken: BUSY }) });
    await world.clock.step(60_000);
    expect([world.line.length, world.registry.entries[0]?.phase]).toEqual([1, 'waiting']);
    expect(world.pod && holdsGate(world.pod)).toBe(true);
    world.taken = { ...BUSY, pipelines: 0 };
    world.line.next();
    await world.clock.step(0);
    expect(world.pod && holdsGate(world.pod)).toBe(false);
    expect(world.pod?.metadata?.annotations?.[ANNOTATION.admittedAt]).toBe(String(world.clock.now()));
  });

  it('waits no longer than others may, and then all its steps are told', async () => {
    const prepare = (one: TestStage) => Object.assign(one, { taken: BUSY });
    const world = begin({ reports: STARTED, prepare, parts: { waitLimitMs: 30_000 } });
    await world.clock.step(30_000);
    expect(world.server.stage).toMatchObject({
      status: 'error',
      error: 'the pipeline was not admitted within 30 seconds',
    });
    expect([1, 2].map((n) => world.server.statusOf(n))).toEqual(['error', 'skipped']);
    expect([world.pod, world.line.length, world.isOver()]).toEqual([undefined, 0, true]);
  });

  it('and goes on waiting says why: in its log, in the registry, and in the metrics', async () => {
    const prepare = (one: TestStage) => Object.assign(one, { taken: BUSY });
    const world = begin({ reports: STARTED, prepare });
    await world.clock.step(0);
    expect(world.logs.of(1).notes).toEqual([
      expect.stringMatching(/^waiting to be admitted: 1 pipeline of 1/),
    ]);
    expect(world.registry.entries).toMatchObject([
      { phase: 'waiting', reason: expect.stringMatching(/1 pipeline of 1/) as string },
    ]);
    await world.clock.step(5_000);
    world.taken = { ...BUSY, pipelines: 0 };
    world.line.next();
    await world.clock.step(0);
    expect(world.heard).toEqual(expect.arrayContaining(['waited capacity 5000', 'launched']));
  });

  it('and can never be admitted is told so', async () => {
    const line = { enter: () => Promise.resolve({ kind: 'refused', text: 'asks for too much' }) };
    const world = begin({ reports: STARTED, parts: { line: line as never } });
    await world.clock.step(0);
    expect([world.server.stage.error, world.isOver()]).toEqual(['asks for too much', true]);
  });

  it('of a build that is cancelled in the line', async () => {
    const world = begin({ reports: STARTED, prepare: (one) => Object.assign(one, { taken: BUSY }) });
    await world.clock.step(0);
    world.cancel();
    await world.clock.step(0);
    expect([world.pod, world.line.length, world.isOver()]).toEqual([undefined, 0, true]);
  });

  it('of a build that is cancelled in the line, and no watch hears it', async () => {
    const world = begin({ reports: STARTED, prepare: (one) => Object.assign(one, { taken: BUSY }) });
    await world.clock.step(20_000);
    expect(world.isOver()).toBe(false);
    world.server.cancel();
    await world.clock.step(8_000);
    expect([world.pod, world.line.length, world.isOver()]).toEqual([undefined, 0, true]);
  });

  it('of a build that was cancelled before it was started is removed, and the server’s word stands (chaos F7)', async () => {
    const prepare = ({ server }: TestStage): void => {
      server.stage = aStage({ status: 'killed', version: 4 });
    };
    const world = begin({ prepare });
    await world.clock.step(0);
    expect([world.reports, world.server.stage.status]).toEqual([[], 'killed']);
    expect([world.pod, world.isOver(), world.intents.size]).toEqual([undefined, true, 0]);
  });

  it('of a stage that the server has given to another runner is left alone', async () => {
    const prepare = ({ server }: TestStage): void => {
      server.stage = aStage({ status: 'running', version: 5, machine: 'other' });
    };
    const world = begin({ prepare });
    await world.clock.step(0);
    expect([world.reports, world.pod === undefined, world.isOver()]).toEqual([[], false, true]);
  });

  it('and whose start was told by the other, with the answer lost: the one hole, and it is named', async () => {
    const prepare = ({ server }: TestStage) =>
      Object.assign(server, { stage: aStage({ status: 'running', version: 4 }) });
    const world = begin({ prepare });
    await world.clock.step(0);
    expect(world.server.stage).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/lost at the very moment this pipeline was started/) as string,
    });
    expect([world.pod, world.isOver()]).toEqual([undefined, true]);
  });

  it.each([
    ['without its first Secret', []],
    ['without the second one', compiledOf().secrets],
  ])('and never was whole (%s) is made anew, as after its accept', async (_, secrets) => {
    const sources = [{ secret: { name: 'drone-abc' } }, { secret: { name: 'drone-abc-2' } }];
    const change = (pod: V1Pod): V1Pod => ({
      ...pod,
      spec: { containers: [], ...pod.spec, volumes: [{ name: 'hangar-files', projected: { sources } }] },
    });
    const world = begin({ secrets, change });
    const before = world.pod?.metadata?.uid;
    await world.clock.step(0);
    await world.clock.step(0);
    expect(world.pod?.metadata?.uid).not.toBe(before);
    expect(world.cluster.count('create', 'pods')).toBe(1);
    expect(world.reports).toEqual(['stage running']);
    await world.finishSteps();
    expect(world.reports.at(-1)).toBe('stage success');
  });
});
