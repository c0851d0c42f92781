import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { Adopter } from './adopt/adopter.ts';
import { emptied } from './intake.ts';
import type { IndependentReplica } from './lease/independent.ts';
import { askForWork, follow, listen, type RunnerOptions } from './runner.ts';
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
  while (!over.aborted) {
    await adopter.takePods((owner) => parts.lease.isPreviousProcess(owner), over).catch(() => undefined);
    await adopter.sweep();
    await parts.clock.sleep(LOOK_MS, over);
  }
}
