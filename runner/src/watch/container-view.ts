import type {
  V1ContainerState,
  V1ContainerStateTerminated,
  V1ContainerStatus,
  V1Pod,
} from '@kubernetes/client-node';
import {
  ANNOTATION,
  containerName,
  GATE_VOLUME,
  INIT_CONTAINER,
  NO_PLACEHOLDER,
} from '../pipeline/compiled.ts';
import type { PlannedStep, RunPlan } from '../pipeline/run-plan.ts';
import { type GateLine, parseGateLine } from './gate-line.ts';
import { recordedEnd } from './kept-step.ts';

/** The state of one container as the kubelet reports it, as far as it concerns the step's own program (a placeholder counts as waiting). */
export type ContainerView =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly kind: 'running'; readonly startedMs: number }
  | {
      readonly kind: 'ended';
      readonly code: number;
      readonly reason: string;
      /** The gate's termination message, if it is one. */
      readonly line: GateLine | undefined;
      readonly message: string;
      readonly startedMs: number;
      readonly endedMs: number;
    };

/** Waiting reasons that the runner sets itself for a swapped step's container. */
export const WAITS = {
  /** The placeholder itself has not started. */
  unstarted: 'PlaceholderNotStarted',
  /** The placeholder is running; the step's turn has not started. */
  notYet: 'NotYet',
  /** The image was swapped in, and the kubelet has not started it. */
  swapping: 'Swapping',
  /** The placeholder has ended before the step's turn, and the kubelet starts nothing in its place. */
  placeholderLost: 'PlaceholderLost',
} as const;

const UNKNOWN: ContainerView = { kind: 'unknown' };

/** The containers of a plan's steps, by the step's number. */
export function stepViews(pod: V1Pod, plan: RunPlan): ReadonlyMap<number, ContainerView> {
  const statuses = new Map(pod.status?.containerStatuses?.map((one) => [one.name, one]));
  return new Map(
    plan.steps.map((step) => [step.n, stepView(pod, step, statuses.get(containerName(step.n)))]),
  );
}

/** The init container that failed or can't start, also one injected by others; else the one that installs the gate. */
export function initView(pod: V1Pod): ContainerView {
  const sidecars = new Set(
    pod.spec?.initContainers?.filter((one) => one.restartPolicy === 'Always').map((one) => one.name),
  );
  const statuses = (pod.status?.initContainerStatuses ?? []).filter((one) => !sidecars.has(one.name));
  const views = statuses.map((one) => viewOf(one));
  const bad = views.find((one) => one.kind === 'ended' && one.code !== 0);
  const waiting = views.find((one) => one.kind === 'waiting' && one.reason !== 'PodInitializing');
  return bad ?? waiting ?? gateVolumeView(pod) ?? viewOf(statuses.find((one) => one.name === INIT_CONTAINER));
}

/** Where the gate's image is a volume that can't be pulled, the kubelet reports so at the first container that mounts it. */
export function gateVolumeView({ spec, status }: V1Pod): ContainerView | undefined {
  const reference = spec?.volumes?.find(({ name }) => name === GATE_VOLUME)?.image?.reference;
  if (!reference) return undefined;
  const views = (status?.containerStatuses ?? []).map((one) => viewOf(one));
  return views.find((one) => one.kind === 'waiting' && one.message.includes(reference));
}

function stepView(pod: V1Pod, step: PlannedStep, status: V1ContainerStatus | undefined): ContainerView {
  if (step.engine === 'swap') return swapView(pod, step.n, status);
  const view = viewOf(status);
  if (view.kind === 'running') return stayingView(pod, step.n, view.startedMs) ?? view;
  if (view.kind !== 'ended') return view;
  // The program itself may write the message too: the gate's line contains the exit code with which the gate ended.
  return { ...view, line: view.line?.code === view.code && !step.pid1 ? view.line : undefined };
}

/** A failed step whose gate stays has ended. */
function stayingView(pod: V1Pod, n: number, startedMs: number): ContainerView | undefined {
  const line = recordedEnd(pod, n);
  return (
    line && { kind: 'ended', code: line.code, reason: '', line, message: '', startedMs, endedMs: line.endMs }
  );
}

/** Whether the container of that swapped step has its real image. */
export function isSwapped(pod: V1Pod, n: number): boolean {
  const name = containerName(n);
  const image = pod.spec?.containers.find((one) => one.name === name)?.image;
  return image !== undefined && image === pod.metadata?.annotations?.[`${ANNOTATION.imagePrefix}${n}`];
}

/** For a swapped step, only the run of its real image counts: before the swap, and while the placeholder still runs, it is waiting. */
function swapView(pod: V1Pod, n: number, status: V1ContainerStatus | undefined): ContainerView {
  const view = viewOf(status);
  if (!isSwapped(pod, n)) return placeholderView(view);
  if (view.kind === 'waiting' || view.kind === 'unknown') return view;
  if (isPlaceholder(pod, n, status)) return { kind: 'waiting', reason: WAITS.swapping, message: '' };
  return view.kind === 'ended' ? { ...view, line: undefined } : view;
}

function placeholderView(view: ContainerView): ContainerView {
  switch (view.kind) {
    case 'ended':
      return { kind: 'waiting', reason: WAITS.placeholderLost, message: '' };
    case 'running':
      return { kind: 'waiting', reason: WAITS.notYet, message: '' };
    case 'waiting':
      return { kind: 'waiting', reason: WAITS.unstarted, message: view.message || view.reason };
    case 'unknown':
      return { kind: 'waiting', reason: WAITS.unstarted, message: '' };
  }
}

/** Exit code of a placeholder that was stopped by a signal (PROTOCOL.md). */
const PLACEHOLDER_CODE = 213;

/**
 * The run of the placeholder is recognised by its container id, which is stored at the swap: neither by exit code (a program may end with 2
 * or 213 of its
 * own) nor by image name, which runtimes report in different forms (known issues 5, 6 and 62).
 */
function isPlaceholder(pod: V1Pod, n: number, status: V1ContainerStatus | undefined): boolean {
  const before = pod.metadata?.annotations?.[`${ANNOTATION.placeholderPrefix}${n}`];
  if (before === NO_PLACEHOLDER) return false;
  if (before) return status?.containerID === before;
  // The image was swapped by hand.
  return status?.state?.terminated?.exitCode === PLACEHOLDER_CODE && status.restartCount === 0;
}

function viewOf(status: V1ContainerStatus | undefined): ContainerView {
  return stateView(status?.state ?? {});
}

function stateView({ terminated, running, waiting }: V1ContainerState): ContainerView {
  if (terminated) return endedView(terminated);
  if (running) return { kind: 'running', startedMs: timeOf(running.startedAt) };
  if (!waiting) return UNKNOWN;
  const { reason = '', message = '' } = waiting;
  return { kind: 'waiting', reason, message };
}

function endedView(state: V1ContainerStateTerminated): ContainerView & { kind: 'ended' } {
  const { exitCode, reason = '', message = '', startedAt, finishedAt } = state;
  const line = parseGateLine(message);
  const [startedMs, endedMs] = [timeOf(startedAt), timeOf(finishedAt)];
  return { kind: 'ended', code: exitCode, reason, line, message, startedMs, endedMs };
}

/** Timestamps are text in JSON, Date from typed clients; 0 if absent. */
function timeOf(stamp: Date | string | undefined): number {
  const ms = stamp ? new Date(stamp).getTime() : 0;
  return Number.isNaN(ms) ? 0 : ms;
}
