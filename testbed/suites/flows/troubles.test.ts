import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { pipeline, step, stepResults } from './pipelines.ts';
import { applyRole, ROLES, startEmbedded } from './start-embedded.ts';
import { startTestSystem, type TestSystem } from './test-system.ts';

const TIMEOUT_MS = 60_000;
const TWO = pipeline(step('long', ['echo begun', 'sleep 2', 'echo done']) + step('after', ['echo after']));
const ALL_WELL = [
  ['clone', 'success', 0],
  ['long', 'success', 0],
  ['after', 'success', 0],
];

describe.each(ROLES)('when something breaks on the way, Role: %s', (role) => {
  let system: TestSystem;
  let cluster: EmbeddedCluster;

  beforeEach(async () => {
    const made = await startEmbedded();
    cluster = made.cluster;
    applyRole(cluster, role);
    system = await startTestSystem(made.access, { role, env: { HANGAR_LEASE_TERM: '3s' } });
  });
  afterEach(async () => {
    await system.close();
    await cluster.close();
  });

  const begin = () => system.drone.createBuild({ yaml: TWO }).id;
  const running = (id: number, name: string) =>
    system.drone.waitUntil(
      `${name} runs`,
      { timeoutMs: TIMEOUT_MS },
      () => system.drone.step(id, name)?.status === 'running',
    );
  const finished = (id: number) => system.drone.waitForBuild(id, { timeoutMs: TIMEOUT_MS });
  const allWell = async (id: number) => {
    expect(stepResults(await finished(id))).toEqual(ALL_WELL);
    expect(system.drone.logText(id, 'long')).toBe('+ echo begun\nbegun\n+ sleep 2\n+ echo done\ndone\n');
    expect(system.drone.complaints).toEqual([]);
    await system.cleaned(TIMEOUT_MS);
  };

  it('an API server that answers 500 to every write for a while delays a build, no more', async () => {
    cluster.faults.fail({ resource: 'pods', verb: 'create', status: 500, times: 3 });
    cluster.faults.fail({ resource: 'secrets', verb: 'create', status: 503, times: 2 });
    cluster.faults.fail({ resource: 'pods', verb: 'patch', status: 429, retryAfterSeconds: 1, times: 1 });
    await allWell(begin());
  });

  it('a write that was made but whose answer was lost is not made twice', async () => {
    cluster.faults.fail({ resource: 'pods', verb: 'create', status: 500, when: 'after', times: 1 });
    cluster.faults.fail({ resource: 'secrets', verb: 'create', status: 500, when: 'after', times: 1 });
    await allWell(begin());
  });

  it('an API server that is away while a build runs is waited for', async () => {
    const id = begin();
    await running(id, 'long');
    await cluster.faults.outage(1_000);
    await allWell(id);
  });

  it('an API server that is away for longer than the term of the Lease costs no build and no restart', async () => {
    const id = begin();
    await running(id, 'long');
    await cluster.faults.outage(8_000);
    await allWell(id);
    expect(system.runner.assembly.validity.state).toBe(role === 'hangar' ? 'held' : 'none');
  });

  it('watches that are cut, or end, or expire, lose nothing', async () => {
    const id = begin();
    await running(id, 'long');
    cluster.faults.dropWatches(undefined, 'abrupt');
    cluster.faults.expireHistory();
    cluster.faults.dropWatches(undefined, 'clean');
    await allWell(id);
  });

  it('a log stream that is cut resumes where it was', async () => {
    cluster.faults.cutLog({ times: 1 }, 60);
    await allWell(begin());
  });

  it('duplicate or late events change nothing', async () => {
    cluster.faults.duplicateWatchEvents(2);
    cluster.faults.delayWatchEvents(50);
    await allWell(begin());
  });

  it('a node that is lost with its Pod ends the build with a clear error', async () => {
    const id = begin();
    await running(id, 'long');
    const [pod] = await system.pods();
    cluster.removePod({ namespace: system.namespace, name: pod?.metadata?.name ?? '' });
    const done = await finished(id);
    expect(done.status).toBe('error');
    expect(done.stages[0]?.error).toMatch(/disappeared|deleted/);
  });

  it('an evicted Pod ends the build with the reason of the eviction', async () => {
    const id = begin();
    await running(id, 'long');
    const [pod] = await system.pods();
    cluster.evict({ namespace: system.namespace, name: pod?.metadata?.name ?? '' });
    const done = await finished(id);
    expect(done.status).toBe('error');
    expect(done.stages[0]?.error).toMatch(/evicted|disrupted/);
    await system.cleaned(TIMEOUT_MS);
  });

  // No real kubelet does it here: it hears of a shutdown from systemd-logind. The status is written as it writes it.
  it('a node that is shut down ends its builds with an error that says so, with the logs up to then', async () => {
    const id = begin();
    await running(id, 'long');
    const [pod] = await system.pods();
    cluster.shutDown({ namespace: system.namespace, name: pod?.metadata?.name ?? '' });
    const done = await finished(id);
    expect(done.status).toBe('error');
    expect(done.stages[0]?.error).toContain('the node was shut down');
    await system.cleaned(TIMEOUT_MS);
    const metrics = await system.runner.http.metrics.text();
    expect(metrics).toContain('hangar_runner_failures_total{class="node-shutdown",blame="cluster"} 1\n');
    expect(system.drone.logText(id, 'long')).toContain('begun\n');
  });

  it('a Drone server that is down while a build runs gets all reports afterwards', async () => {
    const id = begin();
    await running(id, 'long');
    system.drone.down();
    await system.podEnded(TIMEOUT_MS);
    system.drone.up();
    await allWell(id);
  });

  it.each(['accept', 'stage-update', 'step-update', 'log-upload'] as const)(
    'an answer to %s that is lost is not taken for a refusal',
    async (endpoint) => {
      system.drone.faults.cutAfter(endpoint, { times: 1 });
      const done = await finished(begin());
      // The ids of the steps are lost with the answer to a start: it is repeated, and inserts the steps once more.
      const lost = ALL_WELL.map(([name]) => [name, 'pending', 0]);
      expect(stepResults(done)).toEqual([...(endpoint === 'stage-update' ? lost : []), ...ALL_WELL]);
      expect([done.status, system.drone.complaints]).toEqual(['success', []]);
      await system.cleaned(TIMEOUT_MS);
    },
  );

  // Under the previous runner's Role nobody takes over: previous-role.suite.ts has what happens instead.
  if (role === 'previous') return;

  it('a runner that dies leaves its build to another one, which finishes it', async () => {
    const id = begin();
    await running(id, 'long');
    await system.runner.kill();
    await system.startRunner('runner-b');
    await allWell(id);
  });

  it('a Pod that vanishes while its runner is dead ends the build with a clear error', async () => {
    const id = begin();
    await running(id, 'long');
    const [pod] = await system.pods();
    await system.runner.kill();
    cluster.removePod({ namespace: system.namespace, name: pod?.metadata?.name ?? '' });
    await system.startRunner('runner-b');
    const done = await finished(id);
    expect(done.status).toBe('error');
    expect(done.stages[0]?.error).toContain('its Pod no longer exists; restart the build');
  });

  it('a runner that is killed and restarted finishes its build itself', async () => {
    const id = begin();
    await running(id, 'long');
    await system.runner.kill();
    await system.startRunner('runner-a');
    await allWell(id);
  });

  it('a runner that dies before it made the Pod leaves the stage to the next one', async () => {
    const held = system.drone.faults.hold('detail', 'before');
    const id = begin();
    await held.reached;
    await system.runner.kill();
    held.release();
    await system.startRunner('runner-b');
    await allWell(id);
  });

  it('a build whose Pod ended while no runner was running is reported as it ended', async () => {
    const id = begin();
    await running(id, 'long');
    await system.runner.stop();
    await system.podEnded(TIMEOUT_MS);
    await system.startRunner('runner-b');
    await allWell(id);
  });
});

describe('a Drone server with Redis', () => {
  it('answers idle watches with an error, keeps cancels, and a cancel stops the build', async () => {
    const { cluster, access } = await startEmbedded();
    const system = await startTestSystem(access, { watchMode: 'redis', longPollMs: 300 });
    const { id } = system.drone.createBuild({ yaml: pipeline(step('long', ['echo begun', 'sleep 600'])) });
    await system.drone.waitUntil(
      'two quiet watches',
      { timeoutMs: TIMEOUT_MS },
      () => system.drone.calls.of('watch').length > 2,
    );
    await system.drone.waitUntil(
      'it runs',
      { timeoutMs: TIMEOUT_MS },
      () => system.drone.step(id, 'long')?.status === 'running',
    );
    system.drone.cancel(id);
    const done = await system.drone.waitForBuild(id, { timeoutMs: TIMEOUT_MS });
    expect(done.status).toBe('killed');
    await system.cleaned(TIMEOUT_MS);
    await system.close();
    await cluster.close();
  });
});
