import type { Api } from './kubernetes.ts';
import { expectStatus } from './kubernetes.ts';
import { cluster } from './plan/layout.ts';

interface NodeObject {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
  readonly status: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const path = `/api/v1/nodes/${cluster.nodeName}`;
const strategicMerge = 'application/strategic-merge-patch+json';
const uninitialized = 'node.cloudprovider.kubernetes.io/uninitialized';

async function giveAddress(api: Api, node: NodeObject): Promise<void> {
  if (node.status.addresses?.some(({ address }) => address === '127.0.0.1') === true) return;
  const addresses = [
    { type: 'InternalIP', address: '127.0.0.1' },
    { type: 'Hostname', address: cluster.nodeName },
  ];
  const answer = await api('PATCH', `${path}/status`, { status: { addresses } }, strategicMerge);
  expectStatus(answer, [200], "patching the node's addresses");
}

async function initialize(api: Api, node: NodeObject): Promise<void> {
  const taints = node.spec.taints ?? [];
  if (!taints.some(({ key }) => key === uninitialized)) return;
  const rest = taints.filter(({ key }) => key !== uninitialized);
  const { resourceVersion } = node.metadata;
  const body = { metadata: { resourceVersion }, spec: { taints: rest } };
  const answer = await api('PATCH', path, body, 'application/merge-patch+json');
  expectStatus(answer, [200, 409], "removing the node's taint");
}

/**
 * Does the cloud provider's part for our node (address 127.0.0.1, first taint removed) and returns whether it is
 * Ready and free of taints. To be called again until it is.
 */
export async function settleNode(api: Api): Promise<boolean> {
  const answer = await api('GET', path);
  if (answer.status === 404) return false;
  const node = JSON.parse(expectStatus(answer, [200], 'reading the node').body) as NodeObject;
  await giveAddress(api, node);
  await initialize(api, node);
  const isReady = node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return isReady === true && (node.spec.taints ?? []).length === 0;
}
