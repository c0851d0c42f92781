import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { containerName, GATE_VOLUME } from '../pipeline/compiled.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { gateVolumeView } from './container-view.ts';
import { observe, type PodView } from './observe.ts';
import type { PodNotice } from './pod-notice.ts';
import type { PodFeed } from './pod-watch.ts';
import {
  type CheckInputs,
  GONE,
  isEnding,
  isLongEnding,
  isLongOver,
  type Trouble,
  troubleOf,
} from './trouble.ts';
import type { TroubleCode } from './trouble-kinds.ts';

/** Why a Pod in which nothing of the pipeline ran is to be made again. */
export type PodRetry =
  /** The Pod was refused by its node, evicted, preempted or deleted before anything of the pipeline ran. */
  | { readonly kind: 'not-run'; readonly trouble: Trouble }
  /** No step starts because of the gate's volume; the kubelet may still try. */
  | { readonly kind: 'no-gate'; readonly reason: string }
  /** That node could pull no image for longer than the patience; the kubelet may still try. */
  | { readonly kind: 'no-image'; readonly reason: string; readonly node: string };

/** What {@link podRetryOf} takes into account besides the Pod. */
export interface PodRetryInputs {
  readonly inputs: Omit<CheckInputs, 'ended'>;
  /** Whether the Pod may be made again at all. */
  readonly mayRemake: boolean;
  /** Whether it may be made again with an init container in place of the gate's volume. */
  readonly mayReplaceGate: boolean;
  /** Whether it may be made again on another node. */
  readonly mayAvoidNode: boolean;
  /** Whether the Pod was read just now. Its watch may be silent: a step may have started meanwhile, or the Pod may have ended. */
  readonly isFresh: boolean;
}

/** `later`: the kubelet's last status is still missing, without which nothing is certain. `unread`: the Pod must be read first. */
type Undecided = 'later' | 'unread';

/** A Pod as its watch shows it. */
export type WatchedPod = Pick<PodFeed, 'pod' | 'gone' | 'isFinal' | 'notices'>;

/** Whether a Pod is to be made again. Undefined once a step was started, and while nothing is wrong. Pure. */
export function podRetryOf(
  watched: WatchedPod,
  plan: RunPlan,
  so: PodRetryInputs,
): PodRetry | Undecided | undefined {
  const { pod, gone, notices } = watched;
  if (!so.mayRemake || !pod || hasStepStarted(pod, plan)) return undefined;
  const view = observe(pod, plan);
  const trouble = troubleOf(view, plan, { ...so.inputs, ended: () => false });
  if (gone) return goneOf(watched, plan, trouble ?? GONE);
  return (trouble && endedOf(pod, plan, trouble, so)) ?? stuckOf(pod, trouble, notices, so);
}

/** For a Pod whose kubelet still tries to start its containers, and may have succeeded meanwhile. */
function stuckOf(
  pod: V1Pod,
  trouble: Trouble | undefined,
  notices: readonly PodNotice[],
  so: PodRetryInputs,
): PodRetry | 'unread' | undefined {
  const retry = noGateOf(pod, trouble, notices, so) ?? noImageOf(pod, trouble, so);
  return retry && !so.isFresh ? 'unread' : retry;
}

/** The deadline is the limit of the build's time: no Pod is made again after it. */
const isTimeOut = ({ code }: Trouble): boolean => code === 'deadline-exceeded';

/** For a Pod that is gone. One that was deleted before it was bound to a node has been seen by no kubelet. */
function goneOf({ pod, isFinal }: WatchedPod, plan: RunPlan, trouble: Trouble): PodRetry | undefined {
  if (isTimeOut(trouble)) return undefined;
  const isUnbound = isFinal && !pod?.spec?.nodeName;
  const hasRunNothing = pod && (isUnbound || whetherRan(pod, plan) === 'no');
  return hasRunNothing ? { kind: 'not-run', trouble } : undefined;
}

/** For a Pod that its node has ended, or is ending. */
function endedOf(
  pod: V1Pod,
  plan: RunPlan,
  trouble: Trouble,
  so: PodRetryInputs,
): PodRetry | Undecided | undefined {
  const view = observe(pod, plan);
  if (isTimeOut(trouble) || WITHOUT_KUBELET.test(view.disruption)) return undefined;
  if (!isOver(pod)) return isEnding(view) ? lastStatus(isLongEnding(view, so.inputs), so) : undefined;
  if (!isRefused(view)) return undefined;
  const ran = whetherRan(pod, plan);
  if (ran === 'no') return { kind: 'not-run', trouble };
  return ran === 'open' ? lastStatus(isLongOver(so.inputs), so) : undefined;
}

/** The kubelet's last status is awaited, and at the end of that time read. */
function lastStatus(isLong: boolean, { isFresh }: PodRetryInputs): Undecided | undefined {
  if (!isLong) return 'later';
  return isFresh ? undefined : 'unread';
}

/** For a Pod whose gate is a volume. */
function noGateOf(
  pod: V1Pod,
  trouble: Trouble | undefined,
  notices: readonly PodNotice[],
  { mayReplaceGate }: PodRetryInputs,
): PodRetry | undefined {
  if (!mayReplaceGate || !isGateByVolume(pod)) return undefined;
  const reason = gateVolumeFailure(pod, trouble, notices);
  return reason === undefined ? undefined : { kind: 'no-gate', reason };
}

/** A registry that one node can't reach may be in reach of another. */
function noImageOf(
  { spec }: V1Pod,
  trouble: Trouble | undefined,
  { mayAvoidNode }: PodRetryInputs,
): PodRetry | undefined {
  const { nodeName: node = '' } = spec ?? {};
  if (!mayAvoidNode || node === '' || trouble?.code !== 'image-pull-failed') return undefined;
  return { kind: 'no-image', reason: trouble.text, node };
}

/** Whether the gate comes into that Pod as an image volume. */
export const isGateByVolume = ({ spec }: V1Pod): boolean =>
  (spec?.volumes ?? []).some(({ name, image }) => name === GATE_VOLUME && Boolean(image));

/** Whether the kubelet has ended the Pod. */
export const isOver = ({ status }: V1Pod): boolean =>
  status?.phase === 'Failed' || status?.phase === 'Succeeded';

/** What is written of Pods on a node whose kubelet may be out of reach while it still runs them. It proves nothing. */
const WITHOUT_KUBELET = /^Deletion(ByPodGC|ByTaintManager):/;

/** Whether the Pod has ended for a reason outside of it. */
const isRefused = (view: PodView): boolean =>
  view.phase === 'Failed' && (view.reason !== '' || isEnding(view));

/**
 * Whether any step of a Pod was started, or may be. `no`: the kubelet itself has ended the Pod, and its last status shows no start. `open`: it has
 * ended the Pod, and containers are being stopped whose status is older. What others report of a node that is gone proves nothing. Pure.
 */
export function whetherRan(pod: V1Pod, plan: RunPlan): 'no' | 'open' | 'maybe' {
  const isOthers = WITHOUT_KUBELET.test(observe(pod, plan).disruption);
  if (!isOver(pod) || isOthers || hasStepStarted(pod, plan)) return 'maybe';
  const isFinal = statusesOf(pod, plan).every(({ state }) => state?.terminated);
  return isFinal || isInitOpen(pod) ? 'no' : 'open';
}

/** Whether an init container has not ended, before which no step starts. */
function isInitOpen({ spec, status }: V1Pod): boolean {
  const statuses = status?.initContainerStatuses ?? [];
  const first = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy !== 'Always');
  return first.some(
    ({ name }) => statuses.find((one) => one.name === name)?.state?.terminated?.exitCode !== 0,
  );
}

/** Whether the kubelet reports that the container of any step was started, whatever became of it. */
export const hasStepStarted = (pod: V1Pod, plan: RunPlan): boolean => statusesOf(pod, plan).some(wasStarted);

function statusesOf({ status }: V1Pod, { steps }: RunPlan): readonly V1ContainerStatus[] {
  const names = new Set(steps.map(({ n }) => containerName(n)));
  return (status?.containerStatuses ?? []).filter(({ name }) => names.has(name));
}

/** The runtime reports a start in 1970 for a container that it could not start. */
function wasStarted({ state, lastState }: V1ContainerStatus): boolean {
  const starts = [state?.terminated, lastState?.terminated].map((one) => one?.startedAt);
  return Boolean(state?.running) || starts.some((at) => at && new Date(at).getTime() > 0);
}

/**
 * The trouble of a Pod in which no container starts that the gate's volume may have caused. A start that takes too long is none: while the kubelet
 * pulls the image of any step, it shows all containers as being created.
 */
const SUSPECT: ReadonlySet<TroubleCode> = new Set(['container-refused']);

/** A pull that takes long is no failure: an init container would wait for it too. */
const gateVolumeFailure = (
  pod: V1Pod,
  trouble: Trouble | undefined,
  notices: readonly PodNotice[],
): string | undefined =>
  messageOf(gateVolumeView(pod)) ??
  notices.find(isMountFailure)?.text ??
  (trouble && SUSPECT.has(trouble.code) ? trouble.text : undefined);

const messageOf = (view: ReturnType<typeof gateVolumeView>): string | undefined =>
  view?.kind === 'waiting' ? view.message : undefined;

const isMountFailure = ({ text, container }: PodNotice): boolean =>
  container === '' && text.startsWith('waiting for a volume') && text.includes(GATE_VOLUME);
