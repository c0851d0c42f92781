import type { PlannedStep } from '../pipeline/run-plan.ts';
import type { ContainerView } from './container-view.ts';
import type { Patience, Trouble } from './trouble-kinds.ts';

type Waiting = ContainerView & { kind: 'waiting' };

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

/** Has the pull of that container's image failed so far? */
export const isPulling = (container: ContainerView | undefined): boolean =>
  container?.kind === 'waiting' && PULLING.has(container.reason);

/** Does the kubelet or the runtime refuse to make that container so far? */
export const isRefused = (container: ContainerView | undefined): boolean =>
  container?.kind === 'waiting' && REFUSED.has(container.reason);

/** Will no waiting bring that container's image? `image`: its name, whose own words say nothing. */
export function isHopeless(container: Waiting, image: string): boolean {
  if (HOPELESS.has(container.reason)) return true;
  const words = image ? container.message.replaceAll(image, '') : container.message;
  return PULLING.has(container.reason) && NOT_THERE.test(words);
}

/** Does that step's container have a trouble that ends the build? `waitedMs`: how long its passing error has lasted. Pure. */
export function stepTrouble(
  step: PlannedStep,
  container: ContainerView,
  so: { waitedMs: number; patience: Patience },
): Trouble | undefined {
  if (container.kind === 'ended') return endTrouble(step, container);
  if (container.kind !== 'waiting') return undefined;
  return pullTrouble(step, container, so) ?? refusal(step, container, so.waitedMs);
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
      text: `image ${image} of step ${name} can't be pulled: ${words}`,
    };
  if (!PULLING.has(container.reason) || so.waitedMs < so.patience.imagePullMs) return undefined;
  return {
    code: 'image-pull-failed',
    blame: 'cluster',
    step: n,
    text: `image ${image} of step ${name} could not be pulled: ${words}`,
  };
}

function refusal(step: PlannedStep, container: Waiting, waitedMs: number): Trouble | undefined {
  if (!REFUSED.has(container.reason) || waitedMs < REFUSED_PATIENCE_MS) return undefined;
  return {
    code: 'container-refused',
    blame: 'pipeline',
    step: step.n,
    text: `the container of step ${step.name} can't be made: ${wordsOf(container)}`,
  };
}

/** A container that the runtime could not start ends without ever having run; one that the node lost ends without a word. */
function endTrouble(step: PlannedStep, container: ContainerView & { kind: 'ended' }): Trouble | undefined {
  const { reason } = container;
  if (REFUSED.has(reason) || reason === 'ContainerCannotRun')
    return {
      code: 'container-refused',
      blame: 'pipeline',
      step: step.n,
      text: `the container of step ${step.name} can't be started: ${wordsOf(container)}`,
    };
  if (reason !== 'ContainerStatusUnknown' || container.line) return undefined;
  return {
    code: 'node-lost',
    blame: 'cluster',
    step: step.n,
    text: `the node lost the container of step ${step.name}: ${wordsOf(container)}`,
  };
}
