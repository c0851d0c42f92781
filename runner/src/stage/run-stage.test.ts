import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { settle } from '@hangar/shared/testing/fake-clock';
import { refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { holdsGate } from '../launch/start.ts';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { CiServerError } from '../ports/ci-server.ts';
import { aPlan } from '../supervise/testing/a-plan.ts';
import { gated, withStates } from '../supervise/testing/a-pod.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { runStage } from './run-stage.ts';
import type { StageParts } from './stage-parts.ts';
import { aDetail, compiledOf, POD, SECRET, TestStage } from './testing/test-stage.ts';

const BUSY = { pipelines: 1, pods: 0, cpuMillicores: 0, memoryBytes: 0 };
const FREE = { ...BUSY, pipelines: 0 };

/** A stage that has just been accepted. */
function begin(changes: Partial<StageParts> = {}, prepare: (world: TestStage) => void = () => undefined) {
  const world = new TestStage(changes);
  onTestFinished(() => world.close());
  prepare(world);
  world.intents.set(63, { stageId: 63, buildId: 41, machine: 'me' });
  world.registry.enter(anEntry({ stageId: 63, phase: 'preparing' }));
  let isOver = false;
  const stageDone = runStage(world.parts, { stage: aStage(), machine: 'me' }, world.handOver.signal);
  void stageDone.then(() => {
    isOver = true;
  });
  return Object.assign(world, { isOver: () => isOver });
}

describe('a journey', () => {
  it('goes from the details to the end, and leaves nothing behind', async () => {
    const world = begin();
    await world.clock.step(0);
    expect(world.pod?.metadata?.annotations).toMatchObject({
      [ANNOTATION.owner]: 'ci/me',
      [ANNOTATION.stepIds]: '{"1":100,"2":200}',
      [ANNOTATION.stageVersion]: '4',
      [ANNOTATION.admittedAt]: String(world.clock.now()),
    });
    expect([world.pod && holdsGate(world.pod), world.entered, world.intents.size]).toEqual([
      false,
      ['ci'],
      1,
    ]);
    expect(world.registry.entries).toMatchObject([
      { phase: 'running', repo: 'acme/widget', pod: 'drone-abc' },
    ]);
    expect(world.logs.of(1).notes).toEqual(['beware']);
    await world.finishSteps();
    expect(world.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
    expect([world.registry.isQuiet, world.pod, world.isOver(), world.intents.size]).toEqual([
      true,
      undefined,
      true,
      0,
    ]);
    expect(world.heard).toEqual([
      'seen 41 push',
      'waited line 0',
      'launched',
      'concluded completed',
      'finished',
    ]);
  });

  it('makes four writes of the cluster, however long the pipeline (gate §4)', async () => {
    const world = begin();
    await world.clock.step(0);
    await world.finishSteps();
    const writes = world.cluster.calls.filter(({ verb }) => ['create', 'patch', 'remove'].includes(verb));
    expect(writes.map(({ verb, target }) => `${verb} ${target.resource.plural}`)).toEqual([
      'create pods',
      'create secrets',
      'patch pods',
      'remove pods',
    ]);
  });

  it('writes once more each time that it asks how the stage stands, which no watch has proved yet', async () => {
    const world = begin();
    await world.clock.step(25_000);
    expect([world.cluster.count('patch', 'pods'), world.server.looks]).toEqual([4, 3]);
    expect(world.pod?.metadata?.annotations?.[ANNOTATION.stageVersion]).toBe(
      String(world.server.stage.version),
    );
    await world.finishSteps();
    expect(world.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
  });

  it('without anything to run is a success without a Pod', async () => {
    const world = begin({ draft: () => Promise.resolve(compiledOf(aPlan([]))) });
    await world.clock.step(0);
    expect(world.reports).toEqual(['stage running', 'stage success']);
    expect([
      world.cluster.count('create', 'pods'),
      world.isOver(),
      world.registry.isQuiet,
      world.intents.size,
    ]).toEqual([0, true, true, 0]);
    expect(world.heard).toContain('concluded completed');
  });

  it('removes the namespace that was made for it, and watches it no more', async () => {
    const draft = () => Promise.resolve(compiledOf(aPlan(), { createNamespace: true }));
    const world = begin({ draft });
    await world.clock.step(0);
    await world.finishSteps();
    expect([world.cluster.count('remove', 'namespaces'), world.left, world.podWatch.pods]).toEqual([
      1,
      ['ci'],
      [],
    ]);
  });
});

describe('what can’t be run', () => {
  it.each([
    [
      'of the pipeline',
      new PipelineError('lint', 'linter: no image'),
      'linter: no image',
      'failed lint pipeline',
    ],
    ['of our own', new TypeError('odd'), 'the runner failed: odd', 'failed internal bug'],
  ])('ends as an error with its text: %s (known issue 1)', async (_, error, text, heard) => {
    const world = begin({ draft: () => Promise.reject(error) });
    await world.clock.step(0);
    expect(world.server.stage).toMatchObject({ status: 'error', error: text, exitCode: 255 });
    expect([world.isOver(), world.registry.isQuiet, world.cluster.count('create', 'pods')]).toEqual([
      true,
      true,
      0,
    ]);
    expect(world.heard).toContain(heard);
  });

  it('details that do not come are the server’s trouble (known issue 18)', async () => {
    const world = begin({}, ({ server }) =>
      server.refuse.push({ call: 'detail', error: new Error('git is away') }),
    );
    await world.clock.step(0);
    expect(world.server.stage.error).toMatch(/could not give the details of this stage: git is away/);
  });

  it.each([
    ['a database that was away for a while: the build goes on', 2, 'running'],
    ['the Git host’s, where they fail while the database works', 3, 'error'],
  ])('details that answer 500 are %s', async (_, failures, status) => {
    const error = new CiServerError('detail', 500, 'trouble');
    const accepts: string[] = [];
    const world = begin({}, ({ server }) => {
      for (let n = 0; n < failures; n++) server.refuse.push({ call: 'detail', error });
      server.accept = () => {
        accepts.push('asked');
        return Promise.resolve({ kind: 'accepted', stage: {} });
      };
    });
    await settle();
    expect(world.server.stage.status).toBe(status);
    expect(accepts).toHaveLength(2);
    await world.close();
  });

  it('a Pod that Kubernetes refuses is told, and nothing else ends (known issue 1)', async () => {
    const world = begin({}, ({ cluster }) =>
      cluster.fail('create', 'pods', refusal(422, 'Invalid', 'bad mount')),
    );
    await world.clock.step(0);
    expect(world.server.stage).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/bad mount/) as string,
    });
    expect(world.isOver()).toBe(true);
  });

  it('a start that is not confirmed ends the stage, and removes the Pod; the time of its start stays', async () => {
    const world = begin({}, ({ server, clock }) => {
      const update = server.updateStage.bind(server);
      server.updateStage = async (...call) => {
        await update(...call);
        server.updateStage = update;
        await clock.sleep(100_000);
        return { kind: 'conflict', afterLostAnswer: true };
      };
    });
    const startedSeconds = world.clock.now() / 1000;
    await world.clock.step(101_000);
    expect([world.pod, world.isOver()]).toEqual([undefined, true]);
    expect(world.heard).toContain('failed start-lost operator');
    expect(world.server.stage).toMatchObject({ status: 'error', started: startedSeconds });
  });

  it('a Pod that goes before it is begun tells all steps of the started stage', async () => {
    const world = begin({}, ({ cluster }) => cluster.fail('patch', 'pods', refusal(404, 'NotFound')));
    await world.clock.step(0);
    expect(world.reports).toEqual(['stage running', 'stage error']);
    expect([1, 2].map((n) => world.server.statusOf(n))).toEqual(['skipped', 'skipped']);
    expect(world.heard).toContain('failed pod-deleted cluster');
  });
});

describe('a Pod of the stage that is there already', () => {
  /** As another process made it, from another compilation: its own nonce, its own Secret. */
  function putPod(world: TestStage, annotations: Record<string, string>): void {
    const { metadata, ...pod } = compiledOf(aPlan(undefined, { nonce: 'other' })).pod;
    const [secret = {}] = compiledOf().secrets;
    const all = { ...metadata?.annotations, [ANNOTATION.server]: 'https://drone.acme.test', ...annotations };
    const { metadata: made } = world.cluster.put(POD, {
      ...pod,
      metadata: { ...metadata, annotations: all },
    });
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: POD.name, uid: made?.uid ?? '' }];
    world.cluster.put(SECRET, { ...secret, metadata: { ...secret.metadata, ownerReferences } });
  }

  it('of a former life whose write came late is gone on with: there is never a second one', async () => {
    const own = { [ANNOTATION.owner]: 'ci/me', [ANNOTATION.draft]: 'other' };
    const world = begin({}, (one) => putPod(one, own));
    await world.clock.step(0);
    expect(world.logs.of(1).order.nonce).toBe('other');
    await world.finishSteps();
    expect(world.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
    expect([world.pod, world.isOver()]).toEqual([undefined, true]);
  });

  it('of a former life that was reported before is removed first', async () => {
    const own = { [ANNOTATION.owner]: 'ci/me', [ANNOTATION.draft]: 'other' };
    const world = begin({}, (one) => {
      putPod(one, own);
      one.registry.finish(one.pod?.metadata?.uid, 0);
    });
    await world.clock.step(5_000);
    expect(world.logs.of(1).order.nonce).toBe('n0nce');
    expect(world.cluster.count('remove', 'pods')).toBe(1);
  });

  it('of another replica is not ours: it is left, and nothing is reported', async () => {
    const world = begin({}, (one) => putPod(one, { [ANNOTATION.owner]: 'ci/other' }));
    await world.clock.step(0);
    expect([world.reports, world.isOver(), world.intents.size]).toEqual([[], true, 0]);
    expect(world.pod?.metadata?.annotations?.[ANNOTATION.owner]).toBe('ci/other');
  });
});

describe('a Pod in which nothing of the pipeline has run', () => {
  const refused = (pod: V1Pod | undefined, changes: object = {}): V1Pod => ({
    ...pod,
    status: { phase: 'Failed', reason: 'OutOfcpu', message: 'no cpu left', ...changes },
  });

  it('and which its node refuses is made again, and the stage goes on', async () => {
    const world = begin();
    await world.clock.step(0);
    const { uid } = world.pod?.metadata ?? {};
    world.cluster.put(POD, refused(world.pod));
    await world.clock.step(1_000);
    expect([world.pod, world.intents.get(63)?.started]).toEqual([
      undefined,
      { stepIds: [100, 200], owners: 1 },
    ]);
    expect(world.registry.entries).toMatchObject([
      { phase: 'starting', reason: expect.stringMatching(/another Pod: .*no cpu left/) as string },
    ]);
    await world.clock.step(5_000);
    expect(world.pod?.metadata?.uid).not.toBe(uid);
    expect(world.intents.get(63)?.started).toBeUndefined();
    await world.finishSteps();
    expect(world.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
    expect([world.pod, world.isOver(), world.intents.size]).toEqual([undefined, true, 0]);
  });

  it('is made again three times at most', async () => {
    const world = begin();
    for (let time = 0; time < 3; time++) {
      await world.clock.step(60_000);
      world.cluster.put(POD, refused(world.pod));
    }
    await world.clock.step(60_000);
    expect(world.server.stage.status).toBe('running');
    world.cluster.put(POD, refused(world.pod));
    await world.clock.step(60_000);
    expect(world.server.stage).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/ended the Pod: OutOfcpu: no cpu left/) as string,
    });
    expect(world.cluster.count('create', 'pods')).toBe(4);
  });

  it.each([
    [
      'a step may have run',
      { containerStatuses: withStates({}, { 1: gated(137) }).status?.containerStatuses },
    ],
    [
      'only others say that its node is gone',
      { reason: '', conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC' }] },
    ],
  ])('is not certain where %s: the stage ends', async (_, changes) => {
    const world = begin();
    await world.clock.step(0);
    world.cluster.put(POD, refused(world.pod, changes));
    await world.clock.step(20_000);
    expect(world.server.stage.status).toBe('error');
    expect(world.cluster.count('create', 'pods')).toBe(1);
  });

  it('is not made again for a build that is cancelled meanwhile', async () => {
    const world = begin();
    await world.clock.step(0);
    world.cluster.put(POD, refused(world.pod));
    await world.clock.step(1_000);
    world.cancel();
    await world.clock.step(60_000);
    expect([world.pod, world.isOver(), world.server.stage.status]).toEqual([undefined, true, 'killed']);
    expect(world.cluster.count('create', 'pods')).toBe(1);
  });
});

describe('a cancel on the way', () => {
  it.each([['killed'], ['skipped'], ['error']])(
    'a build that is %s when its details come is begun no more',
    async (status) => {
      const world = begin({}, ({ server }) => Object.assign(server, { details: aDetail(status) }));
      await world.clock.step(0);
      expect([world.reports, world.cluster.count('create', 'pods'), world.isOver()]).toEqual([
        ['stage killed'],
        0,
        true,
      ]);
    },
  );

  it.each([['killed'], ['success'], ['error']] as const)(
    'a stage that is %s when its details come is left as it is',
    async (status) => {
      const world = begin({}, ({ server }) =>
        Object.assign(server, { stage: aStage({ status, version: 8 }) }),
      );
      await world.clock.step(0);
      expect([world.reports, world.server.stage.status, world.isOver(), world.intents.size]).toEqual([
        [],
        status,
        true,
        0,
      ]);
    },
  );

  it('while it is drafted', async () => {
    const draft: StageParts['draft'] = (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    const world = begin({ draft });
    await world.clock.step(0);
    world.cancel();
    await world.clock.step(0);
    expect([world.server.stage.status, world.isOver(), world.cluster.count('create', 'pods')]).toEqual([
      'killed',
      true,
      0,
    ]);
    expect(world.heard.some((word) => word.startsWith('failed'))).toBe(false);
  });

  it('in the line, silently', async () => {
    const world = begin({}, (one) => Object.assign(one, { taken: BUSY }));
    await world.clock.step(0);
    expect(world.line.length).toBe(1);
    world.cancel();
    await world.clock.step(0);
    expect([world.line.length, world.isOver(), world.pod]).toEqual([0, true, undefined]);
  });

  it('in the line, when its log says so already', async () => {
    const world = begin({}, (one) => Object.assign(one, { taken: BUSY }));
    await world.clock.step(10_000);
    expect(world.pod).toBeDefined();
    world.cancel();
    await world.clock.step(0);
    expect([world.pod, world.line.length, world.isOver(), world.server.stage.status]).toEqual([
      undefined,
      0,
      true,
      'killed',
    ]);
    expect(world.logs.of(1).isStored).toBe(true);
  });

  it('while the quota is spent', async () => {
    const spent = refusal(403, 'Forbidden', 'exceeded quota: team');
    const world = begin({}, ({ cluster }) => cluster.fail('create', 'pods', spent, spent));
    await world.clock.step(0);
    world.cancel();
    await world.clock.step(0);
    expect([world.isOver(), world.pod]).toEqual([true, undefined]);
  });

  it('while it flies', async () => {
    const world = begin();
    await world.clock.step(0);
    world.cancel();
    await world.clock.step(0);
    expect([world.registry.entries, world.pod]).toEqual([[], undefined]);
    expect(world.heard).toContain('concluded cancelled');
  });
});

describe('a cancel that no watch hears', () => {
  const hears = (world: TestStage): boolean => world.heard.includes('concluded cancelled');

  it('is found within ten seconds while the steps run', async () => {
    const world = begin();
    await world.clock.step(20_000);
    world.server.cancel();
    await world.clock.step(8_000);
    expect([hears(world), world.pod, world.registry.entries, world.server.stage.status]).toEqual([
      true,
      undefined,
      [],
      'killed',
    ]);
  });

  it('is found within ten seconds in the line', async () => {
    const world = begin({}, (one) => Object.assign(one, { taken: BUSY }));
    await world.clock.step(20_000);
    expect(world.pod).toBeDefined();
    world.server.cancel();
    await world.clock.step(8_000);
    expect([world.pod, world.line.length, world.isOver()]).toEqual([undefined, 0, true]);
  });

  it('is found by the start, of a stage that was not started yet', async () => {
    const world = begin({}, (one) => Object.assign(one, { taken: BUSY }));
    await world.clock.step(3_000);
    world.server.cancel();
    await world.clock.step(7_000);
    expect([world.pod, world.line.length, world.isOver(), world.server.stage.status]).toEqual([
      undefined,
      0,
      true,
      'killed',
    ]);
  });

  it('is not seen in a Pod that another replica has taken over', async () => {
    const world = begin();
    await world.clock.step(20_000);
    const { pod } = world;
    const annotations = { ...pod?.metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
    world.server.stage = { ...world.server.stage, version: 20 };
    world.cluster.put(POD, { ...pod, metadata: { ...pod?.metadata, annotations } });
    await world.clock.step(30_000);
    expect([hears(world), world.pod?.metadata?.annotations?.[ANNOTATION.owner]]).toEqual([false, 'ci/other']);
  });

  it('and none: the stage that has ended is not asked about, nor opened again', async () => {
    const world = begin();
    await world.clock.step(20_000);
    await world.finishSteps();
    const { looks } = world.server;
    await world.clock.step(60_000);
    expect([world.server.looks, world.server.stage.status]).toEqual([looks, 'success']);
  });
});

describe('a wait', () => {
  const waits = (changes: Partial<StageParts> = {}) =>
    begin(changes, (one) => Object.assign(one, { taken: BUSY }));

  it('of less than ten seconds is silent', async () => {
    const world = waits();
    await world.clock.step(9_999);
    expect([world.reports, world.pod]).toEqual([[], undefined]);
    world.taken = FREE;
    world.line.next();
    await world.clock.step(0);
    expect(world.reports).toEqual(['stage running']);
    expect(world.heard).toContain('waited capacity 9999');
  });

  it('of longer shows in the build’s own log, and survives this process on a held Pod', async () => {
    const world = waits();
    await world.clock.step(10_000);
    expect(world.reports).toEqual(['stage running', '1 running']);
    expect(world.logs.of(1).notes).toEqual([
      expect.stringMatching(/^waiting to be admitted: 1 pipeline of 1 pipeline/),
    ]);
    const reason = expect.stringMatching(/^1 pipeline of 1 pipeline/) as string;
    expect(world.registry.entries).toMatchObject([{ phase: 'waiting', reason }]);
    expect(world.pod && holdsGate(world.pod)).toBe(true);
    expect(world.pod?.metadata?.annotations?.[ANNOTATION.stepIds]).toBe('{"1":100,"2":200}');
    world.taken = FREE;
    world.line.next();
    await world.clock.step(0);
    expect(world.pod && holdsGate(world.pod)).toBe(false);
    await world.finishSteps();
    expect(world.reports).toEqual(['stage running', '1 running', '1 success', '2 success', 'stage success']);
    expect(world.server.step(1)?.started).toBe(1_768_383_011);
  });

  it('has a limit, after which all steps of the stage are told', async () => {
    const world = waits({ waitLimitMs: 120_000 });
    await world.clock.step(119_999);
    expect(world.isOver()).toBe(false);
    await world.clock.step(1);
    expect(world.server.stage).toMatchObject({
      status: 'error',
      error: 'the pipeline was not admitted within 2 minutes',
    });
    expect([1, 2].map((n) => world.server.statusOf(n))).toEqual(['error', 'skipped']);
    expect([world.pod, world.line.length, world.isOver(), world.registry.isQuiet]).toEqual([
      undefined,
      0,
      true,
      true,
    ]);
    expect(world.logs.of(1).isStored).toBe(true);
  });

  it('for what can never be is refused at once', async () => {
    const world = new TestStage();
    onTestFinished(() => world.close());
    const refusing: StageParts = Object.assign({}, world.parts, {
      line: { enter: () => Promise.resolve({ kind: 'refused', text: 'asks for too much' }) },
    });
    await runStage(refusing, { stage: aStage(), machine: 'me' }, world.handOver.signal);
    expect(world.server.stage).toMatchObject({ status: 'error', error: 'asks for too much' });
    expect(world.heard).toContain('failed over-budget pipeline');
  });

  it('leaves the line when what it shows meanwhile goes wrong', async () => {
    const world = waits();
    world.cluster.fail('create', 'pods', refusal(422, 'Invalid', 'bad mount'));
    await world.clock.step(10_000);
    expect([world.line.length, world.isOver(), world.server.stage.status]).toEqual([0, true, 'error']);
  });

  it('for a spent quota is no failure', async () => {
    const spent = refusal(403, 'Forbidden', 'exceeded quota: team');
    const world = begin({}, ({ cluster }) => cluster.fail('create', 'pods', spent));
    await world.clock.step(0);
    expect(world.registry.entries).toMatchObject([
      { phase: 'waiting', reason: expect.stringMatching(/exceeded quota/) as string },
    ]);
    await world.clock.step(5_000);
    expect(world.pod).toBeDefined();
  });
});

describe('a hand-over', () => {
  it('before there is a Pod keeps the intent for whoever comes next', async () => {
    const world = begin({}, (one) => Object.assign(one, { taken: BUSY }));
    await world.clock.step(0);
    world.handOver.abort();
    await world.clock.step(0);
    expect([world.isOver(), world.intents.size, world.reports, world.registry.entries]).toEqual([
      true,
      1,
      [],
      [],
    ]);
  });

  it('in flight leaves the Pod', async () => {
    const world = begin();
    await world.clock.step(0);
    world.handOver.abort();
    await world.clock.step(0);
    expect([world.isOver(), world.reports]).toEqual([true, ['stage running']]);
    expect(world.cluster.find(POD)).toBeDefined();
    expect(world.cluster.find(SECRET)).toBeDefined();
  });

  it('while a failure is told leaves the rest to the next one', async () => {
    const world = begin({}, ({ cluster, server }) => {
      cluster.fail('patch', 'pods', refusal(422, 'Invalid'));
      let calls = 0;
      cluster.intercept(({ verb }) => {
        if (verb !== 'patch') return;
        calls += 1;
        if (calls === 1) server.gate = new Promise(() => undefined);
      });
    });
    await world.clock.step(0);
    world.handOver.abort();
    await world.clock.step(0);
    expect([world.isOver(), world.reports]).toEqual([true, ['stage running']]);
    expect(world.cluster.count('remove', 'pods')).toBe(0);
    expect(world.cluster.all({ resource: RESOURCE.pods, namespace: 'ci' })).toHaveLength(1);
  });
});
