import type { Blame } from '../pipeline/pipeline-error.ts';
import type { PlannedStep, RunPlan } from '../pipeline/run-plan.ts';
import type { ContainerView, PodView } from './observe.ts';

/** Why a Pod can't do what it should: the text is what the author reads. */
export interface Trouble {
  readonly code: TroubleCode;
  readonly blame: Blame;
  readonly text: string;
  /** The step it concerns; absent when it is the whole Pod's. */
  readonly step?: number;
}

export type TroubleCode =
  | 'image-not-found'
  | 'image-pull-failed'
  | 'container-refused'
  | 'init-failed'
  | 'evicted'
  | 'deadline-exceeded'
  | 'node-lost'
  | 'pod-deleted';

/** How long what may mend itself is given. Milliseconds. */
export interface Patience {
  /** Pull errors that may pass: registry down, rate limits. */
  readonly imagePullMs: number;
  /** A node that stops answering may come back. */
  readonly nodeLostMs: number;
}

/** What the flight remembers between looks: since when each step's container has had a passing error. */
export type Since = ReadonlyMap<number, number>;

/** Reasons of a waiting container that no waiting mends. */
const HOPELESS = new Set(['InvalidImageName', 'ErrImageNeverPull']);
const PULLING = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'ImageInspectError']);
const REFUSED = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
]);
/** What registries say of an image that isn't there, or not for us. */
const NOT_THERE =
  /not found|manifest unknown|name unknown|does not exist|repository name not known|pull access denied|unauthorized|denied|forbidden|no basic auth|no match for platform/i;
/** A config error may be a Secret that comes a moment later. */
const REFUSED_PATIENCE_MS = 15_000;
/** Beyond its grace, a deleted Pod whose node says nothing is given this. */
const DELETION_SLACK_MS = 15_000;

/**
 * Does the Pod have a trouble that ends the build? Pure: same Pod, same memory, same time, same answer.
 *
 * @param view the Pod now
 * @param since when each step's container first had a passing error, from {@link troubledSince}
 * @param ours whether we asked for the Pod's deletion ourselves
 */
export function troubleOf(
  view: PodView,
  plan: RunPlan,
  look: { since: Since; nowMs: number; patience: Patience; ours: boolean },
): Trouble | undefined {
  return (
    podTrouble(view, look) ??
    initTrouble(view) ??
    plan.steps.map((step) => stepTrouble(step, view, look)).find(Boolean)
  );
}

function podTrouble(
  view: PodView,
  look: { nowMs: number; patience: Patience; ours: boolean },
): Trouble | undefined {
  if (view.reason === 'DeadlineExceeded')
    return { code: 'deadline-exceeded', blame: 'pipeline', text: 'the Pod reached its deadline' };
  if (view.reason === 'Evicted')
    return { code: 'evicted', blame: 'cluster', text: `the Pod was evicted from its node: ${view.message}` };
  if (look.ours) return undefined;
  if (view.disruption)
    return { code: 'evicted', blame: 'cluster', text: `the Pod was disrupted: ${view.disruption}` };
  const { deletion, nodeLostSinceMs } = view;
  if (deletion && look.nowMs > deletion.atMs + deletion.graceMs + DELETION_SLACK_MS)
    return {
      code: 'pod-deleted',
      blame: 'cluster',
      text: 'the Pod was deleted, and its node does not confirm it',
    };
  if (nodeLostSinceMs !== undefined && look.nowMs > nodeLostSinceMs + look.patience.nodeLostMs)
    return {
      code: 'node-lost',
      blame: 'cluster',
      text: `node ${view.nodeName} stopped answering while the pipeline ran`,
    };
  return undefined;
}

function initTrouble(view: PodView): Trouble | undefined {
  const { init } = view;
  if (init.kind === 'ended' && init.code !== 0)
    return {
      code: 'init-failed',
      blame: 'operator',
      text: `preparing the Pod failed (code ${init.code}): ${init.message || init.reason}`,
    };
  if (init.kind === 'waiting' && isHopeless(init))
    return {
      code: 'image-not-found',
      blame: 'operator',
      text: `the gate's image can't be pulled (see HANGAR_GATE_IMAGE): ${init.message}`,
    };
  return undefined;
}

function stepTrouble(
  step: PlannedStep,
  view: PodView,
  look: { since: Since; nowMs: number; patience: Patience },
): Trouble | undefined {
  const container = view.steps.get(step.n);
  if (container?.kind === 'ended') return startError(step, container);
  if (container?.kind !== 'waiting') return undefined;
  const { reason, message } = container;
  if (isHopeless(container))
    return {
      code: 'image-not-found',
      blame: 'pipeline',
      step: step.n,
      text: `image ${step.image} of step ${step.name} can't be pulled: ${message || reason}`,
    };
  const waitedMs = look.nowMs - (look.since.get(step.n) ?? look.nowMs);
  if (PULLING.has(reason) && waitedMs >= look.patience.imagePullMs)
    return {
      code: 'image-pull-failed',
      blame: 'cluster',
      step: step.n,
      text: `image ${step.image} of step ${step.name} could not be pulled: ${message || reason}`,
    };
  if (REFUSED.has(reason) && waitedMs >= REFUSED_PATIENCE_MS)
    return {
      code: 'container-refused',
      blame: 'pipeline',
      step: step.n,
      text: `the container of step ${step.name} can't be made: ${message || reason}`,
    };
  return undefined;
}

/** A container that the runtime could not start (working directory, mount, missing gate) ends without ever having run. */
function startError(step: PlannedStep, container: ContainerView & { kind: 'ended' }): Trouble | undefined {
  if (!REFUSED.has(container.reason) && container.reason !== 'ContainerCannotRun') return undefined;
  return {
    code: 'container-refused',
    blame: 'pipeline',
    step: step.n,
    text: `the container of step ${step.name} can't be started: ${container.message || container.reason}`,
  };
}

function isHopeless(container: ContainerView & { kind: 'waiting' }): boolean {
  return (
    HOPELESS.has(container.reason) || (PULLING.has(container.reason) && NOT_THERE.test(container.message))
  );
}

/** Since when each step's container has had an error that may pass; what got well is forgotten. */
export function troubledSince(before: Since, view: PodView, nowMs: number): Since {
  const now = new Map<number, number>();
  for (const [n, container] of view.steps) {
    if (container.kind !== 'waiting') continue;
    if (PULLING.has(container.reason) || REFUSED.has(container.reason)) now.set(n, before.get(n) ?? nowMs);
  }
  return now;
}

/** What a waiting Pod waits for, in a line that the author reads; empty when nothing is worth a word. */
export function waitingFor(view: PodView, plan: RunPlan): string {
  if (view.unschedulable) return `waiting for a node: ${view.unschedulable}`;
  for (const step of plan.steps) {
    const container = view.steps.get(step.n);
    if (container?.kind === 'waiting' && PULLING.has(container.reason))
      return `waiting for image ${step.image}: ${container.message || container.reason}`;
  }
  return '';
}
