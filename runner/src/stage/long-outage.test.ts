import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { settle } from '@hangar/shared/testing/fake-clock';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AdmissionQueue } from '../admit/admission-queue.ts';
import { NO_LOAD } from '../admit/admit.ts';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { LABEL } from '../pipeline/compiled.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import type { CiServer } from '../ports/ci-server.ts';
import { gated, withStates } from '../supervise/testing/a-pod.ts';
import { aStage, FakeCiServer } from '../supervise/testing/fake-ci-server.ts';
import { runStage } from './run-stage.ts';
import { aDetail, compiledOf, TestStage } from './testing/test-stage.ts';

const MANY = 1_000;
const SOME = 100;
const DAY_MS = 24 * 3_600_000;
const UNLIMITED = { pipelines: MANY, pods: undefined, cpuMillicores: undefined, memoryBytes: undefined };
const idsOf = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
const podAt = (id: number) => ({ resource: RESOURCE.pods, namespace: 'ci', name: `drone-${id}` });

/** A Drone server with many stages, each of which is a {@link FakeCiServer}; it can be unavailable. */
class ManyStages {
  readonly servers: ReadonlyMap<number, FakeCiServer>;
  readonly ciServer: CiServer;

  constructor(ids: readonly number[]) {
    this.servers = new Map(ids.map((id) => [id, new FakeCiServer(stageOf(id))]));
    const of = (id: number): FakeCiServer => this.servers.get(id) ?? new FakeCiServer(stageOf(id));
    this.ciServer = Object.assign(new FakeCiServer(stageOf(0)), {
      detail: (id: number) => Promise.resolve({ ...aDetail(), stage: stageOf(id) }),
      updateStage: (stage: DroneStage, signal: AbortSignal) => of(stage.id).updateStage(stage, signal),
      updateStep: (...[step, signal]: Parameters<CiServer['updateStep']>) =>
        of(step.stageId).updateStep(step, signal),
    });
  }

  away(until: Promise<void>): void {
    for (const server of this.servers.values()) server.gate = until;
  }

  get ended(): number {
    return [...this.servers.values()].filter(({ stage }) => stage.status === 'success').length;
  }
}

const stageOf = (id: number): DroneStage => aStage({ id, buildId: id });

function podOf(id: number): V1Pod {
  const { metadata, ...pod } = compiledOf().pod;
  const labels = { ...metadata?.labels, [LABEL.stageId]: String(id) };
  return { ...pod, metadata: { ...metadata, name: `drone-${id}`, labels } };
}

/** This number of stages run, and end while the server is unavailable. */
async function begin(count: number) {
  const ids = idsOf(count);
  const drone = new ManyStages(ids);
  const env = new TestStage({
    ciServer: drone.ciServer,
    queue: new AdmissionQueue(() => NO_LOAD, UNLIMITED),
  });
  onTestFinished(() => env.close());
  for (const id of ids) {
    env.intents.set(id, { stageId: id, buildId: id, machine: 'me' });
    env.registry.enter(anEntry({ stageId: id, buildId: id, phase: 'preparing' }));
    const parts = {
      ...env.parts,
      draft: () => Promise.resolve(compiledOf(undefined, { pod: podOf(id), secrets: [] })),
    };
    void runStage(parts, { stage: stageOf(id), machine: 'me' }, env.handOver.signal);
  }
  await env.clock.step(0);
  const back = Promise.withResolvers<void>();
  drone.away(back.promise);
  for (const id of ids) {
    const pod = env.cluster.find<V1Pod>(podAt(id));
    if (pod) env.cluster.put(podAt(id), withStates(pod, { 1: gated(0), 2: gated(0) }));
  }
  await env.clock.step(0);
  const isHeld = (id: number): boolean => env.cluster.find(podAt(id)) !== undefined;
  return { env, drone, back: () => back.resolve(), held: () => ids.filter(isHeld).length };
}

describe('stages that end while the Drone server is unavailable', () => {
  it('are all reported after two days (1,000 stages), and leave nothing behind', {
    timeout: 60_000,
  }, async () => {
    const { env, drone, back, held } = await begin(MANY);
    await env.clock.step(2 * DAY_MS - 60_000);
    expect([held(), env.intents.size, drone.ended]).toEqual([MANY, MANY, 0]);
    expect(env.registry.entries.every(({ phase }) => phase === 'reporting')).toBe(true);

    back();
    await env.clock.step(0);
    await settle();
    expect([drone.ended, held(), env.intents.size]).toEqual([MANY, 0, 0]);
    expect([env.registry.isQuiet, env.heard.includes('expired')]).toEqual([true, false]);
  });

  it('are removed after a longer outage (100 stages), and each is counted', async () => {
    const { env, held } = await begin(SOME);
    await env.clock.step(2 * DAY_MS + 60_000);
    expect(env.heard.filter((word) => word === 'expired')).toHaveLength(SOME);
    expect([held(), env.intents.size, env.registry.isQuiet]).toEqual([0, 0, true]);
  });
});
