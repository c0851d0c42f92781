import type { Clock } from '@hangar/shared/clock';
import { type Cluster, ifPresent, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { V1Namespace } from '@kubernetes/client-node';
import { LABEL } from '../pipeline/compiled.ts';
import { mayPass } from './patiently.ts';

const REMOVAL: RetryPolicy = { firstDelayMs: 200, maxDelayMs: 10_000, attempts: 12, shouldRetry: mayPass };

/** What remembers a namespace: the Lease that names it, and the watch of its Pods. */
interface Parts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly lease: { leave(namespace: string): void };
  readonly podWatch: { leave(namespace: string): void };
}

/**
 * Removes a namespace that a runner made for one stage, with all that is in it, and forgets it. Its own label says who made it: a Pod or a Lease
 * that names it may have been written by anybody who may write there. Never rejects.
 */
export async function removeNamespace(parts: Parts, namespace: string): Promise<void> {
  const { signal } = new AbortController();
  try {
    await retry(parts.clock, REMOVAL, signal, () => remove(parts, namespace, signal));
  } catch (error) {
    parts.log.error({ err: error, namespace }, 'a namespace could not be removed');
  }
  parts.lease.leave(namespace);
  parts.podWatch.leave(namespace);
}

async function remove({ cluster, log }: Parts, name: string, signal: AbortSignal): Promise<void> {
  const target = { resource: RESOURCE.namespaces, name };
  const found = await ifPresent(cluster.get<V1Namespace>(target, signal));
  if (!found) return;
  const { labels, uid } = found.metadata ?? {};
  if (labels?.[LABEL.managedBy] === LABEL.managedByValue)
    await cluster.remove(target, uid ? { uid } : {}, signal);
  else
    log.error(
      { namespace: name },
      'a namespace that no runner made is not removed, though a Pod or a Lease says so',
    );
}
