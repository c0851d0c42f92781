import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@hangar/shared/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { pipeline, step, stepResults } from './pipelines.ts';
import { applyRole, ROLES, startEmbedded } from './start-embedded.ts';
import { startTestSystem, type TestSystem } from './test-system.ts';

const PATIENCE_MS = 120_000;
/** Three repeats with back-off are over by then. */
const DATABASE_AWAY_MS = 9_000;
const SECRET_WRONG_MS = 3_000;
const EVER = { times: Number.MAX_SAFE_INTEGER };

describe.each(ROLES)('a Drone server that is in trouble, Role: %s', (role) => {
  const clock = systemClock();
  let system: TestSystem;
  let cluster: EmbeddedCluster;
  let folder: string;

  /** Steps end when they find this file. */
  const released = (): string => join(folder, 'released');
  const release = (): void => writeFileSync(released(), '');
  const wait = (): string => `while [ ! -e ${released()} ]; do sleep 0.1; done`;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hangar-outages-'));
    const made = await startEmbedded();
    cluster = made.cluster;
    applyRole(cluster, role);
    const env = { HANGAR_LEASE_TERM: '3s', DRONE_RUNNER_CAPACITY: '12' };
    system = await startTestSystem(made.access, { env, role });
  });
  afterEach(async () => {
    await system.close();
    await cluster.close();
    rmSync(folder, { recursive: true });
  });

  const begin = (count: number): readonly number[] => {
    const yaml = pipeline(step('one', ['echo begun', wait(), 'echo done']));
    return Array.from({ length: count }, () => system.drone.createBuild({ yaml }).id);
  };
  const until = (what: string, holds: () => unknown) =>
    system.drone.waitUntil(what, { timeoutMs: PATIENCE_MS }, holds);
  const allRun = (ids: readonly number[]) =>
    until('all builds run', () => ids.every((id) => system.drone.step(id, 'one')?.status === 'running'));
  /** The database is away for a while, and then the secret is another one. */
  const outage = async (meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> => {
    const away = system.drone.faults.answer('any', { status: 500, body: 'sql: database is closed' }, EVER);
    release();
    await clock.sleep(DATABASE_AWAY_MS);
    await meanwhile();
    away.cancel();
    const rotated = system.drone.faults.answer('any', { status: 401 }, EVER);
    await clock.sleep(SECRET_WRONG_MS);
    rotated.cancel();
  };
  const succeeded = async (ids: readonly number[]): Promise<void> => {
    await until('all builds are final', () =>
      ids.every((id) => !['pending', 'running'].includes(system.drone.build(id).status)),
    );
    for (const id of ids) {
      expect(system.drone.build(id).status).toBe('success');
      expect(stepResults(system.drone.build(id))).toEqual([
        ['clone', 'success', 0],
        ['one', 'success', 0],
      ]);
      expect(system.drone.logText(id, 'one')).toBe(`+ echo begun\nbegun\n+ ${wait()}\n+ echo done\ndone\n`);
    }
  };
  const allWell = async (ids: readonly number[]): Promise<void> => {
    await succeeded(ids);
    await system.cleaned(PATIENCE_MS);
  };

  it('while builds end leaves none of them running and loses none of their logs', async () => {
    const ids = begin(12);
    await allRun(ids);
    await outage(async () => {
      const { http, assembly } = system.runner;
      expect(http.stages().map(({ phase }) => phase)).toEqual(ids.map(() => 'reporting'));
      expect(await http.metrics.text()).toContain('\nhangar_runner_unreported_stages 12\n');
      expect(http.signs().unreported).toMatchObject({ stages: 12, reason: 'status 500' });
      expect(assembly.parts.registry.entries).toHaveLength(12);
      expect(await system.pods()).toHaveLength(12);
    });
    await allWell(ids);
    expect(system.runner.http.signs().unreported).toBeUndefined();
  });

  it('while builds begin leaves none of them pending', async () => {
    const held = system.drone.faults.hold('detail', 'before');
    const ids = begin(6);
    await held.reached;
    const trouble = outage();
    held.release();
    await trouble;
    await allWell(ids);
  });

  it('that takes no logs keeps the Pods, and all other reports wait for them', async () => {
    const ids = begin(3);
    await allRun(ids);
    const away = system.drone.faults.answer('log-upload', { status: 401 }, EVER);
    release();
    await clock.sleep(DATABASE_AWAY_MS);
    expect(await system.pods()).toHaveLength(3);
    away.cancel();
    await allWell(ids);
  });

  // The difference between the Roles (docs/migrate.md): under the previous one nobody takes over.
  if (role === 'hangar')
    it('while the runner is lost leaves its ended builds, with their logs, to the next one', async () => {
      const ids = begin(4);
      await allRun(ids);
      const away = system.drone.faults.answer('any', { status: 401 }, EVER);
      release();
      await system.podEnded(PATIENCE_MS);
      await clock.sleep(DATABASE_AWAY_MS);
      await system.runner.kill();
      away.cancel();
      await system.startRunner('runner-b');
      await allWell(ids);
    });

  it('while the runner is lost keeps no later runner from its own builds', async () => {
    const lost = begin(2);
    await allRun(lost);
    const away = system.drone.faults.answer('any', { status: 401 }, EVER);
    await clock.sleep(SECRET_WRONG_MS);
    await system.runner.kill();
    away.cancel();
    await system.startRunner('runner-b');
    const ids = begin(2);
    release();
    // Under the previous Role the Pods of the lost runner stay until their deadline.
    await succeeded(ids);
  });
});
