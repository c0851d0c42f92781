import { randomBytes } from 'node:crypto';
import { SCHEDULING_GATE } from '@hangar/runner/compiled';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import type { LoadSystem } from './load-system.ts';

/** What a pipeline of the runner made in the cluster: the bare loop makes the same. */
export interface Template {
  readonly pod: V1Pod;
  readonly secret: V1Secret;
}

/** Reads the objects of a running pipeline. */
export async function templateOf({ node, space }: LoadSystem): Promise<Template> {
  const [pod] = node.pods;
  const name = pod?.metadata?.name ?? '';
  if (!pod) throw new Error('there is no Pod to take as a template');
  const target = { resource: RESOURCE.secrets, namespace: space.name, name };
  const secret = await space.admin.get<V1Secret>(target, new AbortController().signal);
  return { pod, secret };
}

/** The writes of as many pipelines as there are clients at any time: create a Pod, its Secret, patch the Pod, and delete it when it has ended. */
export async function bareLoop(
  system: LoadSystem,
  template: Template,
  { count, clients }: { readonly count: number; readonly clients: number },
): Promise<void> {
  let left = count;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await onePipeline(system, template);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function onePipeline({ node, space, until }: LoadSystem, { pod, secret }: Template): Promise<void> {
  const { admin, name: namespace } = space;
  const { signal } = new AbortController();
  const name = `bare-${randomBytes(8).toString('hex')}`;
  const { labels, annotations } = pod.metadata ?? {};
  const { nodeName: _, ...spec } = pod.spec ?? { containers: [] };
  const held = { ...spec, schedulingGates: [{ name: SCHEDULING_GATE }] };
  const made = await admin.create<V1Pod>(
    { resource: RESOURCE.pods, namespace },
    {
      metadata: {
        name,
        ...(labels ? { labels } : {}),
        ...(annotations ? { annotations } : {}),
      },
      spec: held,
    },
    signal,
  );
  const uid = made.metadata?.uid ?? '';
  const owner = { apiVersion: 'v1', kind: 'Pod', name, uid, blockOwnerDeletion: false };
  await admin.create(
    { resource: RESOURCE.secrets, namespace },
    { ...secret, metadata: { name, ownerReferences: [owner] } },
    signal,
  );
  const target = { resource: RESOURCE.pods, namespace, name };
  await admin.patch(target, { metadata: { annotations }, spec: { schedulingGates: null } }, 'merge', signal);
  const ended = (): boolean =>
    node.pods.some(({ metadata, status }) => metadata?.uid === uid && status?.phase === 'Succeeded');
  await until('a Pod to end', ended);
  await admin.remove(target, { gracePeriodSeconds: 0, uid }, signal);
}
