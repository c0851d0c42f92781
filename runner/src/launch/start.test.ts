import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION, SCHEDULING_GATE } from '../pipeline/compiled.ts';
import type { DroneStage, DroneStep } from '../pipeline/drone.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import type { CiServer } from '../ports/ci-server.ts';
import type { StepLogs } from '../ports/step-logs.ts';
import { holdsGate, register, type Started, startStage, ungate } from './start.ts';

const never = new AbortController().signal;
const podAt = { resource: RESOURCE.pods, namespace: 'ci', name: 'p' };
const stage = {
  id: 63,
  buildId: 41,
  version: 2,
  status: 'pending',
  machine: 'r1',
  labels: { pool: 'large' },
} as unknown as DroneStage;
const steps = [1, 2].map((n) => ({ n, name: `step${n}`, role: 'step', engine: 'gate', dependsOn: [] }));
const planOf = (some: typeof steps): RunPlan => ({ steps: some, nonce: 'n0' }) as unknown as RunPlan;

function begin(some = steps, gates = [SCHEDULING_GATE]) {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const sent: (DroneStage | DroneStep)[] = [];
  const shown: string[] = [];
  const ciServer: Partial<CiServer> = {
    updateStage: (whole) => {
      sent.push(whole);
      const numbered = whole.steps.map((step) => ({ ...step, id: 200 + step.number, version: 1 }));
      // The server does not return all fields (drone-rpc §2.4).
      const value = { ...whole, version: 3, labels: {}, steps: numbered };
      return Promise.resolve({ kind: 'updated', value });
    },
    updateStep: (step) => {
      sent.push(step);
      return Promise.resolve({ kind: 'updated', value: { ...step, version: step.version + 1 } });
    },
  };
  const stepLogs: Pick<StepLogs, 'open'> = {
    open: (about) => {
      shown.push(`open ${about.stepId} ${about.container} ${about.nonce ?? 'no nonce'}`);
      const log = { goLive: () => shown.push('live'), note: (text: string) => shown.push(text) };
      return log as unknown as ReturnType<StepLogs['open']>;
    },
  };
  const pod = cluster.put<V1Pod>(podAt, {
    metadata: { annotations: { kept: 'yes' } },
    spec: { containers: [], schedulingGates: gates.map((name) => ({ name })) },
  });
  const parts = {
    clock,
    ciServer: ciServer as CiServer,
    cluster,
    stepLogs: stepLogs as StepLogs,
    log: silentLogger,
    lease: { owner: 'ci/me' },
  };
  const contents = { plan: planOf(some), masks: {}, podName: 'drone-abc', namespace: 'ci' };
  const start = (repeats = 0) => startStage(parts, { stage, contents, repeats }, never);
  return { clock, cluster, sent, shown, pod, parts, start };
}

async function started(env: ReturnType<typeof begin>): Promise<Started> {
  const outcome = await env.start();
  if (outcome.kind === 'conflict') throw new Error('a conflict');
  return outcome.started;
}

describe('starting a stage at the server', () => {
  it('sends all steps once, as pending and without ids, and keeps the fields that the server does not return', async () => {
    const env = begin();
    const { stage: now, stepIds } = await started(env);
    expect(env.sent).toMatchObject([
      {
        id: 63,
        version: 2,
        status: 'running',
        steps: [
          { id: 0, number: 1, status: 'pending' },
          { id: 0, number: 2 },
        ],
      },
    ]);
    expect([...stepIds]).toEqual([
      [1, 201],
      [2, 202],
    ]);
    expect(now).toMatchObject({ version: 3, status: 'running', machine: 'r1', labels: { pool: 'large' } });
  });

  it('numbers the steps anew where starts were lost, and knows them by their numbers in the plan', async () => {
    const env = begin();
    const outcome = await env.start(2);
    expect(env.sent).toMatchObject([{ steps: [{ id: 0, number: 2_001 }, { number: 2_002 }] }]);
    expect(outcome.kind === 'started' && [...outcome.started.stepIds.keys()]).toEqual([1, 2]);
  });

  it('returns a conflict, and whether a response was lost before it', async () => {
    const { parts, start } = begin();
    const conflict = { kind: 'conflict', afterLostAnswer: true } as const;
    Object.assign(parts.ciServer, { updateStage: () => Promise.resolve(conflict) });
    expect(await start()).toEqual(conflict);
  });
});

describe('showing why a stage waits', () => {
  it('reports the first step as running, then writes the reason to its live log', async () => {
    const env = begin();
    const one = await started(env);
    await one.showWaiting(env.parts, 'waiting for room', never);
    expect(env.sent[1]).toMatchObject({ id: 201, number: 1, status: 'running', version: 1 });
    expect(env.shown).toEqual(['open 201 step-1 n0', 'live', 'waiting for room']);
    expect(one.firstLog).toBeDefined();
  });

  it('writes it without gate markers if the first step has no gate, and nothing if there is no step', async () => {
    const swapped = begin(steps.map((step) => ({ ...step, engine: 'swap' })));
    await (await started(swapped)).showWaiting(swapped.parts, 'text', never);
    expect(swapped.shown[0]).toBe('open 201 step-1 no nonce');
    const empty = begin([]);
    await (await started(empty)).showWaiting(empty.parts, 'text', never);
    expect(empty.shown).toEqual([]);
  });
});

describe('the Pod', () => {
  it.each([
    ['has our gate', [SCHEDULING_GATE, 'other'], true],
    ['has only another gate', ['other'], false],
    ['has no gate', [], false],
  ])('%s', (_, gates, want) => {
    expect(holdsGate(begin(steps, gates).pod)).toBe(want);
  });

  it('gets the ids and keeps its gate', async () => {
    const env = begin();
    await register(env.parts, env.pod, await started(env), never);
    expect(env.cluster.find<V1Pod>(podAt)).toMatchObject({
      metadata: {
        annotations: {
          kept: 'yes',
          [ANNOTATION.stepIds]: '{"1":201,"2":202}',
          [ANNOTATION.stageVersion]: '3',
          [ANNOTATION.stageStarted]: String(Math.floor(env.clock.now() / 1000)),
        },
      },
      spec: { schedulingGates: [{ name: SCHEDULING_GATE }] },
    });
  });

  it('gets the versions of steps that were reported while the stage waited, for the next owner', async () => {
    const env = begin();
    const one = await started(env);
    const stepVersions = (): unknown =>
      env.cluster.find<V1Pod>(podAt)?.metadata?.annotations?.[ANNOTATION.stepVersions];
    await register(env.parts, env.pod, one, never);
    expect(stepVersions()).toBeUndefined();
    await one.showWaiting(env.parts, 'waiting for room', never);
    await ungate(env.parts, env.pod, { started: one, admittedMs: 5 }, never);
    expect(stepVersions()).toBe('{"1":2}');
  });

  it.each([
    ['only our gate was there', [SCHEDULING_GATE], undefined],
    ['another gate remains', [SCHEDULING_GATE, 'other'], [{ name: 'other' }]],
  ])('loses our gate in one write: %s', async (_, gates, want) => {
    const env = begin(steps, gates);
    await ungate(env.parts, env.pod, { started: await started(env), admittedMs: 5 }, never);
    const pod = env.cluster.find<V1Pod>(podAt);
    expect(pod?.spec?.schedulingGates).toEqual(want);
    expect(pod?.metadata?.annotations).toMatchObject({
      [ANNOTATION.admittedAt]: '5',
      [ANNOTATION.stageVersion]: '3',
    });
    expect(env.cluster.count('patch', 'pods')).toBe(1);
  });

  it('is written again after a failure, a lost response and a race in the API server, with longer pauses', async () => {
    const env = begin();
    const one = await started(env);
    let lost = true;
    env.cluster.intercept(() => {
      if (!lost) return undefined;
      lost = false;
      return 'lost';
    });
    const slower = Object.assign(refusal(429, 'TooManyRequests'), { retryAfterMs: 2_000 });
    env.cluster.fail('patch', 'pods', noAnswer(), refusal(409, 'Conflict'), slower);
    const written = ungate(env.parts, env.pod, { started: one, admittedMs: 5 }, never);
    await env.clock.step(100 + 200 + 2_000);
    await written;
    expect(holdsGate(env.cluster.find<V1Pod>(podAt) ?? {})).toBe(false);
    // Five, and one for the version that the lost response has left behind.
    expect(env.cluster.count('patch', 'pods')).toBe(6);
  });

  it('that has changed is written at once with its new version, without the gates that others have removed', async () => {
    const env = begin(steps, [SCHEDULING_GATE, 'other']);
    const one = await started(env);
    const schedulingGates = [{ name: SCHEDULING_GATE }];
    env.cluster.put<V1Pod>(podAt, { ...env.pod, spec: { containers: [], schedulingGates } });
    const written = await ungate(env.parts, env.pod, { started: one, admittedMs: 5 }, never);
    expect([written.kind, env.clock.pending]).toEqual(['changed', 0]);
    expect(env.cluster.find<V1Pod>(podAt)?.spec?.schedulingGates).toBeUndefined();
  });

  it('that another replica has taken over is not started (issue 11, 1.3)', async () => {
    const env = begin();
    const one = await started(env);
    const annotations = { [ANNOTATION.owner]: 'ci/other' };
    env.cluster.put<V1Pod>(podAt, { ...env.pod, metadata: { annotations } });
    const written = await ungate(env.parts, env.pod, { started: one, admittedMs: 5 }, never);
    expect(written.kind).toBe('others');
    const pod = env.cluster.find<V1Pod>(podAt) ?? {};
    expect([holdsGate(pod), pod.metadata?.annotations]).toEqual([true, annotations]);
  });

  it('that is gone ends with an error of the cluster', async () => {
    const env = begin();
    const one = await started(env);
    env.cluster.drop(podAt);
    await expect(register(env.parts, env.pod, one, never)).rejects.toMatchObject({
      code: 'pod-deleted',
      blame: 'cluster',
    });
  });

  it('that may not be written is retried for five minutes, as the Role may be being replaced', async () => {
    const env = begin();
    const one = await started(env);
    const denied = refusal(403, 'Forbidden');
    env.cluster.fail('patch', 'pods', denied, denied);
    const written = register(env.parts, env.pod, one, never);
    await env.clock.step(1_000);
    expect(await written).toBeDefined();
    env.cluster.intercept(() => {
      throw denied;
    });
    const failed = expect(register(env.parts, env.pod, one, never)).rejects.toMatchObject({
      code: 'right-missing',
    });
    await env.clock.step(360_000);
    await failed;
  });

  it('that can’t be written for an unknown reason is not retried', async () => {
    const env = begin();
    const one = await started(env);
    env.cluster.fail('patch', 'pods', new TypeError('a bug'));
    await expect(register(env.parts, env.pod, one, never)).rejects.toThrow('a bug');
  });

  it('that was replaced by another of that name is not written', async () => {
    const env = begin();
    const one = await started(env);
    env.cluster.drop(podAt);
    env.cluster.put<V1Pod>(podAt, { metadata: {} });
    await expect(register(env.parts, env.pod, one, never)).rejects.toMatchObject({ code: 'pod-deleted' });
    expect(env.cluster.find(podAt)?.metadata?.annotations).toBeUndefined();
  });

  it('is left unchanged when the call is stopped during a pause', async () => {
    const env = begin();
    const one = await started(env);
    env.cluster.fail('patch', 'pods', noAnswer());
    const stop = new AbortController();
    const written = register(env.parts, env.pod, one, stop.signal);
    await settle();
    stop.abort(new Error('cancelled'));
    await expect(written).rejects.toThrow('cancelled');
    expect(env.clock.pending).toBe(0);
  });
});
