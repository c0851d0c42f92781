import { type Cluster, RESOURCE, type Resource } from '@hangar/shared/kubernetes/cluster';
import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipeline, step } from '../flows/pipelines.ts';
import { startTestSystem, type TestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

const TIMEOUT_MS = 120_000;
/** A resource that the kubelet takes from the node's status, as it does those of device plugins. */
const DEVICE = 'hangar.test/gpu';
const PRIORITY_CLASSES: Resource = { base: '/apis/scheduling.k8s.io/v1', plural: 'priorityclasses' };
const RUNTIME_CLASSES: Resource = { base: '/apis/node.k8s.io/v1', plural: 'runtimeclasses' };

const taking = (count: number): string =>
  `  resources: { limits: { ${DEVICE}: ${count}, ephemeral_storage: 64MiB }, requests: { ephemeral_storage: 16MiB } }\n`;

describe('the fields of a Pod that pipelines may set', () => {
  const { signal } = new AbortController();
  let system: TestSystem;
  let admin: Cluster;
  let node: string;
  /** Of both classes: that of the namespace, which is new. */
  let name: string;

  const capacity = (count: string | null): Promise<unknown> =>
    admin.patch(
      { resource: RESOURCE.nodes, name: node, subresource: 'status' },
      // The kubelet derives the allocatable amount from the capacity, at its next report.
      { status: { capacity: { [DEVICE]: count }, allocatable: { [DEVICE]: count } } },
      'merge',
      signal,
    );

  beforeAll(async () => {
    const { ground } = await ownNamespaceAccess('fields');
    ({ namespace: name } = ground);
    system = await startTestSystem(ground, { env: { HANGAR_SCHEDULING_TIMEOUT: '3s' } });
    ({ admin } = system);
    const metadata = { name };
    await admin.create({ resource: PRIORITY_CLASSES }, { metadata, value: 7 }, signal);
    await admin.create({ resource: RUNTIME_CLASSES }, { metadata, handler: 'runc' }, signal);
    const { items } = await admin.list<V1Node>({ resource: RESOURCE.nodes }, {}, signal);
    node = items.find(({ metadata: of }) => !of?.labels?.['hangar.dev/fake'])?.metadata?.name ?? '';
    await capacity('2');
  }, TIMEOUT_MS);

  afterAll(async () => {
    await capacity(null);
    await admin.remove({ resource: PRIORITY_CLASSES, name }, {}, signal);
    await admin.remove({ resource: RUNTIME_CLASSES, name }, {}, signal);
    await system.close();
  }, TIMEOUT_MS);

  it('are in its spec, and it runs with them', async () => {
    const fields = `priority_class_name: ${name}\nruntime_class_name: ${name}\ndns_policy: Default`;
    const yaml = pipeline(step('gpu', ['cat /etc/resolv.conf', 'sleep 2'], taking(2)), fields);
    const { id } = system.drone.createBuild({ yaml, trusted: true });
    await system.drone.waitUntil(
      'the step runs',
      { timeoutMs: TIMEOUT_MS },
      () => system.drone.step(id, 'gpu')?.status === 'running',
    );
    const [pod] = (await system.pods()) as readonly [V1Pod];
    const build = await system.drone.waitForBuild(id, { timeoutMs: TIMEOUT_MS });

    expect(build.status).toBe('success');
    expect(pod.spec).toMatchObject({
      ...{ priorityClassName: name, priority: 7, runtimeClassName: name, dnsPolicy: 'Default' },
      containers: [
        {},
        {
          resources: {
            limits: { [DEVICE]: '2', 'ephemeral-storage': '64Mi' },
            requests: { [DEVICE]: '2', 'ephemeral-storage': '16Mi' },
          },
        },
      ],
    });
    expect(system.drone.logText(id, 'gpu')).not.toContain('.svc.');
  });

  it('keep a build waiting where no node has so many devices, and the error names them', async () => {
    const yaml = pipeline(step('gpu', ['true'], taking(3)));
    const { status, stages } = await system.drone.waitForBuild(
      system.drone.createBuild({ yaml, trusted: true }).id,
      {
        timeoutMs: TIMEOUT_MS,
      },
    );

    expect([status, stages[0]?.error]).toEqual(['error', expect.stringContaining(`Insufficient ${DEVICE}`)]);
  });

  it('end a build where a class does not exist, with the words of the API server', async () => {
    const yaml = pipeline(step('one', ['true']), 'priority_class_name: hangar-nowhere');
    const { status, stages } = await system.drone.waitForBuild(
      system.drone.createBuild({ yaml, trusted: true }).id,
      {
        timeoutMs: TIMEOUT_MS,
      },
    );

    expect([status, stages[0]?.error]).toEqual(['error', expect.stringContaining('hangar-nowhere')]);
  });
});
