import type { KubernetesObject } from '@kubernetes/client-node';
import { type JsonRecord, recordOf } from '../json.ts';
import {
  type Cluster,
  isKubernetesError,
  KubernetesError,
  type ObjectWriter,
  type Target,
} from './cluster.ts';
import { mergePatch, strategicMergePatch } from './merge-patch.ts';

/** Other writers, the kubelet above all, may be faster this many times; then the caller decides, as after any 409. */
const TRIES = 5;

/**
 * Changes an object by GET and PUT, for a Role with `update` and without `patch`. The PUT names the version that was read, so it never
 * overwrites what another has written; after a 409 the object is read again, unless the patch itself is for one version only.
 */
export class UpdateWriter implements ObjectWriter {
  readonly #cluster: Pick<Cluster, 'get' | 'replace'>;

  constructor(cluster: Pick<Cluster, 'get' | 'replace'>) {
    this.#cluster = cluster;
  }

  async patch<T extends KubernetesObject>(
    target: Target,
    patch: Readonly<Record<string, unknown>>,
    how: 'merge' | 'strategic',
    signal: AbortSignal,
  ): Promise<T> {
    const isForOneVersion = recordOf(patch['metadata'])['resourceVersion'] !== undefined;
    for (let turn = 1; ; turn++) {
      const current = await this.#cluster.get<T>(target, signal);
      assertMeant(current, patch, target);
      try {
        return await this.#cluster.replace<T>(target, changed(current, patch, how), signal);
      } catch (error) {
        if (!isKubernetesError(error, 409) || isForOneVersion || turn >= TRIES) throw error;
      }
    }
  }
}

/** The same cluster, whose objects are changed by that writer. */
export function withWriter(cluster: Cluster, writer: ObjectWriter): Cluster {
  return {
    get: cluster.get.bind(cluster),
    list: cluster.list.bind(cluster),
    pages: cluster.pages.bind(cluster),
    watch: cluster.watch.bind(cluster),
    create: cluster.create.bind(cluster),
    replace: cluster.replace.bind(cluster),
    patch: writer.patch.bind(writer),
    remove: cluster.remove.bind(cluster),
    log: cluster.log.bind(cluster),
  };
}

function changed<T extends KubernetesObject>(
  current: T,
  patch: Readonly<Record<string, unknown>>,
  how: 'merge' | 'strategic',
): T {
  const apply = how === 'strategic' ? strategicMergePatch : mergePatch;
  // As a PATCH is sent: times become texts, and what is undefined is left out.
  const sent = recordOf(JSON.parse(JSON.stringify(patch)));
  return apply({ ...current } as JsonRecord, sent) as T;
}

/** As the API server refuses a PATCH with another version. */
function assertMeant(
  current: KubernetesObject,
  patch: Readonly<Record<string, unknown>>,
  target: Target,
): void {
  const { uid, resourceVersion } = recordOf(patch['metadata']);
  const isMeant =
    (uid ?? current.metadata?.uid) === current.metadata?.uid &&
    (resourceVersion ?? current.metadata?.resourceVersion) === current.metadata?.resourceVersion;
  if (isMeant) return;
  const { resource, name = '' } = target;
  throw new KubernetesError(409, 'Conflict', `${resource.plural} "${name}" has changed since it was read`);
}
