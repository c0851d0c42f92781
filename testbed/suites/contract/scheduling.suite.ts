import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { parseMemoryBytes } from '@hangar/shared/quantity';
import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { conditionOf, contractPod, heldPod, isRunning, shell } from './pods.ts';
import { apiRefusalOf, hasEnded, type TestNamespace } from './test-namespace.ts';

const { pods, resourceQuotas } = RESOURCE;
const CONFIG_MAPS = { base: '/api/v1', plural: 'configmaps' };

const unschedulable = (pod: V1Pod): boolean => conditionOf(pod, 'PodScheduled')?.reason === 'Unschedulable';

/** `0/3 nodes are available: …`, however many nodes others have put into the cluster. */
const noNodes = (why: string): RegExp =>
  new RegExp(`^0/\\d+ nodes are available: .*${why}.* preemption: 0/\\d+ nodes are available: .*\\.$`);

/** Gates, requests, quotas. */
export function schedulingSuite(ns: () => TestNamespace): void {
  describe.concurrent('scheduling', () => {
    it('waits for the gates of a Pod, and continues when a patch removes them', async () => {
      const pod = contractPod(ns(), 'gated', [shell('true')], {
        schedulingGates: [{ name: 'hangar.dev/wait' }],
      });
      await ns().createPod(pod);
      const held = await ns().podWhen(
        'gated',
        'is held',
        (one) => conditionOf(one, 'PodScheduled') !== undefined,
      );
      const lifted = await ns().patch<V1Pod>(pods, 'gated', {
        metadata: { annotations: { ids: '1' } },
        spec: { schedulingGates: null },
      });
      const ended = await ns().podWhen('gated', 'has ended', hasEnded);
      expect(conditionOf(held, 'PodScheduled')).toMatchObject({
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      });
      expect(held.status?.phase).toBe('Pending');
      expect(lifted.spec?.schedulingGates).toBeUndefined();
      expect(lifted.metadata?.generation).toBe(2);
      expect(ended.status?.phase).toBe('Succeeded');
    });

    it('accepts node selectors that are set before or with the removal of the gates', async () => {
      await ns().createPod(heldPod('selective'));
      await ns().patch(pods, 'selective', { spec: { nodeSelector: { 'a/b': 'c' } } });
      const last = { schedulingGates: null, nodeSelector: { 'd/e': 'f' } };
      const pod = await ns().patch<V1Pod>(pods, 'selective', { spec: last });
      expect(pod.spec?.nodeSelector).toEqual({ 'a/b': 'c', 'd/e': 'f' });
      const late = await apiRefusalOf(
        ns().patch(pods, 'selective', { spec: { nodeSelector: { 'g/h': 'i' } } }),
      );
      expect([late.status, late.reason]).toEqual([422, 'Invalid']);
    });

    const cpu = { resources: { requests: { cpu: '100000' } } };
    const memory = { resources: { requests: { memory: '900Ti' } } };
    const nodeSelector = { 'hangar.dev/no': 'node' };
    it.each([
      { name: 'cpu', container: cpu, spec: {}, why: 'Insufficient cpu' },
      { name: 'memory', container: memory, spec: {}, why: 'Insufficient memory' },
      {
        name: 'selector',
        container: {},
        spec: { nodeSelector },
        why: "node\\(s\\) didn't match Pod's node affinity/selector",
      },
    ])('tells Pods why they wait: $why', async ({ name, container, spec, why }) => {
      await ns().createPod(contractPod(ns(), `stuck-${name}`, [shell('true', container)], spec));
      const pod = await ns().podWhen(`stuck-${name}`, 'is unschedulable', unschedulable);
      const event = await ns().until('FailedScheduling', async () =>
        (await ns().eventsOf(`stuck-${name}`)).find(({ reason }) => reason === 'FailedScheduling'),
      );
      const { message = '', status } = conditionOf(pod, 'PodScheduled') ?? {};
      expect([status, pod.status?.phase, pod.spec?.nodeName]).toEqual(['False', 'Pending', undefined]);
      expect(message).toMatch(noNodes(why));
      expect(event).toMatchObject({ type: 'Warning', reportingComponent: 'default-scheduler' });
      expect(event.message).toMatch(noNodes(why));
    });

    it('counts requests: what does not fit beside another Pod waits until that one has ended', async () => {
      const node = await ns().find<V1Node>({ resource: RESOURCE.nodes, name: ns().nodeName });
      const requests = { memory: mostOf(node?.status?.allocatable?.['memory'] ?? '0') };
      const large = (name: string, script: string) =>
        contractPod(ns(), name, [shell(script, { resources: { requests } })], {
          volumes: [{ name: 'v', downwardAPI: { items: [goSign] } }],
        });
      const first = large('large-1', 'until grep -q go /pod/sign; do sleep 0.1; done');
      for (const container of first.spec?.containers ?? [])
        container.volumeMounts = [{ name: 'v', mountPath: '/pod' }];
      await ns().createPod(first);
      await ns().podWhen('large-1', 'runs', isRunning);
      await ns().createPod(large('large-2', 'true'));
      const waiting = await ns().podWhen('large-2', 'is unschedulable', unschedulable);
      await ns().patch(pods, 'large-1', { metadata: { annotations: { 'hangar.dev/sign': 'go' } } });
      const second = await ns().podWhen('large-2', 'has ended', hasEnded);
      expect(conditionOf(waiting, 'PodScheduled')?.message).toMatch(noNodes('Insufficient memory'));
      expect(second.status?.phase).toBe('Succeeded');
    });
  });
}

const goSign = { path: 'sign', fieldRef: { fieldPath: "metadata.annotations['hangar.dev/sign']" } };

/** 60 % of an amount of memory, in MiB: two of them never fit. */
function mostOf(memory: string): string {
  const bytes = parseMemoryBytes(memory);
  if (bytes === undefined) throw new Error(`the node has no readable memory: ${memory}`);
  return `${Math.floor((bytes * 0.6) / 2 ** 20)}Mi`;
}

/** Quotas, in a namespace of their own: they bind everything in it. */
export function quotaContractSuite(ns: () => TestNamespace): void {
  describe('quotas', () => {
    const quota = async (name: string, hard: Record<string, string>) => {
      await ns().create(resourceQuotas, { metadata: { name }, spec: { hard } });
      await ns().until(`the status of quota ${name}`, async () => {
        const { status } = await ns().get(resourceQuotas, name);
        return (status as { hard?: object } | undefined)?.hard;
      });
    };

    it('refuse what exceeds them, with the numbers', async () => {
      await quota('few', { 'count/configmaps': '2', pods: '1' });
      const map = (name: string) => ({ metadata: { name } });
      const root = { resource: CONFIG_MAPS, namespace: ns().name, name: 'kube-root-ca.crt' };
      await ns().until('the certificates that every namespace gets', () => ns().find(root));
      await ns().create(CONFIG_MAPS, map('fits'));
      expect(await apiRefusalOf(ns().create(CONFIG_MAPS, map('beyond')))).toEqual({
        status: 403,
        reason: 'Forbidden',
        message:
          'configmaps "beyond" is forbidden: exceeded quota: few, requested: count/configmaps=1, used: count/configmaps=2, limited: count/configmaps=2',
      });
      await ns().createPod(heldPod('first'));
      expect(await apiRefusalOf(ns().createPod(heldPod('second')))).toEqual({
        status: 403,
        reason: 'Forbidden',
        message:
          'pods "second" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1',
      });
      await ns().remove(pods, 'first');
      await ns().until('room in the quota', () =>
        ns()
          .createPod(heldPod('second'))
          .catch(() => undefined),
      );
      await ns().remove(pods, 'second');
      await ns().remove(resourceQuotas, 'few');
    });

    it('of requests require Pods to have requests', async () => {
      await quota('compute', { 'requests.cpu': '1', 'requests.memory': '1Gi' });
      const asking = (cpu: string) => {
        const resources = { requests: { cpu, memory: '100Mi' } };
        return heldPod('asks', { containers: [shell('true', { resources })] });
      };
      expect((await apiRefusalOf(ns().createPod(heldPod('asks')))).message).toBe(
        'pods "asks" is forbidden: failed quota: compute: must specify requests.cpu for: main; requests.memory for: main',
      );
      expect((await apiRefusalOf(ns().createPod(asking('1500m')))).message).toBe(
        'pods "asks" is forbidden: exceeded quota: compute, requested: requests.cpu=1500m, used: requests.cpu=0, limited: requests.cpu=1',
      );
      await ns().createPod(asking('500m'));
      const used = await ns().until('the used amounts', async () => {
        const { status } = await ns().get(resourceQuotas, 'compute');
        const { used } = status as { used?: Record<string, string> };
        return used?.['requests.cpu'] === '500m' ? used : undefined;
      });
      expect(used).toEqual({ 'requests.cpu': '500m', 'requests.memory': '100Mi' });
    });
  });
}
