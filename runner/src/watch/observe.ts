import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { ANNOTATION, containerName } from '../pipeline/compiled.ts';
import type { PlannedStep, RunPlan } from '../pipeline/run-plan.ts';

/** The line a gate leaves as termination message (runner/gate/PROTOCOL.md); times in milliseconds since 1970. */
export interface GateLine {
  readonly decision: string;
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** What the kubelet says of one container, as far as it concerns the step's own program (a placeholder counts as waiting). */
export type ContainerView =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly kind: 'running'; readonly startedMs: number }
  | {
      readonly kind: 'ended';
      readonly code: number;
      readonly reason: string;
      readonly line: GateLine | undefined;
      readonly message: string;
      readonly startedMs: number;
      readonly endedMs: number;
    };

/** A Pod as the flight sees it. */
export interface PodView {
  readonly phase: string;
  /** `status.reason`, such as Evicted or DeadlineExceeded. */
  readonly reason: string;
  readonly message: string;
  readonly nodeName: string;
  readonly scheduled: boolean;
  /** Why it can't be scheduled, in the scheduler's words; empty when it can, or nobody tried. */
  readonly unschedulable: string;
  /** When somebody asked for its deletion, and the grace given. */
  readonly deletion: { readonly atMs: number; readonly graceMs: number } | undefined;
  /** Condition DisruptionTarget, if true: preempted, evicted by the API, taint manager, node lost. */
  readonly disruption: string;
  /** Since when the node does not answer for the Pod's readiness; undefined while it does. */
  readonly nodeLostSinceMs: number | undefined;
  readonly init: ContainerView;
  readonly steps: ReadonlyMap<number, ContainerView>;
}

const UNKNOWN: ContainerView = { kind: 'unknown' };

/** Reads a Pod of ours. Pure; tolerates any missing part of the status. */
export function observe(pod: V1Pod, plan: RunPlan): PodView {
  const status = pod.status ?? {};
  const condition = (type: string) => status.conditions?.find((one) => one.type === type);
  const scheduled = condition('PodScheduled');
  const disruption = condition('DisruptionTarget');
  const containers = new Map(status.containerStatuses?.map((one) => [one.name, one]));
  return {
    phase: status.phase ?? 'Pending',
    reason: status.reason ?? '',
    message: status.message ?? '',
    nodeName: pod.spec?.nodeName ?? '',
    scheduled: scheduled?.status === 'True' || Boolean(pod.spec?.nodeName),
    unschedulable:
      scheduled?.status === 'False' && scheduled.reason === 'Unschedulable'
        ? (scheduled.message ?? 'no node fits')
        : '',
    deletion: deletionOf(pod),
    disruption:
      disruption?.status === 'True' ? `${disruption.reason ?? ''}: ${disruption.message ?? ''}` : '',
    nodeLostSinceMs: nodeLostSince(pod),
    init: viewOf(status.initContainerStatuses?.[0]),
    steps: new Map(
      plan.steps.map((step) => [step.n, stepView(pod, step, containers.get(containerName(step.n)))]),
    ),
  };
}

function deletionOf(pod: V1Pod): PodView['deletion'] {
  const at = pod.metadata?.deletionTimestamp;
  if (!at) return undefined;
  // The stamp is when the grace will be over, not when it began.
  const graceMs = (pod.metadata?.deletionGracePeriodSeconds ?? 30) * 1000;
  return { atMs: timeOf(at) - graceMs, graceMs };
}

function nodeLostSince(pod: V1Pod): number | undefined {
  const ready = pod.status?.conditions?.find((one) => one.type === 'Ready');
  const lost =
    ready?.status !== 'True' && (ready?.reason === 'NodeNotReady' || pod.status?.reason === 'NodeLost');
  return lost && ready?.lastTransitionTime ? timeOf(ready.lastTransitionTime) : undefined;
}

/** Of a swapped step, only the run of its real image counts: before the swap, and while the placeholder still runs, it waits. */
function stepView(pod: V1Pod, step: PlannedStep, status: V1ContainerStatus | undefined): ContainerView {
  if (!status) return UNKNOWN;
  if (step.engine === 'gate') return viewOf(status);
  const wanted = pod.spec?.containers.find((one) => one.name === status.name)?.image;
  const real = pod.metadata?.annotations?.[`${ANNOTATION.imagePrefix}${step.n}`];
  if (wanted !== real) return { kind: 'waiting', reason: 'NotYet', message: '' };
  const view = viewOf(status);
  if (view.kind === 'waiting') return view;
  return isPlaceholder(status, pod, step) ? { kind: 'waiting', reason: 'Swapping', message: '' } : view;
}

/** Code of a placeholder that was told to go (PROTOCOL.md). */
const PLACEHOLDER_CODE = 213;

/** The placeholder's own id was kept at the swap, so a run is told apart by container, not by the name of its image. */
function isPlaceholder(status: V1ContainerStatus, pod: V1Pod, step: PlannedStep): boolean {
  const before = pod.metadata?.annotations?.[`${ANNOTATION.placeholderPrefix}${step.n}`];
  if (before) return status.containerID === before;
  return status.state?.terminated?.exitCode === PLACEHOLDER_CODE && status.restartCount === 0;
}

function viewOf(status: V1ContainerStatus | undefined): ContainerView {
  const state = status?.state;
  if (state?.terminated) {
    const { exitCode, reason, message, startedAt, finishedAt } = state.terminated;
    return {
      kind: 'ended',
      code: exitCode,
      reason: reason ?? '',
      line: parseGateLine(message ?? ''),
      message: message ?? '',
      startedMs: timeOf(startedAt),
      endedMs: timeOf(finishedAt),
    };
  }
  if (state?.running) return { kind: 'running', startedMs: timeOf(state.running.startedAt) };
  if (state?.waiting)
    return { kind: 'waiting', reason: state.waiting.reason ?? '', message: state.waiting.message ?? '' };
  return UNKNOWN;
}

/** `ran 2 1768383013000 1768383088000`; anything else is no word of a gate. */
export function parseGateLine(text: string): GateLine | undefined {
  const match = /^([a-z-]+) (\d{1,3}) (\d{1,16}) (\d{1,16})\n?$/.exec(text);
  if (!match) return undefined;
  const [, decision = '', code, startMs, endMs] = match;
  return { decision, code: Number(code), startMs: Number(startMs), endMs: Number(endMs) };
}

/** Stamps come as text in JSON, as Date from typed clients; 0 when absent. */
function timeOf(stamp: Date | string | undefined): number {
  if (!stamp) return 0;
  const ms = new Date(stamp).getTime();
  return Number.isNaN(ms) ? 0 : ms;
}
