import type { PlannedStep } from '../pipeline/run-plan.ts';
import type { ContainerView } from './container-view.ts';
import { lasting, type Patience, type Trouble } from './trouble-kinds.ts';

type Waiting = ContainerView & { kind: 'waiting' };

/** Reasons of a waiting container that do not resolve by waiting. */
const HOPELESS = new Set(['InvalidImageName', 'ErrImageNeverPull']);
const PULLING = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'ImageInspectError']);
const REFUSED = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
]);
/** Registry errors for an image that does not exist or needs other credentials. */
const NOT_THERE =
  /not found|manifest unknown|name unknown|does not exist|repository name not known|pull access denied|unauthorized|denied|forbidden|no basic auth|no match for platform/i;
/** A config error may be caused by a Secret that is created a moment later. */
const REFUSED_PATIENCE_MS = 15_000;
/**
 * Errors of an overloaded node or of one without a connection to the API server: `failed to sync secret cache` of the kubelet's
 * watch-based manager, deadlines and lost connections of the container runtime, and `is reserved for` after such a deadline.
 */
const NODE_UNRESPONSIVE =
  /failed to sync (secret|configmap) cache|context deadline exceeded|code = (DeadlineExceeded|Unavailable)|is reserved for/;

/** Whether pulling that container's image has failed so far. */
export const isPulling = (container: ContainerView | undefined): boolean =>
  container?.kind === 'waiting' && PULLING.has(container.reason);

/** Whether the kubelet or the runtime fails to create that container so far. */
export const isRefused = (container: ContainerView | undefined): boolean =>
  container?.kind === 'waiting' && REFUSED.has(container.reason);

/** Whether the runtime could not start the program of that container, so that it ended without having run. */
export const neverStarted = ({ reason }: { readonly reason: string }): boolean =>
  REFUSED.has(reason) || reason === 'ContainerCannotRun';

/** Whether the image of that container can never be pulled. `image`: its name, whose own text is ignored. */
export function isHopeless(container: Waiting, image: string): boolean {
  if (HOPELESS.has(container.reason)) return true;
  const words = image ? container.message.replaceAll(image, '') : container.message;
  return PULLING.has(container.reason) && NOT_THERE.test(words);
}

/** Whether that step's container has a problem that ends the build. `waitedMs`: duration of its temporary error. Pure. */
export function stepTrouble(
  step: PlannedStep,
  container: ContainerView,
  so: { waitedMs: number; patience: Patience },
): Trouble | undefined {
  if (container.kind === 'ended') return endTrouble(step, container);
  if (container.kind !== 'waiting') return undefined;
  return pullTrouble(step, container, so) ?? refusal(step, container, so);
}

const wordsOf = ({ message, reason }: { message: string; reason: string }): string => message || reason;

function pullTrouble(
  step: PlannedStep,
  container: Waiting,
  so: { waitedMs: number; patience: Patience },
): Trouble | undefined {
  const { n, name, image } = step;
  const words = wordsOf(container);
  if (isHopeless(container, image))
    return {
      code: 'image-not-found',
      blame: 'pipeline',
      step: n,
      text: `image ${image} of step ${name} cannot be pulled: ${words}`,
    };
  if (!PULLING.has(container.reason) || so.waitedMs < so.patience.imagePullMs) return undefined;
  return lasting({
    code: 'image-pull-failed',
    blame: 'cluster',
    step: n,
    text: `image ${image} of step ${name} could not be pulled: ${words}`,
  });
}

function refusal(
  step: PlannedStep,
  container: Waiting,
  { waitedMs, patience }: { waitedMs: number; patience: Patience },
): Trouble | undefined {
  if (!REFUSED.has(container.reason)) return undefined;
  if (NODE_UNRESPONSIVE.test(container.message))
    return waitedMs < patience.nodeLostMs ? undefined : notCreated(step, container);
  if (waitedMs < REFUSED_PATIENCE_MS) return undefined;
  return lasting({
    code: 'container-refused',
    blame: 'pipeline',
    step: step.n,
    text: `the container of step ${step.name} cannot be created: ${wordsOf(container)}`,
  });
}

function notCreated(step: PlannedStep, container: Waiting): Trouble {
  return lasting({
    code: 'node-unresponsive',
    blame: 'cluster',
    step: step.n,
    text: `the node could not create the container of step ${step.name}: ${wordsOf(container)}`,
  });
}

/** A container that the runtime could not start ends without having run; one lost with its node ends without a message. */
function endTrouble(step: PlannedStep, container: ContainerView & { kind: 'ended' }): Trouble | undefined {
  const { reason } = container;
  if (neverStarted(container))
    return {
      code: 'container-refused',
      blame: 'pipeline',
      step: step.n,
      text: `the container of step ${step.name} cannot be started: ${wordsOf(container)}`,
    };
  if (reason !== 'ContainerStatusUnknown' || container.line) return undefined;
  return {
    code: 'node-lost',
    blame: 'cluster',
    step: step.n,
    text: `the node lost the container of step ${step.name}: ${wordsOf(container)}`,
  };
}
