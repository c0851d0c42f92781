import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Feature } from '@hangar/autoscaler/permissions';
import type { Clock } from '@hangar/shared/clock';
import { orAborted } from '@hangar/shared/or-aborted';
import { connectRealCluster } from '../../parts/real/facts.ts';
import { AutoscalerAccount } from '../../suites/real-flows/autoscaler-account.ts';
import { type RampOptions, rampBuilds } from '../../suites/real-flows/build-load.ts';
import { FakePool } from '../../suites/real-flows/fake-pool.ts';
import { KarpenterEngine } from '../../suites/real-flows/karpenter-engine.ts';
import { KarpenterSide } from '../../suites/real-flows/karpenter-side.ts';
import { gatheredTrace, replayed, traceLines } from '../../suites/real-flows/replayed.ts';
import { BufferLog } from './buffer-log.ts';
import { ClaimLog } from './claim-log.ts';
import { lookAgain } from './look-again.ts';
import { replayedWith } from './replayed-with.ts';
import { foretoldVerdict, seenVerdict, type Verdict } from './verdicts.ts';

/** What the comparison needs of its surroundings. */
export interface Surroundings {
  readonly clock: Clock;
  readonly say: (text: string) => void;
  readonly stop: AbortSignal;
}

interface Ground extends Surroundings {
  readonly pool: FakePool;
  readonly engine: KarpenterEngine;
  readonly account: AutoscalerAccount;
  readonly folder: string;
}

/** From a NodeClaim to its Node. */
export const REGISTRATION_SECONDS = 60;
const PROGRESS_MS = 60_000;
const FEATURES: ReadonlySet<Feature> = new Set(['look', 'advise', 'lead', 'events', 'capacity-buffer']);

/**
 * Plays one load on two NodePools of the same Karpenter at once, one with a buffer that Hangar scales and one without, and
 * then the trace that Hangar wrote through `replay`. Both begin without a node. Rejects when the signal is aborted, tidied up.
 */
export async function sideBySide(ramp: RampOptions, surroundings: Surroundings): Promise<readonly Verdict[]> {
  await using tidying = new AsyncDisposableStack();
  const real = await connectRealCluster(surroundings.say);
  const folder = await mkdtemp(join(tmpdir(), 'hangar-bench-'));
  tidying.defer(() => rm(folder, { recursive: true }));
  const pool = await FakePool.open(real, 'bench');
  tidying.defer(() => pool.close());
  const engine = await KarpenterEngine.start(real, pool, REGISTRATION_SECONDS);
  tidying.defer(() => engine.close());
  const account = await AutoscalerAccount.make(real.layout, pool.namespace, FEATURES);
  tidying.defer(() => account.remove());
  const stop = AbortSignal.any([surroundings.stop, engine.gone]);
  return await compared(ramp, { ...surroundings, stop, pool, engine, account, folder });
}

async function compared(ramp: RampOptions, ground: Ground): Promise<readonly Verdict[]> {
  const { clock, pool, engine, account, folder, say, stop } = ground;
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
  const seen = (who: string, { name, driver }: KarpenterSide): Verdict =>
    seenVerdict(who, driver.builds, claims.spansOf(name), { fromMs, toMs });
  const question = { trace, node, bootSeconds: REGISTRATION_SECONDS };
  return [
    seen('Karpenter with Hangar', helped),
    foretoldVerdict('the same, foretold', await replayed({ ...question, policy: 'karpenter-buffer-sqrt' })),
    foretoldVerdict(
      'foretold with the buffer as it was set',
      replayedWith(buffer, { ...question, trace: await readFile(trace, 'utf8') }),
    ),
    seen('Karpenter alone', alone),
    foretoldVerdict('the same, foretold', await replayed({ ...question, policy: 'karpenter' })),
  ];
}

/** A line a minute, until the signal is aborted. */
async function tellProgress(
  { clock, say }: Surroundings,
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
