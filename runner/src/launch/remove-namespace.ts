import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';

/** What keeps a namespace in mind: the Lease that names it, the watch of its Pods. */
interface Parts {
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly lease: { leave(namespace: string): void };
  readonly podWatch: { leave(namespace: string): void };
}

/** Removes a namespace that was made for one stage, with all that is in it, and forgets it. Never rejects. */
export async function removeNamespace(parts: Parts, namespace: string): Promise<void> {
  await parts.cluster
    .remove({ resource: RESOURCE.namespaces, name: namespace }, {}, new AbortController().signal)
    .catch((error: unknown) => {
      parts.log.error({ err: error, namespace }, 'a namespace could not be removed');
    });
  parts.lease.leave(namespace);
  parts.podWatch.leave(namespace);
}
