import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '../api/pod.ts';
import { type EmbeddedCluster, startEmbeddedCluster } from '../cluster.ts';
import { clientOf, PODS_PATH, podWhen, shellPod, type TestClient } from '../testing/client.ts';

let cluster: EmbeddedCluster;
let client: TestClient;

beforeAll(async () => {
  cluster = await startEmbeddedCluster({
    nodes: [
      { name: 'a', cpu: '2', memory: '4Gi', labels: { disk: 'ssd' } },
      { name: 'b', cpu: '4', memory: '8Gi', taints: [{ key: 'team', value: 'ci', effect: 'NoSchedule' }] },
    ],
    timing: { relistMs: 5 },
  });
  client = clientOf(cluster);
});
afterAll(() => cluster.close());

async function post(name: string, spec: object, cpu?: string): Promise<void> {
  const pod = shellPod(name, 'exec sleep 60');
  const [container] = pod.spec['containers'] as object[];
  const resources = cpu === undefined ? {} : { requests: { cpu } };
  await client.post(PODS_PATH, {
    ...pod,
    spec: { ...pod.spec, containers: [{ ...container, resources }], ...spec },
  });
}

const bound = ({ spec }: Pod): boolean => (spec.nodeName ?? '') !== '';
const refused = ({ status }: Pod): boolean =>
  status.conditions?.some(({ reason }) => reason === 'Unschedulable') === true;
const messageOf = (pod: Pod): string | undefined =>
  pod.status.conditions?.find(({ type }) => type === 'PodScheduled')?.message;

describe('the scheduler', { timeout: 30_000 }, () => {
  it('takes the node with most room that the Pod may use', async () => {
    await post('plain', {}, '500m');
    await post('tolerant', { tolerations: [{ key: 'team', operator: 'Exists' }] }, '500m');

    expect((await podWhen(cluster, 'plain', bound)).spec.nodeName).toBe('a');
    expect((await podWhen(cluster, 'tolerant', bound)).spec.nodeName).toBe('b');
  });

  it('reports with the real message why there is no node, and binds when there is one', async () => {
    await post('big', {}, '1900m');
    const waiting = await podWhen(cluster, 'big', refused);

    cluster.addNode({ name: 'c', cpu: '2', memory: '4Gi' });
    const placed = await podWhen(cluster, 'big', bound);

    expect(messageOf(waiting)).toBe(
      '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.',
    );
    expect(placed.spec.nodeName).toBe('c');
    expect(messageOf(placed)).toBeUndefined();
  });

  it('knows that a Pod larger than any node is helped by no preemption', async () => {
    await post('huge', { nodeSelector: { disk: 'ssd' } }, '64');

    const pod = await podWhen(cluster, 'huge', refused);

    expect(messageOf(pod)).toMatch(
      /1 Insufficient cpu, 1 node\(s\) didn't match Pod's node affinity\/selector, 1 node\(s\) had untolerated taint\(s\)\. .* 3 Preemption is not helpful/,
    );
  });

  it('leaves a Pod that names its node to the kubelet, which refuses what has no room', async () => {
    await post('direct', { nodeName: 'a' }, '1900m');

    const pod = await podWhen(cluster, 'direct', ({ status }) => status.phase === 'Failed');

    expect(pod.status).toMatchObject({
      reason: 'OutOfcpu',
      message:
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 1900, used: 500, capacity: 2000",
    });
  });
});
