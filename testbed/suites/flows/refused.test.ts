import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EmbeddedOptions } from '../../parts/embedded/cluster.ts';
import { until } from '../../parts/until.ts';
import { BUSYBOX, pipeline, step } from './pipelines.ts';
import { startEmbedded } from './start-embedded.ts';
import { startTestSystem } from './test-system.ts';

const within = { timeoutMs: 60_000 };
const never = new AbortController().signal;
const ONE = pipeline(step('one', ['echo ran']), 'clone: { disable: true }');

async function open(env: Readonly<Record<string, string>> = {}, options: EmbeddedOptions = {}) {
  const { cluster, access } = await startEmbedded(options);
  const system = await startTestSystem(access, { env: { HANGAR_LEASE_TERM: '3s', ...env } });
  onTestFinished(async () => {
    await system.close();
    await cluster.close();
  });
  const { drone } = system;
  const endOf = async (id: number) => {
    const { status, stages } = await drone.waitForBuild(id, within);
    await system.cleaned(within.timeoutMs);
    expect(drone.complaints).toEqual([]);
    return { status, text: stages.flatMap(({ error }) => error ?? []).join('\n') };
  };
  return { cluster, system, drone, endOf };
}

/** How a runner counts a build that ended by that class of failure. */
const counted = (code: string, blame: string): string =>
  `hangar_runner_failures_total{class="${code}",blame="${blame}"} 1\n`;

/** The classes of docs/errors.md that a cluster causes and that the real one is not made to cause (real-flows/failures.test.ts). */
describe('a build that the cluster refuses is reported by its class', () => {
  it('name-taken: a Pod that no runner made has the name, and is left alone', async () => {
    const { cluster, system, drone, endOf } = await open();
    const secrets = cluster.faults.fail({
      ...{ resource: 'secrets', verb: 'create', status: 500 },
      times: Number.POSITIVE_INFINITY,
    });
    const { id } = drone.createBuild({ yaml: ONE });
    await until('the Pod exists', within.timeoutMs, () => Promise.resolve(secrets.hits() > 0));
    await system.runner.kill();
    secrets.cancel();
    const { namespace, admin } = system;
    const [pod] = await system.pods();
    const name = pod?.metadata?.name ?? '';
    cluster.removePod({ namespace, name });
    const containers = [{ name: 'other', image: BUSYBOX, command: ['sleep', '600'] }];
    const other = { metadata: { name }, spec: { containers } };
    const { metadata } = await admin.create<V1Pod>({ resource: RESOURCE.pods, namespace }, other, never);
    const next = await system.startRunner('runner-b');
    expect(await endOf(id)).toEqual({
      status: 'error',
      text: `the name of the Pod, ${name}, belongs to a Pod that this runner did not create; restart the build`,
    });
    expect(await next.http.metrics.text()).toContain(counted('name-taken', 'cluster'));
    const left = await admin.get<V1Pod>({ resource: RESOURCE.pods, namespace, name }, never);
    expect([left.metadata?.uid, left.metadata?.deletionTimestamp]).toEqual([metadata?.uid, undefined]);
  });

  it('right-missing: an admission webhook rejects the Pod, with its words', async () => {
    const { cluster, system, drone, endOf } = await open();
    const message = 'admission webhook "policy.acme.test" denied the request: no builds on Fridays';
    cluster.faults.fail({
      ...{ resource: 'pods', verb: 'create', status: 403, reason: 'Forbidden', message },
      times: Number.POSITIVE_INFINITY,
    });
    const { id } = drone.createBuild({ yaml: ONE });
    expect(await endOf(id)).toEqual({
      status: 'error',
      text: `the runner is not allowed to create this Pod: ${message}`,
    });
    expect(await system.runner.http.metrics.text()).toContain(counted('right-missing', 'operator'));
  });

  it('a permission that is missing only for a moment delays the build, no more', async () => {
    const { cluster, system, drone, endOf } = await open();
    const grant = cluster.permissions.deny({ verb: 'create', resource: 'pods' });
    const { id } = drone.createBuild({ yaml: ONE });
    const isWaiting = () =>
      system.runner.http
        .stages()
        .some(({ reason }) => reason.startsWith('waiting for the Kubernetes API, to '));
    await until('the build waits', within.timeoutMs, () => Promise.resolve(isWaiting()));
    grant();
    expect(await endOf(id)).toEqual({ status: 'success', text: '' });
  });

  const HANGS = { createError: 'rpc error: code = DeadlineExceeded desc = context deadline exceeded' };
  const HANGING = pipeline(
    '- name: hangs\n  image: local/hangs\n  commands: [echo ran]\n',
    'clone: { disable: true }',
  );

  it('node-unresponsive: the container runtime times out for HANGAR_NODE_LOST_PATIENCE', async () => {
    const { system, drone, endOf } = await open(
      { HANGAR_NODE_LOST_PATIENCE: '3s' },
      { images: { 'local/hangs': HANGS } },
    );
    const { id } = drone.createBuild({ yaml: HANGING });
    expect(await endOf(id)).toEqual({
      status: 'error',
      text: `the node could not create the container of step hangs: ${HANGS.createError}`,
    });
    expect(await system.runner.http.metrics.text()).toContain(counted('node-unresponsive', 'cluster'));
  });

  it('a container runtime that recovers in time delays the build, no more', async () => {
    const images: Record<string, typeof HANGS> = { 'local/hangs': HANGS };
    const { system, drone, endOf } = await open({ HANGAR_NODE_LOST_PATIENCE: '60s' }, { images });
    const { id } = drone.createBuild({ yaml: HANGING });
    await until('the runtime times out', within.timeoutMs, async () =>
      (await system.pods()).some(({ status }) =>
        status?.containerStatuses?.some(({ state }) => state?.waiting?.reason === 'CreateContainerError'),
      ),
    );
    delete images['local/hangs'];
    expect(await endOf(id)).toEqual({ status: 'success', text: '' });
  });
});
