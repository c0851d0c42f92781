import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { holdsGate } from '../launch/start.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { CiServerError } from '../ports/ci-server.ts';
import { aPlan } from '../supervise/testing/a-plan.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { runStage } from './run-stage.ts';
import type { StageParts } from './stage-parts.ts';
import { aDetail, begin, compiledOf, POD, SECRET, TestStage } from './testing/test-stage.ts';

const BUSY = { pipelines: 1, pods: 0, cpuMillicores: 0, memoryBytes: 0 };
const FREE = { ...BUSY, pipelines: 0 };

describe('a stage', () => {
  it('runs from its details to its end, and leaves nothing behind', async () => {
    const env = begin();
    await env.clock.step(0);
    expect(env.pod?.metadata?.annotations).toMatchObject({
      [ANNOTATION.owner]: 'ci/me',
      [ANNOTATION.stepIds]: '{"1":100,"2":200}',
      [ANNOTATION.stageVersion]: '4',
      [ANNOTATION.admittedAt]: String(env.clock.now()),
    });
    expect([env.pod && holdsGate(env.pod), env.entered, env.intents.size]).toEqual([false, ['ci'], 1]);
    expect(env.registry.entries).toMatchObject([{ phase: 'running', repo: 'acme/widget', pod: 'drone-abc' }]);
    expect(env.logs.of(1).notes).toEqual(['beware']);
    await env.finishSteps();
    expect(env.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
    expect([env.registry.isQuiet, env.pod, env.isOver(), env.intents.size]).toEqual([
      true,
      undefined,
      true,
      0,
    ]);
    expect(env.heard).toEqual([
      'seen 41 push',
      'waited queue 0',
      'launched',
      'concluded completed',
      'finished',
    ]);
  });

  it('makes four writes to the cluster for a pipeline of any length (gate §4; known issue 53)', async () => {
    const env = begin();
    await env.clock.step(0);
    await env.finishSteps();
    const writes = env.cluster.calls.filter(({ verb }) => ['create', 'patch', 'remove'].includes(verb));
    expect(writes.map(({ verb, target }) => `${verb} ${target.resource.plural}`)).toEqual([
      'create pods',
      'create secrets',
      'patch pods',
      'remove pods',
    ]);
  });

  it('makes one more write for each request of its state, while no watch has proved that there is no cancel', async () => {
    const env = begin();
    await env.clock.step(25_000);
    expect([env.cluster.count('patch', 'pods'), env.server.looks]).toEqual([4, 3]);
    expect(env.pod?.metadata?.annotations?.[ANNOTATION.stageVersion]).toBe(String(env.server.stage.version));
    await env.finishSteps();
    expect(env.reports).toEqual(['stage running', '1 success', '2 success', 'stage success']);
  });

  it('succeeds without a Pod if there is nothing to run', async () => {
    const env = begin({ draft: () => Promise.resolve(compiledOf(aPlan([]))) });
    await env.clock.step(0);
    expect(env.reports).toEqual(['stage running', 'stage success']);
    expect([
      env.cluster.count('create', 'pods'),
      env.isOver(),
      env.registry.isQuiet,
      env.intents.size,
    ]).toEqual([0, true, true, 0]);
    expect(env.heard).toContain('concluded completed');
  });

  it('removes the namespace that was created for it, and watches it no longer', async () => {
    const draft = () => Promise.resolve(compiledOf(aPlan(), { createNamespace: true }));
    const env = begin({ draft });
    await env.clock.step(0);
    await env.finishSteps();
    expect([env.cluster.count('remove', 'namespaces'), env.left, env.podWatch.pods]).toEqual([1, ['ci'], []]);
  });
});

describe('a stage that can’t be run', () => {
  it.each([
    [
      'an error of the pipeline',
      new PipelineError('lint', 'linter: no image'),
      'linter: no image',
      'failed lint pipeline',
    ],
    ['an error of the runner', new TypeError('odd'), 'the runner failed: odd', 'failed internal bug'],
  ])('ends as an error with a text: %s (known issue 1)', async (_, error, text, heard) => {
    const env = begin({ draft: () => Promise.reject(error) });
    await env.clock.step(0);
    expect(env.server.stage).toMatchObject({ status: 'error', error: text, exitCode: 255 });
    expect([env.isOver(), env.registry.isQuiet, env.cluster.count('create', 'pods')]).toEqual([
      true,
      true,
      0,
    ]);
    expect(env.heard).toContain(heard);
  });

  it.each([3, -3])(
    'records its admission by the API server’s clock, although the clock of this node is set by %s days before its start',
    async (days) => {
      const env = begin({}, ({ cluster, clock }) => {
        const created = new Date(clock.now() + 3_600_000);
        cluster.intercept(({ verb, target, body }) => {
          if (verb !== 'create' || target.resource.plural !== 'pods') return;
          Object.assign((body as V1Pod).metadata ?? {}, { creationTimestamp: created });
          clock.jump(days * 86_400_000);
        });
      });
      await env.clock.step(0);
      const admitted = env.pod?.metadata?.annotations?.[ANNOTATION.admittedAt];
      expect(Number(admitted)).toBe(1_768_383_000_000 + 3_600_000);
    },
  );

  it('measures its durations on the monotonic clock, since the wall clock may be set meanwhile', async () => {
    const durations: number[] = [];
    const measure = (ms: number): void => void durations.push(ms);
    const env = begin({}, ({ parts, cluster, clock }) => {
      Object.assign(parts.events, { launched: measure, finished: measure });
      cluster.intercept(({ verb, target }) => {
        if (verb === 'create' && target.resource.plural === 'pods') clock.jump(-259_200_000);
      });
    });
    await env.clock.step(7_000);
    await env.finishSteps();
    await env.clock.step(1_000);
    expect(durations).toEqual([0, 7_000]);
  });

  it('ends with an error of the server if its details can’t be fetched (known issue 18)', async () => {
    const env = begin({}, ({ server }) =>
      server.refuse.push({ call: 'detail', error: new Error('git is away') }),
    );
    await env.clock.step(0);
    expect(env.server.stage.error).toMatch(/did not return the details of this stage: git is away/);
  });

  it.each([
    ['a failure of the database: the build continues', 9, 'running'],
    ['a failure of the Git host if the database works', 10, 'error'],
  ])('treats details that fail with 500 as %s', async (_, failures, status) => {
    const error = new CiServerError('detail', 500, 'trouble');
    const accepts: string[] = [];
    const env = begin({}, ({ server }) => {
      for (let n = 0; n < failures; n++) server.refuse.push({ call: 'detail', error });
      server.accept = () => {
        accepts.push('asked');
        return Promise.resolve({ kind: 'accepted', stage: {} });
      };
    });
    await env.clock.step(121_500);
    expect([env.server.stage.status, accepts.length, env.server.refuse]).toEqual([status, failures, []]);
    await env.close();
  });

  it('reports a Pod that Kubernetes rejects, and ends nothing else (known issue 1)', async () => {
    const env = begin({}, ({ cluster }) =>
      cluster.fail('create', 'pods', refusal(422, 'Invalid', 'bad mount')),
    );
    await env.clock.step(0);
    expect(env.server.stage).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/bad mount/) as string,
    });
    expect(env.isOver()).toBe(true);
  });

  /** The server applies the first starts, as many as that, and their responses are lost. */
  const losing = (starts: number) =>
    begin({}, ({ server, clock }) => {
      const update = server.updateStage.bind(server);
      let lost = 0;
      server.updateStage = async (...call) => {
        const updated = await update(...call);
        if (call[0].status !== 'running' || lost === starts) return updated;
        lost += 1;
        await clock.sleep(10_000);
        return { kind: 'conflict', afterLostAnswer: true };
      };
    });

  it('repeats a start that is not confirmed, with numbers of its own for the steps, and keeps its start time', async () => {
    const env = losing(2);
    const startedSeconds = env.clock.now() / 1000;
    await env.clock.step(21_000);
    expect([...env.server.steps.values()].map(({ number, status }) => `${number} ${status}`)).toEqual([
      ...['1 pending', '2 pending', '1001 pending', '1002 pending'],
      ...['2001 pending', '2002 pending'],
    ]);
    expect(env.pod?.metadata?.annotations).toMatchObject({ [ANNOTATION.stepIds]: '{"1":200100,"2":200200}' });
    await env.finishSteps();
    expect(env.server.stage).toMatchObject({ status: 'success', started: startedSeconds });
    expect([2_001, 2_002].map((n) => env.server.statusOf(n))).toEqual(['success', 'success']);
  });

  it('ends after starts that are not confirmed again and again, and removes the Pod', async () => {
    const env = losing(4);
    await env.clock.step(41_000);
    expect([env.pod, env.isOver(), env.server.stage.status]).toEqual([undefined, true, 'error']);
    expect(env.heard).toContain('failed start-lost operator');
  });

  it('does not repeat a start that is not confirmed if the build is cancelled meanwhile', async () => {
    const env = losing(1);
    await env.clock.step(5_000);
    env.server.cancel();
    await env.clock.step(6_000);
    expect([env.pod, env.isOver(), env.server.stage.status]).toEqual([undefined, true, 'killed']);
    expect(env.server.steps.size).toBe(2);
  });

  it('reports all steps if its Pod is deleted before it starts', async () => {
    const env = begin({}, ({ cluster }) => cluster.fail('patch', 'pods', refusal(404, 'NotFound')));
    await env.clock.step(0);
    expect(env.reports).toEqual(['stage running', 'stage error']);
    expect([1, 2].map((n) => env.server.statusOf(n))).toEqual(['skipped', 'skipped']);
    expect(env.heard).toContain('failed pod-deleted cluster');
  });
});

describe('a cancel', () => {
  it.each([['killed'], ['skipped'], ['error']])(
    'of a build that is %s when its details arrive: it is not started',
    async (status) => {
      const env = begin({}, ({ server }) => Object.assign(server, { details: aDetail(status) }));
      await env.clock.step(0);
      expect([env.reports, env.cluster.count('create', 'pods'), env.isOver()]).toEqual([
        ['stage killed'],
        0,
        true,
      ]);
    },
  );

  it.each([['killed'], ['success'], ['error']] as const)(
    'of a stage that is %s when its details arrive: it is left as it is',
    async (status) => {
      const env = begin({}, ({ server }) => Object.assign(server, { stage: aStage({ status, version: 8 }) }));
      await env.clock.step(0);
      expect([env.reports, env.server.stage.status, env.isOver(), env.intents.size]).toEqual([
        [],
        status,
        true,
        0,
      ]);
    },
  );

  it('while the pipeline is compiled', async () => {
    const draft: StageParts['draft'] = (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    const env = begin({ draft });
    await env.clock.step(0);
    env.cancel();
    await env.clock.step(0);
    expect([env.server.stage.status, env.isOver(), env.cluster.count('create', 'pods')]).toEqual([
      'killed',
      true,
      0,
    ]);
    expect(env.heard.some((word) => word.startsWith('failed'))).toBe(false);
  });

  it('in the queue, before the log states the wait', async () => {
    const env = begin({}, (one) => Object.assign(one, { taken: BUSY }));
    await env.clock.step(0);
    expect(env.queue.length).toBe(1);
    env.cancel();
    await env.clock.step(0);
    expect([env.queue.length, env.isOver(), env.pod]).toEqual([0, true, undefined]);
  });

  it('in the queue, after the log states the wait', async () => {
    const env = begin({}, (one) => Object.assign(one, { taken: BUSY }));
    await env.clock.step(10_000);
    expect(env.pod).toBeDefined();
    env.cancel();
    await env.clock.step(0);
    expect([env.pod, env.queue.length, env.isOver(), env.server.stage.status]).toEqual([
      undefined,
      0,
      true,
      'killed',
    ]);
    expect(env.logs.of(1).isStored).toBe(true);
  });

  it('while the quota is exhausted', async () => {
    const spent = refusal(403, 'Forbidden', 'exceeded quota: team');
    const env = begin({}, ({ cluster }) => cluster.fail('create', 'pods', spent, spent));
    await env.clock.step(0);
    env.cancel();
    await env.clock.step(0);
    expect([env.isOver(), env.pod]).toEqual([true, undefined]);
  });

  it('while the steps run', async () => {
    const env = begin();
    await env.clock.step(0);
    env.cancel();
    await env.clock.step(0);
    expect([env.registry.entries, env.pod]).toEqual([[], undefined]);
    expect(env.heard).toContain('concluded cancelled');
  });
});

describe('a cancel that no watch reports', () => {
  const hears = (env: TestStage): boolean => env.heard.includes('concluded cancelled');

  it('is found within ten seconds while the steps run', async () => {
    const env = begin();
    await env.clock.step(20_000);
    env.server.cancel();
    await env.clock.step(8_000);
    expect([hears(env), env.pod, env.registry.entries, env.server.stage.status]).toEqual([
      true,
      undefined,
      [],
      'killed',
    ]);
  });

  it('is found within ten seconds in the queue', async () => {
    const env = begin({}, (one) => Object.assign(one, { taken: BUSY }));
    await env.clock.step(20_000);
    expect(env.pod).toBeDefined();
    env.server.cancel();
    await env.clock.step(8_000);
    expect([env.pod, env.queue.length, env.isOver()]).toEqual([undefined, 0, true]);
  });

  it('is found by the start if the stage was not started yet', async () => {
    const env = begin({}, (one) => Object.assign(one, { taken: BUSY }));
    await env.clock.step(3_000);
    env.server.cancel();
    await env.clock.step(7_000);
    expect([env.pod, env.queue.length, env.isOver(), env.server.stage.status]).toEqual([
      undefined,
      0,
      true,
      'killed',
    ]);
  });

  it('is not assumed for a Pod that another replica has taken over', async () => {
    const env = begin();
    await env.clock.step(20_000);
    const { pod } = env;
    const annotations = { ...pod?.metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
    env.server.stage = { ...env.server.stage, version: 20 };
    env.cluster.put(POD, { ...pod, metadata: { ...pod?.metadata, annotations } });
    await env.clock.step(30_000);
    expect([hears(env), env.pod?.metadata?.annotations?.[ANNOTATION.owner]]).toEqual([false, 'ci/other']);
  });

  it('is no longer looked for after the stage has ended, which would open it again', async () => {
    const env = begin();
    await env.clock.step(20_000);
    await env.finishSteps();
    const { looks } = env.server;
    await env.clock.step(60_000);
    expect([env.server.looks, env.server.stage.status]).toEqual([looks, 'success']);
  });
});

describe('a wait', () => {
  const waits = (changes: Partial<StageParts> = {}) =>
    begin(changes, (one) => Object.assign(one, { taken: BUSY }));

  it('is silent for less than ten seconds', async () => {
    const env = waits();
    await env.clock.step(9_999);
    expect([env.reports, env.pod]).toEqual([[], undefined]);
    env.taken = FREE;
    env.queue.next();
    await env.clock.step(0);
    expect(env.reports).toEqual(['stage running']);
    expect(env.heard).toContain('waited capacity 9999');
  });

  it('is shown in the log of the build when it is longer, and survives this process on a gated Pod', async () => {
    const env = waits();
    await env.clock.step(10_000);
    expect(env.reports).toEqual(['stage running', '1 running']);
    expect(env.logs.of(1).notes).toEqual([expect.stringMatching(/^waiting to be admitted: 1 of 1 pipeline/)]);
    const reason = expect.stringMatching(/^1 of 1 pipeline/) as string;
    expect(env.registry.entries).toMatchObject([{ phase: 'waiting', reason }]);
    expect(env.pod && holdsGate(env.pod)).toBe(true);
    expect(env.pod?.metadata?.annotations?.[ANNOTATION.stepIds]).toBe('{"1":100,"2":200}');
    env.taken = FREE;
    env.queue.next();
    await env.clock.step(0);
    expect(env.pod && holdsGate(env.pod)).toBe(false);
    await env.finishSteps();
    expect(env.reports).toEqual(['stage running', '1 running', '1 success', '2 success', 'stage success']);
    expect(env.server.step(1)?.started).toBe(1_768_383_011);
  });

  it('has a limit, after which all steps of the stage are reported', async () => {
    const env = waits({ waitLimitMs: 120_000 });
    await env.clock.step(119_999);
    expect(env.isOver()).toBe(false);
    await env.clock.step(1);
    expect(env.server.stage).toMatchObject({
      status: 'error',
      error: 'the pipeline was not admitted within 2 minutes',
    });
    expect([1, 2].map((n) => env.server.statusOf(n))).toEqual(['error', 'skipped']);
    expect([env.pod, env.queue.length, env.isOver(), env.registry.isQuiet]).toEqual([
      undefined,
      0,
      true,
      true,
    ]);
    expect(env.logs.of(1).isStored).toBe(true);
  });

  it('is refused at once if it could never end', async () => {
    const env = new TestStage();
    onTestFinished(() => env.close());
    const refusing: StageParts = Object.assign({}, env.parts, {
      queue: { enter: () => Promise.resolve({ kind: 'refused', text: 'asks for too much' }) },
    });
    await runStage(refusing, { stage: aStage(), machine: 'me' }, env.handOver.signal);
    expect(env.server.stage).toMatchObject({ status: 'error', error: 'asks for too much' });
    expect(env.heard).toContain('failed over-budget pipeline');
  });

  it('leaves the queue if showing it fails', async () => {
    const env = waits();
    env.cluster.fail('create', 'pods', refusal(422, 'Invalid', 'bad mount'));
    await env.clock.step(10_000);
    expect([env.queue.length, env.isOver(), env.server.stage.status]).toEqual([0, true, 'error']);
  });

  it('for an exhausted quota is no failure', async () => {
    const spent = refusal(403, 'Forbidden', 'exceeded quota: team');
    const env = begin({}, ({ cluster }) => cluster.fail('create', 'pods', spent));
    await env.clock.step(0);
    expect(env.registry.entries).toMatchObject([
      { phase: 'waiting', reason: expect.stringMatching(/exceeded quota/) as string },
    ]);
    await env.clock.step(5_000);
    expect(env.pod).toBeDefined();
  });
});

describe('a hand-over', () => {
  it('before there is a Pod keeps the intent for the next owner', async () => {
    const env = begin({}, (one) => Object.assign(one, { taken: BUSY }));
    await env.clock.step(0);
    env.handOver.abort();
    await env.clock.step(0);
    expect([env.isOver(), env.intents.size, env.reports, env.registry.entries]).toEqual([true, 1, [], []]);
  });

  it('that others have decided on, by taking over the Pod, leaves the stage to them before it is started (issue 11, 1.3)', async () => {
    const env = begin();
    env.cluster.intercept(({ verb, target }) => {
      const { pod } = env;
      if (verb !== 'patch' || target.resource !== RESOURCE.pods || !pod) return;
      const annotations = { ...pod.metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
      env.cluster.put(POD, { ...pod, metadata: { ...pod.metadata, annotations } });
    });
    await env.clock.step(60_000);
    expect([env.pod && holdsGate(env.pod), env.reports]).toEqual([true, ['stage running']]);
    expect([env.registry.entries, env.intents.size, env.heard]).toEqual([
      [],
      0,
      expect.not.arrayContaining(['launched']),
    ]);
  });

  it('while the steps run leaves the Pod', async () => {
    const env = begin();
    await env.clock.step(0);
    env.handOver.abort();
    await env.clock.step(0);
    expect([env.isOver(), env.reports]).toEqual([true, ['stage running']]);
    expect(env.cluster.find(POD)).toBeDefined();
    expect(env.cluster.find(SECRET)).toBeDefined();
  });

  it('while a failure is reported leaves the rest to the next owner', async () => {
    const env = begin({}, ({ cluster, server }) => {
      cluster.fail('patch', 'pods', refusal(422, 'Invalid'));
      let calls = 0;
      cluster.intercept(({ verb }) => {
        if (verb !== 'patch') return;
        calls += 1;
        if (calls === 1) server.gate = new Promise(() => undefined);
      });
    });
    await env.clock.step(0);
    env.handOver.abort();
    await env.clock.step(0);
    expect([env.isOver(), env.reports]).toEqual([true, ['stage running']]);
    expect(env.cluster.count('remove', 'pods')).toBe(0);
    expect(env.cluster.all({ resource: RESOURCE.pods, namespace: 'ci' })).toHaveLength(1);
  });
});
