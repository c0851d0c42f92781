import { mkdtempDisposable } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceFeature } from '@hangar/autoscaler/permissions';
import type { Clock } from '@hangar/shared/clock';
import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { orAborted } from '@hangar/shared/or-aborted';
import { connectRealCluster } from '../../parts/real/facts.ts';
import { until } from '../../parts/until.ts';
import type { ProgramProcess } from '../../suites/flows/program-process.ts';
import { AutoscalerAccount } from '../../suites/real-flows/autoscaler-account.ts';
import type { DrivenBuild } from '../../suites/real-flows/build-driver.ts';
import { type RampOptions, rampBuilds } from '../../suites/real-flows/build-load.ts';
import { FakePool } from '../../suites/real-flows/fake-pool.ts';
import { KarpenterEngine } from '../../suites/real-flows/karpenter-engine.ts';
import { KarpenterSide } from '../../suites/real-flows/karpenter-side.ts';
import { sizeOf, traceLines } from '../../suites/real-flows/replayed.ts';
import type { BenchTerminal } from '../command.ts';
import { quantile } from '../measure.ts';
import { boots, ClaimLog, type Counted, type NodeSpan, nodeHours } from './logs.ts';
import type { Recording, SideFigures } from './recording.ts';

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Sums up what was seen; throws when a build has no node yet. */
function figuresOf(
  builds: readonly DrivenBuild[],
  spans: readonly NodeSpan[],
  counted: Counted,
): SideFigures {
  const waits = builds.map(({ name, waitSeconds }) => {
    if (waitSeconds === undefined) throw new Error(`${name} never had a node`);
    return waitSeconds;
  });
  return {
    builds: builds.length,
    waitSeconds: {
      mean: mean(waits),
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
/** The operator knows how long a node takes; everything else is at its default. */
const SETTINGS = { HANGAR_AUTOSCALER_BOOT_TIME: `${REGISTRATION_SECONDS}s` };
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
 * Plays one load on two NodePools of the same Karpenter at once, one with a buffer that Hangar scales and one without. Both begin
 * without a node. Rejects when the signal is aborted, tidied up.
 */
export async function sideBySide(ramp: RampOptions, surroundings: Surroundings): Promise<Recording> {
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

async function compared(ramp: RampOptions, ground: Ground): Promise<Recording> {
  const { clock, pool, engine, account, folder, complain: say, stop } = ground;
  await using tidying = new AsyncDisposableStack();
  const builds = rampBuilds(ramp);
  const helped = await KarpenterSide.make(clock, pool, engine, 'hangar');
  const alone = await KarpenterSide.make(clock, pool, engine, 'alone');
  await helped.makeBuffer();
  const service = await helped.serve({ folder, kubeconfig: account.kubeconfig }, SETTINGS);
  tidying.defer(() => service.end());
  const decidedMs = await firstDecision(service, stop);
  const claims = new ClaimLog(clock, pool);
  const loads: number[] = [];
  const look = async (): Promise<void> => {
    loads.push(loadavg()[0] ?? 0);
    await claims.look();
  };
  const looked = new AbortController();
  const looking = [
    lookAgain(clock, look, looked.signal),
    tellProgress(ground, { sides: [helped, alone], claims }, looked.signal),
  ];
  tidying.defer(() => Promise.all(looking).then(() => undefined));
  tidying.defer(() => looked.abort());
  say(`bench: karpenter: seed ${ramp.seed}: ${builds.length} builds on each side in ${ramp.spanSeconds} s`);
  const fromMs = clock.now() + (builds[0]?.atSeconds ?? 0) * 1000;
  await Promise.all([helped, alone].map(({ driver }) => driver.play(builds, stop)));
  const toMs = fromMs + ((builds.at(-1)?.atSeconds ?? 0) - (builds[0]?.atSeconds ?? 0)) * 1000;
  const [node] = await helped.readyNodes();
  await Promise.all([helped, alone].map(({ driver }) => driver.end()));
  const traced = async (): Promise<boolean> => (await traceLines(`${folder}/trace`)).length === builds.length;
  await orAborted(pool.eventually('the trace', traced), stop);
  const seen = ({ name, driver }: KarpenterSide): SideFigures =>
    figuresOf(driver.builds, claims.spansOf(name), { fromMs, toMs });
  const trace = await traceLines(`${folder}/trace`);
  return {
    settings: { ...helped.settings, ...SETTINGS },
    trace,
    measured: {
      leadInSeconds: firstArrival(trace) - decidedMs / 1000,
      ...{ ramp, at: new Date(fromMs).toISOString(), node: sizeOf(node) },
      loadAverage: { mean: mean(loads), max: Math.max(...loads) },
      sides: { 'karpenter-buffer': seen(helped), karpenter: seen(alone) },
    },
  };
}

/** When the service decided first: it learns from then on. Milliseconds since 1970. */
async function firstDecision(service: ProgramProcess, stop: AbortSignal): Promise<number> {
  let at: string | undefined;
  const decided = async (): Promise<boolean> => {
    ({ at } = await service.json<{ readonly at?: string }>('/api/v1/recommendations'));
    return at !== undefined;
  };
  await orAborted(until('the first decision', PROGRESS_MS, decided), stop);
  return Date.parse(at ?? '');
}

/** As the trace has it, in seconds since 1970. */
const firstArrival = (trace: readonly string[]): number =>
  Math.min(...trace.map((line) => (JSON.parse(line) as { readonly arrivedAt: number }).arrivedAt));

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
