import type {
  V1ContainerState,
  V1ContainerStateTerminated,
  V1ContainerStatus,
  V1Pod,
} from '@kubernetes/client-node';
import { ANNOTATION, containerName, INIT_CONTAINER, NO_PLACEHOLDER } from '../pipeline/compiled.ts';
import type { PlannedStep, RunPlan } from '../pipeline/run-plan.ts';
import { type GateLine, parseGateLine } from './gate-line.ts';

/** What the kubelet says of one container, as far as it concerns the step's own program (a placeholder counts as waiting). */
export type ContainerView =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly kind: 'running'; readonly startedMs: number }
  | {
      readonly kind: 'ended';
      readonly code: number;
      readonly reason: string;
      /** The gate's own word, where it is one. */
      readonly line: GateLine | undefined;
      readonly message: string;
      readonly startedMs: number;
      readonly endedMs: number;
    };

/** Reasons that we give ourselves to a swapped step's container that waits. */
export const WAITS = {
  /** The placeholder itself has not started. */
  unstarted: 'PlaceholderNotStarted',
  /** The placeholder holds its place; its turn has not come. */
  notYet: 'NotYet',
  /** The image was put in place, and the kubelet has not begun it. */
  swapping: 'Swapping',
  /** The placeholder has ended before its turn, and the kubelet starts nothing in its stead. */
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

/** The init container that failed or can't be made, whoever put it there; else the one that brings the gate. */
export function initView(pod: V1Pod): ContainerView {
  const sidecars = new Set(
    pod.spec?.initContainers?.filter((one) => one.restartPolicy === 'Always').map((one) => one.name),
  );
  const statuses = (pod.status?.initContainerStatuses ?? []).filter((one) => !sidecars.has(one.name));
  const views = statuses.map((one) => viewOf(one));
  const bad = views.find((one) => one.kind === 'ended' && one.code !== 0);
  const waiting = views.find((one) => one.kind === 'waiting' && one.reason !== 'PodInitializing');
  return bad ?? waiting ?? viewOf(statuses.find((one) => one.name === INIT_CONTAINER));
}

function stepView(pod: V1Pod, step: PlannedStep, status: V1ContainerStatus | undefined): ContainerView {
  if (step.engine === 'swap') return swapView(pod, step.n, status);
  const view = viewOf(status);
  if (view.kind !== 'ended') return view;
  // The program itself may write the message too: the gate's line says the very code with which the gate ended.
  return { ...view, line: view.line?.code === view.code && !step.pid1 ? view.line : undefined };
}

/** Is the real image of that swapped step in its container? */
export function isSwapped(pod: V1Pod, n: number): boolean {
  const name = containerName(n);
  const image = pod.spec?.containers.find((one) => one.name === name)?.image;
  return image !== undefined && image === pod.metadata?.annotations?.[`${ANNOTATION.imagePrefix}${n}`];
}

/** Of a swapped step, only the run of its real image counts: before the swap, and while the placeholder still runs, it waits. */
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

/** Code of a placeholder that was told to go (PROTOCOL.md). */
const PLACEHOLDER_CODE = 213;

/**
 * A run is told apart by its container's id, which is kept at the swap: neither by its code (a program may end with 2 or 213 of its
 * own) nor by the name of its image, which runtimes write in their own ways (known issues 5, 6 and 62).
 */
function isPlaceholder(pod: V1Pod, n: number, status: V1ContainerStatus | undefined): boolean {
  const before = pod.metadata?.annotations?.[`${ANNOTATION.placeholderPrefix}${n}`];
  if (before === NO_PLACEHOLDER) return false;
  if (before) return status?.containerID === before;
  // Somebody swapped it by hand.
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

/** Stamps come as text in JSON, as Date from typed clients; 0 when absent. */
function timeOf(stamp: Date | string | undefined): number {
  const ms = stamp ? new Date(stamp).getTime() : 0;
  return Number.isNaN(ms) ? 0 : ms;
}
