import type { Clock } from '@hangar/shared/clock';
import { type Cluster, ifPresent, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { V1Namespace } from '@kubernetes/client-node';
import { LABEL } from '../pipeline/compiled.ts';
import { mayPass } from './patiently.ts';

const REMOVAL: RetryPolicy = { firstDelayMs: 200, maxDelayMs: 10_000, attempts: 12, shouldRetry: mayPass };

/** `lease` and `podWatch` keep a reference to the namespace until it is removed. */
interface Parts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly lease: { leave(namespace: string): void };
  readonly podWatch: { leave(namespace: string): void };
}

/** What the compiler calls a namespace of one stage (`stage-name.ts`). */
const MADE_UP_NAME = /^drone-[a-z0-9]{20}$/;

/**
 * Removes a namespace that a runner created for one stage, with everything in it, and the references to it. Only a namespace with the label
 * of the runner is removed: a Pod or a Lease that names it may have been written by anyone with access to it. Where namespaces may not be
 * read, as with the previous runner's rights, only one whose name a runner has made up. Never rejects.
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
  const found = await ifPresent(cluster.get<V1Namespace>(target, signal)).catch(madeUp(name));
  if (!found) return;
  const { labels, uid } = found.metadata ?? {};
  if (labels?.[LABEL.managedBy] === LABEL.managedByValue)
    await cluster.remove(target, uid ? { uid } : {}, signal);
  else
    log.error(
      { namespace: name },
      'a namespace that was not created by a runner is not removed, although a Pod or a Lease names it',
    );
}

/** In place of a namespace that may not be read: as its name says it is. */
const madeUp =
  (name: string) =>
  (error: unknown): V1Namespace => {
    if (!isKubernetesError(error, 403) || !MADE_UP_NAME.test(name)) throw error;
    return { metadata: { labels: { [LABEL.managedBy]: LABEL.managedByValue } } };
  };
