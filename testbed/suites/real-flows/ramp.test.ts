import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceFeature } from '@hangar/autoscaler/permissions';
import { systemClock } from '@hangar/shared/clock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { quantile } from '../../bench/measure.ts';
import { connectRealCluster } from '../../parts/real/facts.ts';
import type { ProgramProcess } from '../flows/program-process.ts';
import { AutoscalerAccount } from './autoscaler-account.ts';
import { buildBurst, risingBuilds } from './build-load.ts';
import { FakePool } from './fake-pool.ts';
import { KarpenterEngine } from './karpenter-engine.ts';
import { KarpenterSide } from './karpenter-side.ts';
import { gatheredFiles, replayed, sizeOf, traceLines } from './replayed.ts';

const clock = systemClock();
const REGISTRATION_S = 60;
/** Karpenter's batch, kwok's ready, the scheduler's back-off. */
const SLACK_S = 20;
/** The rule that needs no history: a forecast would have none on one ramp. */
const RULE = { HANGAR_AUTOSCALER_FORECAST: 'false', HANGAR_AUTOSCALER_BOOT_TIME: `${REGISTRATION_S}s` };
const FEATURES: ReadonlySet<ServiceFeature> = new Set([
  'read-only',
  'advise',
  'lead',
  'events',
  'capacity-buffer',
]);
const WHOLE_RUN_S = 600;

/**
 * Three builds find no node at all. When the nodes for them are ready, builds arrive at a growing rate, and then more at once than
 * any room that is kept free: the tail that a replay has to foretell.
 */
const FIRST = buildBurst(3, 0, Infinity);
const RISE_S = 110;
const RISE = risingBuilds(50, RISE_S, 10);
/** Longer than a boot, or places that become free would shorten the waits. */
const RUSH = buildBurst(34, RISE_S + 1, REGISTRATION_S + 5);
const PER_CENT = { p50: 0.5, p95: 0.95, max: 1 } as const;

describe('a ramp with the real Karpenter, its nodes a minute away', () => {
  let pool: FakePool;
  let engine: KarpenterEngine;
  let account: AutoscalerAccount;
  let folder: string;
  let service: ProgramProcess | undefined;

  beforeAll(async () => {
    const real = await connectRealCluster();
    folder = await mkdtemp(join(tmpdir(), 'hangar-ramp-'));
    pool = await FakePool.open(real, 'ramp');
    engine = await KarpenterEngine.start(real, pool, REGISTRATION_S);
    account = await AutoscalerAccount.make(real.layout, pool.namespace, FEATURES);
  });
  afterEach(async ({ task }) => {
    const failed = task.result?.state === 'fail' ? service : undefined;
    if (failed === undefined) return;
    const paths = ['/recommendation', '/api/v1/decisions', '/readyz'];
    const reported = await Promise.all(paths.map((path) => failed.text(path).catch(String)));
    process.stderr.write(`${[...reported, failed.stderrText].join('\n')}\n`);
  });
  afterAll(async () => {
    try {
      await service?.end();
      await engine.close();
    } finally {
      await account.remove();
      await pool.close();
      await rm(folder, { recursive: true });
    }
  });

  it('the room is there before the builds, none waits much longer than a boot, none is evicted, and replay foretells it', {
    // A second try would find the first one's objects, and take as long again.
    timeout: WHOLE_RUN_S * 1000,
    retry: 0,
  }, async () => {
    const side = await KarpenterSide.make(clock, pool, engine, 'ci');
    await side.makeBuffer();
    service = await side.serve({ folder, kubeconfig: account.kubeconfig }, RULE);
    const { driver } = side;
    await driver.play(FIRST, pool.signal);
    await pool.eventually('the room of the buffer', async () => (await side.readyNodes()).length >= 3);
    const before = await side.bufferPods();
    await driver.play([...RISE, ...RUSH], pool.signal);
    const after = await side.bufferPods();
    const [node] = await side.readyNodes();
    await driver.ended(pool.signal);
    await driver.end();

    const { builds } = driver;
    expect(builds.filter(({ harm }) => harm !== '')).toEqual([]);
    const waits = builds.map(({ waitSeconds = Infinity }) => waitSeconds);
    expect(waits).toHaveLength(FIRST.length + RISE.length + RUSH.length);
    expect(Math.max(...waits)).toBeLessThan(REGISTRATION_S + SLACK_S);
    // A buffer of one push is ready before the first one, and grows with them: steady arrivals never wait for a node.
    expect(before).toBeGreaterThanOrEqual(5);
    expect(after).toBeGreaterThan(before);
    const rise = waits.slice(FIRST.length, FIRST.length + RISE.length);
    expect(quantile(rise, 0.95)).toBeLessThan(SLACK_S / 2);

    await pool.eventually(
      'the trace',
      async () => (await traceLines(`${folder}/trace`)).length === waits.length,
    );
    await service.end();
    const { waitSeconds: foretold } = await replayed({
      ...(await gatheredFiles(folder, { ...side.settings, ...RULE })),
      ...{ node: sizeOf(node), policy: 'karpenter-buffer' },
    });
    for (const [name, share] of Object.entries(PER_CENT)) {
      const seen = quantile(waits, share);
      const said = foretold[name as keyof typeof PER_CENT];
      expect(Math.abs(said - seen), `${name}: ${said} s foretold, ${seen} s seen`).toBeLessThanOrEqual(
        Math.max(5, 0.15 * seen),
      );
    }
  });
});
