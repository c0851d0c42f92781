import type { PlannedStep, RunPlan } from '../pipeline/run-plan.ts';
import { type ContainerView, WAITS } from './container-view.ts';
import type { PodView } from './observe.ts';
import { isHopeless, isPulling, isRefused, stepTrouble } from './step-trouble.ts';
import { lasting, type Patience, type Trouble, type TroubleCode } from './trouble-kinds.ts';

export type { Patience, Trouble };

/** State between checks: since when each temporary problem has been seen. Created by {@link troubledSince}. */
export type Since = ReadonlyMap<string, number>;

/** Inputs of a check, besides the Pod. */
export interface CheckInputs {
  readonly since: Since;
  /** By the clock of `since`, which must be monotonic: the clock of a node may be set. */
  readonly nowMs: number;
  readonly patience: Patience;
  /** Whether the runner requested the Pod's deletion itself. */
  readonly ours: boolean;
  /** Whether the end of that step is known: later problems of its container are then irrelevant. */
  ended(n: number): boolean;
}

/** Time for the status of all containers after the Pod itself has ended. */
const LATE_STATUS_MS = 15_000;

const SINCE = {
  unschedulable: 'unschedulable',
  nodeLost: 'node lost',
  over: 'over',
  ending: 'ending',
  starting: (left: number): string => `starting ${left}`,
  step: (n: number): string => `step ${n}`,
  swapping: (n: number): string => `swapping ${n}`,
} as const;

/** Whether the Pod has a problem that ends the build. Pure. */
export function troubleOf(view: PodView, plan: RunPlan, inputs: CheckInputs): Trouble | undefined {
  if (inputs.ours) return undefined;
  return (
    podTrouble(view, inputs) ??
    initTrouble(view) ??
    stepsTrouble(view, plan, inputs) ??
    overTrouble(view, plan, inputs) ??
    placeTrouble(view, inputs) ??
    startTrouble(view, plan, inputs)
  );
}

const cluster = (code: TroubleCode, text: string): Trouble => ({ code, blame: 'cluster', text });

/** The Pod is gone, and its status before that shows no trouble. */
export const GONE = cluster(
  'pod-deleted',
  'the Pod of this pipeline disappeared: it was deleted, but not by the runner',
);

function podTrouble(view: PodView, inputs: CheckInputs): Trouble | undefined {
  const { reason, disruption, deletion, isNodeLost } = view;
  if (reason === 'DeadlineExceeded')
    return { code: 'deadline-exceeded', blame: 'pipeline', text: 'the Pod reached its deadline' };
  if (reason === 'Evicted') return cluster('evicted', `the Pod was evicted from its node: ${view.message}`);
  if (disruption) return disrupted(disruption);
  if (deletion) return cluster('pod-deleted', 'the Pod was deleted, but not by the runner');
  if (isNodeLost && isOverdue(inputs, SINCE.nodeLost, inputs.patience.nodeLostMs))
    return lasting(cluster('node-lost', `node ${view.nodeName} stopped answering while the pipeline ran`));
  return undefined;
}

function disrupted(disruption: string): Trouble {
  if (disruption.startsWith('PreemptionByScheduler'))
    return cluster('preempted', `the Pod was preempted by a Pod of higher priority: ${disruption}`);
  if (/node.?shutdown/i.test(disruption))
    return cluster('node-shutdown', `the node was shut down: ${disruption}`);
  return cluster('evicted', `the Pod was disrupted: ${disruption}`);
}

function initTrouble({ init }: PodView): Trouble | undefined {
  if (init.kind === 'ended' && init.code !== 0)
    return {
      code: 'init-failed',
      blame: 'operator',
      text: `preparing the Pod failed (code ${init.code}): ${init.message || init.reason}`,
    };
  if (init.kind === 'waiting' && isHopeless(init, ''))
    return {
      code: 'image-not-found',
      blame: 'operator',
      text: `the gate's image, or that of an init container, cannot be pulled (see HANGAR_GATE_IMAGE): ${init.message}`,
    };
  return undefined;
}

function stepsTrouble(view: PodView, plan: RunPlan, inputs: CheckInputs): Trouble | undefined {
  for (const step of plan.steps) {
    const container = view.steps.get(step.n);
    if (!container || inputs.ended(step.n)) continue;
    const waitedMs = inputs.nowMs - (inputs.since.get(SINCE.step(step.n)) ?? inputs.nowMs);
    const trouble = stepTrouble(step, container, { waitedMs, patience: inputs.patience });
    if (trouble) return trouble;
  }
  return undefined;
}

/** What a kubelet that shuts down says of Pods that run, and of those that come too late. */
const SHUTDOWNS: ReadonlySet<string> = new Set(['Terminated', 'NodeShutdown', 'Shutdown']);

const isOver = ({ phase }: PodView): boolean => phase === 'Failed' || phase === 'Succeeded';

/** A node may reject a Pod assigned to it, or shut down while one runs: then its containers report nothing more. */
function overTrouble(view: PodView, plan: RunPlan, inputs: CheckInputs): Trouble | undefined {
  const open = plan.steps.some((step) => view.steps.get(step.n)?.kind !== 'ended' && !inputs.ended(step.n));
  if (!isOver(view) || !open) return undefined;
  if (SHUTDOWNS.has(view.reason))
    return cluster('node-shutdown', `node ${view.nodeName} was shut down: ${view.reason}: ${view.message}`);
  if (view.reason)
    return cluster(
      'pod-refused',
      `node ${view.nodeName} terminated the Pod: ${view.reason}: ${view.message}`,
    );
  return isLongOver(inputs)
    ? lasting(cluster('pod-refused', `the Pod ended on node ${view.nodeName} before all of its steps ran`))
    : undefined;
}

/** Whether the Pod has ended so long ago that the kubelet's last status should be there. */
export const isLongOver = (inputs: Pick<CheckInputs, 'since' | 'nowMs'>): boolean =>
  isOverdue(inputs, SINCE.over, LATE_STATUS_MS);

/** Whether something other than its own containers ends the Pod: a deletion, an eviction, a preemption. */
export const isEnding = ({ deletion, disruption }: PodView): boolean =>
  deletion !== undefined || disruption !== '';

/** Whether that began so long ago that the kubelet should have ended the Pod. */
export const isLongEnding = ({ deletion }: PodView, inputs: Pick<CheckInputs, 'since' | 'nowMs'>): boolean =>
  isOverdue(inputs, SINCE.ending, (deletion?.graceMs ?? 0) + LATE_STATUS_MS);

function placeTrouble(view: PodView, inputs: CheckInputs): Trouble | undefined {
  const { schedulingMs } = inputs.patience;
  if (!view.unschedulable || !isOverdue(inputs, SINCE.unschedulable, schedulingMs)) return undefined;
  const text = `the Pod was unschedulable for ${spanOf(schedulingMs)} (HANGAR_SCHEDULING_TIMEOUT): ${view.unschedulable}`;
  return lasting(cluster('unschedulable', text));
}

function startTrouble(view: PodView, plan: RunPlan, inputs: CheckInputs): Trouble | undefined {
  const { startMs } = inputs.patience;
  const unstarted = unstartedOf(view, plan);
  const late = isOverdue(inputs, SINCE.starting(unstarted.length), startMs)
    ? unstarted[0]
    : swappingOf(view, plan).find((n) => isOverdue(inputs, SINCE.swapping(n), startMs));
  const step = plan.steps.find((one) => one.n === late);
  if (!step) return undefined;
  const text = `the container of step ${step.name} did not start within ${spanOf(startMs)} (DRONE_ENGINE_CONTAINER_START_TIMEOUT)`;
  const why = whyWaits(view.steps.get(step.n));
  return lasting({ ...cluster('start-timed-out', why ? `${text}: ${why}` : text), step: step.n });
}

function isOverdue(
  inputs: Pick<CheckInputs, 'since' | 'nowMs'>,
  key: string,
  limitMs: number | undefined,
): boolean {
  const sinceMs = inputs.since.get(key);
  return sinceMs !== undefined && limitMs !== undefined && inputs.nowMs - sinceMs >= limitMs;
}

function whyWaits(container: ContainerView | undefined): string {
  return container?.kind === 'waiting' ? container.message || container.reason : '';
}

function spanOf(ms = 0): string {
  const seconds = Math.round(ms / 1000);
  return seconds >= 120 ? `${Math.round(seconds / 60)} minutes` : `${seconds} seconds`;
}

/** Steps whose gate or placeholder has not started, on a node that should start it. */
function unstartedOf(view: PodView, plan: RunPlan): readonly number[] {
  if (!view.scheduled) return [];
  return plan.steps.filter((step) => isUnstarted(step, view.steps.get(step.n))).map((step) => step.n);
}

function isUnstarted({ engine }: PlannedStep, container: ContainerView | undefined): boolean {
  if (engine === 'swap') return container?.kind === 'waiting' && container.reason === WAITS.unstarted;
  return container?.kind !== 'running' && container?.kind !== 'ended';
}

/** Swapped steps whose turn has started, and whose own program has not. */
function swappingOf(view: PodView, plan: RunPlan): readonly number[] {
  const swapped = plan.steps.filter((step) => step.engine === 'swap');
  return swapped.filter((step) => isSwapping(view.steps.get(step.n))).map((step) => step.n);
}

const BEFORE_SWAP: ReadonlySet<string> = new Set([WAITS.unstarted, WAITS.notYet, WAITS.placeholderLost]);

const isSwapping = (container: ContainerView | undefined): boolean =>
  container?.kind === 'waiting' && !BEFORE_SWAP.has(container.reason);

/** Since when each temporary problem has existed; resolved ones are removed. Pure. */
export function troubledSince(before: Since, view: PodView, plan: RunPlan, nowMs: number): Since {
  const unstarted = unstartedOf(view, plan).length;
  const seen = [
    ...(view.unschedulable ? [SINCE.unschedulable] : []),
    ...(view.isNodeLost ? [SINCE.nodeLost] : []),
    ...(isOver(view) ? [SINCE.over] : []),
    ...(isEnding(view) ? [SINCE.ending] : []),
    // Containers are started one after another: the time starts again with each.
    ...(unstarted > 0 ? [SINCE.starting(unstarted)] : []),
    ...swappingOf(view, plan).map(SINCE.swapping),
    ...[...view.steps].filter(([, one]) => isPulling(one) || isRefused(one)).map(([n]) => SINCE.step(n)),
  ];
  return new Map(seen.map((key) => [key, before.get(key) ?? nowMs]));
}

/** What a waiting Pod waits for, in one line for the author; empty if there is nothing to report. */
export function waitingFor(view: PodView, plan: RunPlan): string {
  if (view.unschedulable) return `waiting for a node: ${view.unschedulable}`;
  const step = plan.steps.find(({ n }) => isPulling(view.steps.get(n)));
  return step ? `waiting for image ${step.image}: ${whyWaits(view.steps.get(step.n))}` : '';
}
