import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeSpec } from '@hangar/autoscaler/capacity/node-spec';
import type { ServiceFeature } from '@hangar/autoscaler/permissions';
import { karpenterBufferPolicy } from '@hangar/autoscaler/replay/policies/karpenter';
import { replay } from '@hangar/autoscaler/replay/replay';
import { parseTrace } from '@hangar/autoscaler/trace/gather';
import type { Clock } from '@hangar/shared/clock';
import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { orAborted } from '@hangar/shared/or-aborted';
import { parseCpuMillicores, parseMemoryBytes } from '@hangar/shared/quantity';
import type { V1Node } from '@kubernetes/client-node';
import { connectRealCluster } from '../../parts/real/facts.ts';
import { AutoscalerAccount } from '../../suites/real-flows/autoscaler-account.ts';
import type { DrivenBuild } from '../../suites/real-flows/build-driver.ts';
import { type RampOptions, rampBuilds } from '../../suites/real-flows/build-load.ts';
import { FakePool } from '../../suites/real-flows/fake-pool.ts';
import { KarpenterEngine } from '../../suites/real-flows/karpenter-engine.ts';
import { KarpenterSide } from '../../suites/real-flows/karpenter-side.ts';
import { gatheredTrace, type ReplayFigures, replayed, traceLines } from '../../suites/real-flows/replayed.ts';
import type { BenchTerminal } from '../command.ts';
import { quantile } from '../measure.ts';
import { BufferLog, boots, ClaimLog, type Counted, type NodeSpan, nodeHours } from './logs.ts';

/** The result of one node scaler on a load; measured, or predicted by `replay`. Waits in seconds. */
export interface EngineResult extends Pick<ReplayFigures, 'nodeHours' | 'boots' | 'waitSeconds'> {
  readonly who: string;
  readonly builds: number;
  /** Builds that were ended by something else; none in a replay. */
  readonly harmed: number;
}

/** Sums up what was seen; throws when a build has no node yet. */
function seenVerdict(
  who: string,
  builds: readonly DrivenBuild[],
  spans: readonly NodeSpan[],
  counted: Counted,
): EngineResult {
  const waits = builds.map(({ name, waitSeconds }) => {
    if (waitSeconds === undefined) throw new Error(`${name} never had a node`);
    return waitSeconds;
  });
  return {
    who,
    builds: builds.length,
    waitSeconds: {
      p50: quantile(waits, 0.5),
      p95: quantile(waits, 0.95),
      p99: quantile(waits, 0.99),
      max: quantile(waits, 1),
    },
    nodeHours: nodeHours(spans, counted),
    boots: boots(spans, counted),
    harmed: builds.filter(({ harm }) => harm !== '').length,
  };
}

/** The same of a replay. */
const foretoldVerdict = (who: string, { jobs, ...foretold }: ReplayFigures): EngineResult => ({
  who,
  builds: jobs,
  waitSeconds: foretold.waitSeconds,
  nodeHours: foretold.nodeHours,
  boots: foretold.boots,
  harmed: 0,
});

/** The prediction for Karpenter with the recorded buffer, instead of the rule that Hangar is assumed to follow. */
function replayedWith(buffer: BufferLog, trace: string, node: V1Node | undefined): ReplayFigures {
  const { jobs } = parseTrace(trace);
  return replay({
    jobs,
    node: { allocatable: allocatableOf(node) },
    bootSeconds: REGISTRATION_SECONDS,
    policy: karpenterBufferPolicy(buffer),
    seed: 1,
    countFrom: jobs[0]?.arrivedAt ?? 0,
  });
}

function allocatableOf(node: V1Node | undefined): NodeSpec['allocatable'] {
  const { cpu = '', memory = '', pods = '' } = node?.status?.allocatable ?? {};
  const cpuMillicores = parseCpuMillicores(cpu) ?? 0;
  const memoryBytes = parseMemoryBytes(memory) ?? 0;
  return { cpuMillicores, memoryBytes, pods: Number(pods) };
}

/** What the comparison needs of its surroundings. */
type Surroundings = Pick<BenchTerminal, 'clock' | 'complain' | 'stop'>;

interface Ground extends Surroundings {
  readonly pool: FakePool;
  readonly engine: KarpenterEngine;
  readonly account: AutoscalerAccount;
  readonly folder: string;
}

/** From a NodeClaim to its Node. */
export const REGISTRATION_SECONDS = 60;
const PROGRESS_MS = 60_000;
const LOOK_MS = 2_000;
const FEATURES: ReadonlySet<ServiceFeature> = new Set([
  'read-only',
  'advise',
  'lead',
  'events',
  'capacity-buffer',
]);

/**
 * Plays one load on two NodePools of the same Karpenter at once, one with a buffer that Hangar scales and one without, and
 * then the trace that Hangar wrote through `replay`. Both begin without a node. Rejects when the signal is aborted, tidied up.
 */
export async function sideBySide(
  ramp: RampOptions,
  surroundings: Surroundings,
): Promise<readonly EngineResult[]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'hangar-bench-'));
  await using tidying = new AsyncDisposableStack();
  const real = await connectRealCluster(surroundings.complain);
  const pool = await FakePool.open(real, 'bench');
  tidying.defer(() => pool.close());
  const engine = await KarpenterEngine.start(real, pool, REGISTRATION_SECONDS);
  tidying.defer(() => engine.close());
  const account = await AutoscalerAccount.make(real.layout, pool.namespace, FEATURES);
  tidying.defer(() => account.remove());
  const stop = AbortSignal.any([surroundings.stop, engine.gone]);
  return await compared(ramp, { ...surroundings, stop, pool, engine, account, folder: folder.path });
}

async function compared(ramp: RampOptions, ground: Ground): Promise<readonly EngineResult[]> {
  const { clock, pool, engine, account, folder, complain: say, stop } = ground;
  await using tidying = new AsyncDisposableStack();
  const builds = rampBuilds(ramp);
  const helped = await KarpenterSide.make(clock, pool, engine, 'hangar');
  const alone = await KarpenterSide.make(clock, pool, engine, 'alone');
  await helped.makeBuffer();
  const service = await helped.serve({ folder, kubeconfig: account.kubeconfig });
  tidying.defer(() => service.end());
  const claims = new ClaimLog(clock, pool);
  const buffer = new BufferLog();
  const noteBuffer = async (): Promise<void> => buffer.note(clock.now(), await helped.bufferPods());
  const looked = new AbortController();
  const looking = [
    lookAgain(clock, () => claims.look(), looked.signal),
    lookAgain(clock, noteBuffer, looked.signal),
    tellProgress(ground, { sides: [helped, alone], claims }, looked.signal),
  ];
  tidying.defer(() => Promise.all(looking).then(() => undefined));
  tidying.defer(() => looked.abort());
  say(`bench: karpenter: ${builds.length} builds on each side in ${ramp.spanSeconds} s`);
  const fromMs = clock.now() + (builds[0]?.atSeconds ?? 0) * 1000;
  await Promise.all([helped, alone].map(({ driver }) => driver.play(builds, stop)));
  const toMs = fromMs + ((builds.at(-1)?.atSeconds ?? 0) - (builds[0]?.atSeconds ?? 0)) * 1000;
  const [node] = await helped.readyNodes();
  await Promise.all([helped, alone].map(({ driver }) => driver.end()));
  say('bench: karpenter: all builds have had a node; now what replay foretells');
  const traced = async (): Promise<boolean> => (await traceLines(`${folder}/trace`)).length === builds.length;
  await orAborted(pool.eventually('the trace', traced), stop);
  const trace = await gatheredTrace(`${folder}/trace`);
  const seen = (who: string, { name, driver }: KarpenterSide): EngineResult =>
    seenVerdict(who, driver.builds, claims.spansOf(name), { fromMs, toMs });
  const question = { trace, node, bootSeconds: REGISTRATION_SECONDS };
  return [
    seen('Karpenter with Hangar', helped),
    foretoldVerdict('the same, predicted', await replayed({ ...question, policy: 'karpenter-buffer-sqrt' })),
    foretoldVerdict(
      'predicted with the buffer as it was set',
      replayedWith(buffer, await readFile(trace, 'utf8'), node),
    ),
    seen('Karpenter alone', alone),
    foretoldVerdict('the same, predicted', await replayed({ ...question, policy: 'karpenter' })),
  ];
}

/** Polls every two seconds until the signal is aborted; what one poll missed because the API refused it, the next one sees. */
async function lookAgain(clock: Clock, look: () => Promise<void>, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await look().catch((error: unknown) => {
      if (!isKubernetesError(error)) throw error;
    });
    await clock.sleep(LOOK_MS, stop);
  }
}

/** A line a minute, until the signal is aborted. */
async function tellProgress(
  { clock, complain: say }: Surroundings,
  { sides, claims }: { readonly sides: readonly KarpenterSide[]; readonly claims: ClaimLog },
  stop: AbortSignal,
): Promise<void> {
  for (let minutes = 1; ; minutes += 1) {
    await clock.sleep(PROGRESS_MS, stop);
    if (stop.aborted) return;
    const standing = sides.map(
      ({ name, driver }) => `${name} ${driver.builds.length} builds, ${claims.nodesOf(name)} nodes`,
    );
    say(`bench: karpenter: ${minutes} min: ${standing.join('; ')}`);
  }
}
