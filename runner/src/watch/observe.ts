import type { V1Pod } from '@kubernetes/client-node';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { type ContainerView, initView, stepViews } from './container-view.ts';

/** The state of a Pod as the supervision of its stage sees it. */
export interface PodView {
  readonly phase: string;
  /** `status.reason`, such as Evicted or DeadlineExceeded. */
  readonly reason: string;
  readonly message: string;
  readonly nodeName: string;
  readonly scheduled: boolean;
  /** Why it can't be scheduled, in the scheduler's message; empty if it can, or was not tried. */
  readonly unschedulable: string;
  /** When its deletion was requested, and the grace period. */
  readonly deletion: { readonly atMs: number; readonly graceMs: number } | undefined;
  /** Condition DisruptionTarget, if true: preemption, eviction by API, taint manager, node lost. */
  readonly disruption: string;
  /** Whether the node has stopped reporting the Pod's readiness. */
  readonly isNodeLost: boolean;
  /** The relevant init container: one that failed or can't start, else the runner's own. */
  readonly init: ContainerView;
  readonly steps: ReadonlyMap<number, ContainerView>;
}

/** Extracts the state of a Pod of ours. Pure; tolerates any missing part of the status. */
export function observe(pod: V1Pod, plan: RunPlan): PodView {
  const { phase = 'Pending', reason = '', message = '' } = pod.status ?? {};
  return {
    phase,
    reason,
    message,
    ...placeOf(pod),
    deletion: deletionOf(pod),
    disruption: disruptionOf(pod),
    isNodeLost: isNodeLost(pod),
    init: initView(pod),
    steps: stepViews(pod, plan),
  };
}

const conditionOf = (pod: V1Pod, type: string) => pod.status?.conditions?.find((one) => one.type === type);

function placeOf(pod: V1Pod): Pick<PodView, 'nodeName' | 'scheduled' | 'unschedulable'> {
  const { nodeName = '' } = pod.spec ?? {};
  const condition = conditionOf(pod, 'PodScheduled');
  const refused = condition?.status === 'False' && condition.reason === 'Unschedulable';
  return {
    nodeName,
    scheduled: condition?.status === 'True' || nodeName !== '',
    unschedulable: refused ? (condition.message ?? 'no node fits') : '',
  };
}

function disruptionOf(pod: V1Pod): string {
  const condition = conditionOf(pod, 'DisruptionTarget');
  if (condition?.status !== 'True') return '';
  const { reason = '', message = '' } = condition;
  return `${reason}: ${message}`;
}

function deletionOf(pod: V1Pod): PodView['deletion'] {
  const at = pod.metadata?.deletionTimestamp;
  if (!at) return undefined;
  // The timestamp is the end of the grace period, not its start.
  const graceMs = (pod.metadata?.deletionGracePeriodSeconds ?? 30) * 1000;
  return { atMs: new Date(at).getTime() - graceMs, graceMs };
}

/**
 * Kubernetes marks the Pods of an unresponsive node as not ready without a reason, while a kubelet always sets one (seen on
 * 1.34). A Pod with an ended container was not ready before: there only the eviction after five minutes shows it.
 */
function isNodeLost(pod: V1Pod): boolean {
  const ready = conditionOf(pod, 'Ready');
  if (!ready || ready.status === 'True') return false;
  return !ready.reason || ready.reason === 'NodeNotReady' || pod.status?.reason === 'NodeLost';
}
