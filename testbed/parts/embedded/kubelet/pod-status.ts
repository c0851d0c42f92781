import type { ContainerStatus, Pod, PodCondition, PodPhase, PodStatus } from '../api/pod.ts';
import { secondsText } from '../api/times.ts';
import { withCondition } from '../schedule/scheduler.ts';

/** What the kubelet knows of a Pod when it writes the status. */
export interface PodFacts {
  readonly pod: Pod;
  readonly inits: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** The sandbox stands: volumes and network are there. */
  readonly sandbox: boolean;
  /** Ended by the kubelet itself: deadline, eviction. */
  readonly verdict: { readonly reason: string; readonly message: string } | undefined;
  /** All containers have ended for good. */
  readonly over: boolean;
}

/** The status of a Pod as the kubelet would write it; conditions of others are kept. */
export function statusOf(facts: PodFacts): PodStatus {
  const { pod, inits, containers, verdict, over } = facts;
  const phase = phaseOf(facts);
  const final = over && verdict !== undefined ? 'Failed' : phase;
  const status: PodStatus = {
    ...pod.status,
    phase: final,
    conditions: conditionsOf(facts, final),
    hostIP: '127.0.0.1',
    hostIPs: [{ ip: '127.0.0.1' }],
    startTime: secondsText(facts.startedAtMs),
    ...(inits.length === 0 ? {} : { initContainerStatuses: [...inits] }),
    containerStatuses: [...containers],
    ...(final === 'Failed' && verdict !== undefined ? verdict : {}),
  };
  if (facts.sandbox) Object.assign(status, { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] });
  return status;
}

/** The phase by the states of the containers and the restart policy. */
export function phaseOf({ pod, inits, containers, over }: PodFacts): PodPhase {
  const policy = pod.spec.restartPolicy ?? 'Always';
  if (inits.some((init) => init.state.terminated?.exitCode !== 0)) {
    const failed = inits.some((init) => (endCodeOf(init) ?? 0) !== 0);
    return failed && over && policy === 'Never' ? 'Failed' : 'Pending';
  }
  if (containers.some(isYetToStart)) return 'Pending';
  return policy === 'Always' || !over ? 'Running' : endPhaseOf(containers, policy);
}

function endPhaseOf(containers: readonly ContainerStatus[], policy: 'OnFailure' | 'Never'): PodPhase {
  if (containers.every((container) => endCodeOf(container) === 0)) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

function isYetToStart({ state, lastState }: ContainerStatus): boolean {
  return state.waiting !== undefined && lastState.terminated === undefined;
}

function endCodeOf({ state, lastState }: ContainerStatus): number | undefined {
  return (state.terminated ?? lastState.terminated)?.exitCode;
}

type Told = Pick<PodCondition, 'status' | 'reason' | 'message'>;

function conditionsOf(facts: PodFacts, phase: PodPhase): PodCondition[] {
  const ready = readyOf(facts, phase);
  const reported: [string, Told][] = [
    ['PodReadyToStartContainers', { status: facts.sandbox && !facts.over ? 'True' : 'False' }],
    ['Initialized', initializedOf(facts, phase)],
    ['Ready', ready],
    ['ContainersReady', ready],
    ['PodScheduled', { status: 'True' }],
  ];
  return reported.reduce<PodCondition[]>(
    (conditions, [type, condition]) =>
      withCondition(conditions, { type, lastProbeTime: null, ...condition }, facts.nowMs),
    facts.pod.status.conditions ?? [],
  );
}

function readyOf({ containers }: PodFacts, phase: PodPhase): Told {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0) return { status: 'True' };
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

function initializedOf({ inits, containers }: PodFacts, phase: PodPhase): Told {
  const open = inits.filter(({ state }) => state.terminated?.exitCode !== 0).map(({ name }) => name);
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  const begun = containers.some(
    ({ state, lastState }) => state.waiting === undefined || lastState.terminated !== undefined,
  );
  if (open.length === 0 || begun) return { status: 'True' };
  return {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${open.join(' ')}]`,
  };
}
