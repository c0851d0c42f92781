import { RUNNER_SELECTOR } from '@hangar/shared/contract/object-keys';
import { isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { Adopter } from './adopt/adopter.ts';
import { ownerOf } from './adopt/pod-owner.ts';
import { emptied } from './intake.ts';
import type { IndependentReplica } from './lease/independent.ts';
import { LABEL } from './pipeline/compiled.ts';
import { askForWork, follow, isPassing, listen, type RunnerOptions } from './runner.ts';
import { resume } from './stage/run-stage.ts';
import type { StageParts } from './stage/stage-parts.ts';

/** What a replica without a Lease works with. */
export interface IndependentParts extends StageParts {
  readonly lease: IndependentReplica;
}

/** Between two looks at Pods that a former process of this replica left, and at those whose removal failed. */
const LOOK_MS = 5_000;

/**
 * The flow of a replica that works for itself (coordination `none`), as the previous runner did: nobody continues what it leaves. So it
 * finishes its pipelines before it ends, however long that takes; and it touches only Pods that it made, also in a previous process.
 *
 * @param stop aborted: accept nothing new, and return when the last pipeline has ended
 */
export async function runIndependently(
  parts: IndependentParts,
  options: RunnerOptions,
  stop: AbortSignal,
): Promise<void> {
  const { clock, log, registry } = parts;
  const over = new AbortController();
  const stopListening = listen(parts);
  try {
    await Promise.all(options.namespaces.map((name) => follow(parts, name, isKubernetesError, over.signal)));
    const looking = lookAfter(parts, options, over.signal);
    await askForWork(parts, options, { stop, handOver: over.signal });
    log.info({ stages: registry.entries.length }, 'finishing the running pipelines');
    await emptied(clock, registry, Number.POSITIVE_INFINITY);
    over.abort();
    await looking;
  } finally {
    over.abort();
    stopListening();
  }
}

/** Continues what a former process of this replica left, and removes its own Pods that could not be removed before. */
async function lookAfter(
  parts: IndependentParts,
  { leaseNamespace }: RunnerOptions,
  over: AbortSignal,
): Promise<void> {
  const adopter = new Adopter({
    ...parts,
    leaseNamespace,
    resume: (pod, record) => void resume(parts, pod, record, over),
    carryOn: () => undefined,
  });
  let isFound = false;
  while (!over.aborted) {
    isFound ||= await findFormerPods(parts, over);
    await adopter.takePods((owner) => parts.lease.isPreviousProcess(owner), over).catch(() => undefined);
    await adopter.sweep();
    await parts.clock.sleep(LOOK_MS, over);
  }
}

/**
 * Watches the namespaces where a former process of this replica left Pods. Those that were made for one build, or that a pipeline names, are
 * recorded nowhere but on the Pods, so all of the cluster is listed; a Role for single namespaces does not allow that.
 *
 * @returns false if they could not be listed now
 */
async function findFormerPods(parts: IndependentParts, over: AbortSignal): Promise<boolean> {
  const { cluster, lease, origin } = parts;
  const labelSelector = `${RUNNER_SELECTOR},${LABEL.instance}=${lease.labels[LABEL.instance] ?? ''}`;
  try {
    const { items } = await cluster.list<V1Pod>({ resource: RESOURCE.pods }, { labelSelector }, over);
    const former = origin.known(items).filter((pod) => lease.isPreviousProcess(ownerOf(pod)));
    const namespaces = new Set(former.map(({ metadata }) => metadata?.namespace ?? ''));
    for (const namespace of namespaces) await follow(parts, namespace, isPassing, over);
    return true;
  } catch (error) {
    return isKubernetesError(error, 403);
  }
}
