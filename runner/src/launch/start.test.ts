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
      // The server does not echo everything (drone-rpc §2.4).
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
  };
  const compiled = { plan: planOf(some), masks: {}, pod, namespace: 'ci' };
  const start = () => startStage(parts, { stage, compiled }, never);
  return { clock, cluster, sent, shown, pod, parts, start };
}

async function started(world: ReturnType<typeof begin>): Promise<Started> {
  const outcome = await world.start();
  if (outcome.kind === 'conflict') throw new Error('a conflict');
  return outcome.started;
}

describe('starting a stage at the server', () => {
  it('sends all steps once, as pending and without ids, and keeps what only we know', async () => {
    const world = begin();
    const { stage: now, stepIds } = await started(world);
    expect(world.sent).toMatchObject([
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

  it('hands on a conflict, and whether an answer was lost before it', async () => {
    const { parts, start } = begin();
    const conflict = { kind: 'conflict', afterLostAnswer: true } as const;
    Object.assign(parts.ciServer, { updateStage: () => Promise.resolve(conflict) });
    expect(await start()).toEqual(conflict);
  });
});

describe('showing why a stage waits', () => {
  it('reports the first step as running, then says it in its log, live', async () => {
    const world = begin();
    const one = await started(world);
    await one.showWaiting(world.parts, 'waiting for room', never);
    expect(world.sent[1]).toMatchObject({ id: 201, number: 1, status: 'running', version: 1 });
    expect(world.shown).toEqual(['open 201 step-1 n0', 'live', 'waiting for room']);
    expect(one.firstLog).toBeDefined();
  });

  it('says it without marks of a gate where the first step has none, and nothing where there is no step', async () => {
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
    ['is held by our gate', [SCHEDULING_GATE, 'other'], true],
    ['is not held by another’s', ['other'], false],
    ['is not held by none', [], false],
  ])('%s', (_, gates, want) => {
    expect(holdsGate(begin(steps, gates).pod)).toBe(want);
  });

  it('is given the ids and stays held', async () => {
    const world = begin();
    await register(world.parts, world.pod, await started(world), never);
    expect(world.cluster.find<V1Pod>(podAt)).toMatchObject({
      metadata: {
        annotations: {
          kept: 'yes',
          [ANNOTATION.stepIds]: '{"1":201,"2":202}',
          [ANNOTATION.stageVersion]: '3',
          [ANNOTATION.stageStarted]: String(Math.floor(world.clock.now() / 1000)),
        },
      },
      spec: { schedulingGates: [{ name: SCHEDULING_GATE }] },
    });
  });

  it.each([
    ['only our gate was there', [SCHEDULING_GATE], undefined],
    ['others hold it still', [SCHEDULING_GATE, 'other'], [{ name: 'other' }]],
  ])('is let go in one write: %s', async (_, gates, want) => {
    const world = begin(steps, gates);
    await ungate(world.parts, world.pod, { started: await started(world), admittedMs: 5 }, never);
    const pod = world.cluster.find<V1Pod>(podAt);
    expect(pod?.spec?.schedulingGates).toEqual(want);
    expect(pod?.metadata?.annotations).toMatchObject({
      [ANNOTATION.admittedAt]: '5',
      [ANNOTATION.stageVersion]: '3',
    });
    expect(world.cluster.count('patch', 'pods')).toBe(1);
  });

  it('is written again after trouble, a lost answer and a race in the API server, with longer pauses', async () => {
    const world = begin();
    const one = await started(world);
    let lost = true;
    world.cluster.intercept(() => {
      if (!lost) return undefined;
      lost = false;
      return 'lost';
    });
    const slower = Object.assign(refusal(429, 'TooManyRequests'), { retryAfterMs: 2_000 });
    world.cluster.fail('patch', 'pods', noAnswer(), refusal(409, 'Conflict'), slower);
    const written = ungate(world.parts, world.pod, { started: one, admittedMs: 5 }, never);
    await world.clock.step(100 + 200 + 400 + 2_000);
    expect(holdsGate(await written)).toBe(false);
    expect(world.cluster.count('patch', 'pods')).toBe(5);
  });

  it('that is gone is the cluster’s fault, and said so', async () => {
    const world = begin();
    const one = await started(world);
    world.cluster.drop(podAt);
    await expect(register(world.parts, world.pod, one, never)).rejects.toMatchObject({
      code: 'pod-deleted',
      blame: 'cluster',
    });
  });

  it('that may not be written is tried for five minutes, as somebody may be rewriting the Role', async () => {
    const world = begin();
    const one = await started(world);
    const denied = refusal(403, 'Forbidden');
    world.cluster.fail('patch', 'pods', denied, denied);
    const written = register(world.parts, world.pod, one, never);
    await world.clock.step(1_000);
    expect(await written).toBeDefined();
    world.cluster.intercept(() => {
      throw denied;
    });
    const failed = expect(register(world.parts, world.pod, one, never)).rejects.toMatchObject({
      code: 'right-missing',
    });
    await world.clock.step(360_000);
    await failed;
  });

  it('that can’t be written for an unknown reason is not tried again', async () => {
    const world = begin();
    const one = await started(world);
    world.cluster.fail('patch', 'pods', new TypeError('a bug'));
    await expect(register(world.parts, world.pod, one, never)).rejects.toThrow('a bug');
  });

  it('that was replaced by another of that name is not written', async () => {
    const world = begin();
    const one = await started(world);
    world.cluster.drop(podAt);
    world.cluster.put<V1Pod>(podAt, { metadata: {} });
    await expect(register(world.parts, world.pod, one, never)).rejects.toMatchObject({ code: 'pod-deleted' });
    expect(world.cluster.find(podAt)?.metadata?.annotations).toBeUndefined();
  });

  it('is left as it is by who is stopped in the middle of a pause', async () => {
    const world = begin();
    const one = await started(world);
    world.cluster.fail('patch', 'pods', noAnswer());
    const stop = new AbortController();
    const written = register(world.parts, world.pod, one, stop.signal);
    await settle();
    stop.abort(new Error('cancelled'));
    await expect(written).rejects.toThrow('cancelled');
    expect(world.clock.pending).toBe(0);
  });
});
