import type { Clock } from '@hangar/shared/clock';
import { type Cluster, ifPresent, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { V1Namespace, V1Pod } from '@kubernetes/client-node';
import { ANNOTATION, LABEL, NO_UID } from '../pipeline/compiled.ts';
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

/** A namespace that a runner created for one stage. `uid`: as the Pod in it records it; undefined if there is none, or it doesn't. */
export interface OwnNamespace {
  readonly name: string;
  readonly uid: string | undefined;
}

/** The namespace of a Pod that was created for it alone; undefined if that is not so. */
export function ownNamespaceOf({ metadata }: V1Pod): OwnNamespace | undefined {
  const recorded = metadata?.annotations?.[ANNOTATION.ownNamespace];
  if (recorded === undefined) return undefined;
  return { name: metadata?.namespace ?? '', uid: recorded === NO_UID ? undefined : recorded };
}

/**
 * Removes a namespace that a runner created for one stage, with everything in it, and the references to it. Only a namespace with the label
 * of the runner is removed, and only the one whose uid is recorded: a Pod or a Lease that names it may have been written by anyone with access
 * to it, and somebody may have deleted ours and created another with its name. Where namespaces may not be read, as with the previous
 * runner's rights, only one whose name a runner has made up. Never rejects.
 */
export async function removeNamespace(parts: Parts, own: OwnNamespace): Promise<void> {
  const { signal } = new AbortController();
  const { name: namespace } = own;
  try {
    await retry(parts.clock, REMOVAL, signal, () => remove(parts, own, signal));
  } catch (error) {
    parts.log.error({ err: error, namespace }, 'a namespace could not be removed');
  }
  parts.lease.leave(namespace);
  parts.podWatch.leave(namespace);
}

async function remove({ cluster, log }: Parts, own: OwnNamespace, signal: AbortSignal): Promise<void> {
  const { name } = own;
  const target = { resource: RESOURCE.namespaces, name };
  const found = await ifPresent(cluster.get<V1Namespace>(target, signal)).catch(madeUp(name));
  if (!found) return;
  const { labels, uid } = found.metadata ?? {};
  const recorded = own.uid ?? uid;
  const isOurs = labels?.[LABEL.managedBy] === LABEL.managedByValue && (uid ?? recorded) === recorded;
  if (isOurs) await cluster.remove(target, recorded ? { uid: recorded } : {}, signal);
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
