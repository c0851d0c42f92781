import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Feature } from '@hangar/autoscaler/permissions';
import type { Clock } from '@hangar/shared/clock';
import { connectRealCluster } from '../../real/facts.ts';
import { AutoscalerAccount } from '../../real-flows/autoscaler-account.ts';
import { type RampOptions, rampBuilds } from '../../real-flows/build-load.ts';
import { FakePool } from '../../real-flows/fake-pool.ts';
import { KarpenterEngine } from '../../real-flows/karpenter-engine.ts';
import { KarpenterSide } from '../../real-flows/karpenter-side.ts';
import { gatheredTrace, replayed, traceLines } from '../../real-flows/replayed.ts';
import { ClaimLog } from './claim-log.ts';
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
const FEATURES: ReadonlySet<Feature> = new Set(['look', 'advise', 'lead', 'events', 'capacity-buffer']);

/**
 * Plays one load on two NodePools of the same Karpenter at once, one with a buffer that Hangar scales and one without, and
 * then the trace that Hangar wrote through `replay`. Both begin without a node. Rejects when the signal is aborted, tidied up.
 */
export async function sideBySide(ramp: RampOptions, surroundings: Surroundings): Promise<readonly Verdict[]> {
  const real = await connectRealCluster(surroundings.say);
  const folder = await mkdtemp(join(tmpdir(), 'hangar-bench-'));
  const pool = await FakePool.open(real, 'bench');
  const engine = await KarpenterEngine.start(real, pool, REGISTRATION_SECONDS);
  const account = await AutoscalerAccount.make(real.layout, pool.namespace, FEATURES);
  try {
    return await compared(ramp, { ...surroundings, pool, engine, account, folder });
  } finally {
    await engine.close().finally(async () => {
      await account.remove();
      await pool.close();
      await rm(folder, { recursive: true });
    });
  }
}

async function compared(ramp: RampOptions, ground: Ground): Promise<readonly Verdict[]> {
  const { clock, pool, engine, account, folder, say, stop } = ground;
  const builds = rampBuilds(ramp);
  const helped = await KarpenterSide.make(clock, pool, engine, 'hangar');
  const alone = await KarpenterSide.make(clock, pool, engine, 'alone');
  await helped.makeBuffer();
  const claims = new ClaimLog(clock, pool);
  const looked = new AbortController();
  const service = await helped.serve({ folder, kubeconfig: account.kubeconfig });
  const looking = claims.run(looked.signal);
  try {
    say(`bench: karpenter: ${builds.length} builds on each side in ${ramp.spanSeconds} s`);
    const fromMs = clock.now() + (builds[0]?.atSeconds ?? 0) * 1000;
    await Promise.all([helped, alone].map(({ driver }) => driver.play(builds, stop)));
    const toMs = fromMs + ((builds.at(-1)?.atSeconds ?? 0) - (builds[0]?.atSeconds ?? 0)) * 1000;
    const [node] = await helped.readyNodes();
    await Promise.all([helped, alone].map(({ driver }) => driver.end()));
    await pool.eventually(
      'the trace',
      async () => (await traceLines(`${folder}/trace`)).length === builds.length,
    );
    const trace = await gatheredTrace(`${folder}/trace`);
    const seen = (who: string, { name, driver }: KarpenterSide): Verdict =>
      seenVerdict(who, driver.builds, claims.spansOf(name), { fromMs, toMs });
    const question = { trace, node, bootSeconds: REGISTRATION_SECONDS };
    return [
      seen('Karpenter with Hangar', helped),
      foretoldVerdict('the same, foretold', await replayed({ ...question, policy: 'karpenter-buffer-sqrt' })),
      seen('Karpenter alone', alone),
      foretoldVerdict('the same, foretold', await replayed({ ...question, policy: 'karpenter' })),
    ];
  } finally {
    looked.abort();
    await looking;
    await service.end();
  }
}
