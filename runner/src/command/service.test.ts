import type { Connection } from '@hangar/shared/kubernetes/connection';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { Agent } from 'undici';
import { describe, expect, it } from 'vitest';
import { aPolicy } from '../compile/testing/a-pipeline.ts';
import { loadConfig } from '../config/load.ts';
import type { RunnerConfig } from '../config/runner-config.ts';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { createService, placesOf, type Service, usualPlacements } from './service.ts';

const HOST = { hostname: 'pod-1', version: '1.2.3', namespace: 'hangar' };

function configOf(env: Readonly<Record<string, string>>): RunnerConfig {
  const loaded = loadConfig({ DRONE_RPC_HOST: 'drone.test', DRONE_RPC_SECRET: 's', ...env }, () => '', HOST);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.ok;
}

function serviceOf(
  env: Readonly<Record<string, string>> = {},
): Service & { config: RunnerConfig; clock: FakeClock } {
  const clock = new FakeClock();
  const config = configOf(env);
  // No method of it is called here.
  const connection: Connection = {
    server: 'http://127.0.0.1:1',
    namespace: 'hangar',
    dispatcher: new Agent(),
    headers: () => Promise.resolve({}),
    close: () => Promise.resolve(),
  };
  const service = createService({
    ...{ config, connection, clock, log: silentLogger },
    random: () => 0.5,
    host: HOST,
    print: () => undefined,
    eventLoopLagMs: () => 7,
  });
  return { ...service, config, clock };
}

describe('createService', () => {
  it('names its Lease by its host, so that two replicas with the same runner name are distinct', async () => {
    const { assembly } = serviceOf({ DRONE_RUNNER_NAME: 'shared-name' });

    expect(assembly.parts.lease.owner).toBe('hangar/hangar-runner-pod-1');
    expect(assembly.options.machine).toBe('shared-name');
    await assembly.close();
  });

  it('exports current values at each scrape', async () => {
    const { assembly, http, clock } = serviceOf({ DRONE_RUNNER_CAPACITY: '3' });
    assembly.parts.registry.enter(anEntry({ phase: 'starting' }));
    await clock.step(2_000);

    const text = await http.metrics.text();

    for (const line of [
      'hangar_runner_info{version="1.2.3",machine="pod-1"} 1',
      'hangar_runner_capacity_pipelines 3',
      'hangar_runner_stages{state="starting"} 1',
      'hangar_runner_pod_request_cpu_cores_count 1',
      'hangar_runner_last_poll_age_seconds 2',
      'hangar_runner_event_loop_lag_seconds 0.007',
    ])
      expect(text.split('\n')).toContain(line);
    expect(http.stages()).toHaveLength(1);
    await assembly.close();
  });

  it('does not count missing polls while at capacity, and does again once there is capacity', async () => {
    const { assembly, http, heartbeat, clock } = serviceOf({ DRONE_RUNNER_CAPACITY: '1' });
    heartbeat.started();
    assembly.parts.registry.enter(anEntry());
    await clock.step(900_000);
    expect(http.signs().pollAgeMs).toBe(0);

    assembly.parts.registry.leave(1);
    await clock.step(900_000);
    expect(http.signs().pollAgeMs).toBe(900_000);
    await assembly.close();
  });
});

describe('placesOf', () => {
  const places = async (env: Readonly<Record<string, string>>): Promise<ReturnType<typeof placesOf>> => {
    const { config, assembly } = serviceOf(env);
    await assembly.close();
    return placesOf(config, assembly);
  };

  it('contains the namespace of Pods, that of the Lease, and those of rules', async () => {
    const env = { DRONE_NAMESPACE_DEFAULT: 'builds', DRONE_NAMESPACE_RULES: 'team-a:acme/*' };

    expect(await places(env)).toEqual({
      pods: ['builds'],
      somePods: ['team-a'],
      lease: 'hangar',
      randomNamespaces: false,
      nodes: false,
    });
  });

  it('states whether pipelines get a fresh namespace each', async () => {
    expect(await places({ DRONE_NAMESPACE_DEFAULT: 'drone-' })).toMatchObject({
      pods: [],
      randomNamespaces: true,
    });
  });

  it('contains nodes if stages wait for room on them', async () => {
    expect((await places({ HANGAR_BUDGET_NODES: 'true' })).nodes).toBe(true);
  });
});

describe('usualPlacements', () => {
  const toleration = { key: 'gpu', operator: 'Exists', value: '', effect: '', tolerationSeconds: undefined };

  it('is where the default node selector leads, or everywhere', () => {
    expect(usualPlacements(configOf({}))).toEqual([{ nodeSelector: {} }]);
    expect(usualPlacements(configOf({ DRONE_NODE_SELECTOR_DEFAULT: 'pool:ci' }))).toEqual([
      { nodeSelector: { pool: 'ci' } },
    ]);
  });

  it('is also where policies lead, whose selector replaces the default', () => {
    const config = configOf({ DRONE_NODE_SELECTOR_DEFAULT: 'pool:ci' });
    const policies = [{}, { pool: 'gpu' }].map((nodeSelector: Record<string, string>) =>
      aPolicy({ nodeSelector, tolerations: [toleration] }),
    );
    const tolerations = [{ key: 'gpu', operator: 'Exists', value: '', effect: '' }];
    expect(usualPlacements({ ...config, compile: { ...config.compile, policies } })).toEqual([
      { nodeSelector: { pool: 'ci' } },
      { nodeSelector: { pool: 'ci' }, tolerations },
      { nodeSelector: { pool: 'gpu' }, tolerations },
    ]);
  });
});
