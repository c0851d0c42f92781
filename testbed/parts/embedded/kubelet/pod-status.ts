import {
  type ContainerStatus,
  type Pod,
  type PodCondition,
  type PodPhase,
  type PodStatus,
  withCondition,
} from '../api/pod.ts';
import { rfc3339Seconds } from '../api/times.ts';

/** What the kubelet knows of a Pod when it writes the status. */
export interface PodFacts {
  readonly pod: Pod;
  readonly inits: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** The sandbox is ready: volumes and network exist. */
  readonly sandbox: boolean;
  /** Ended by the kubelet itself: deadline, eviction. */
  readonly termination: { readonly reason: string; readonly message: string } | undefined;
  /** All containers have ended for good. */
  readonly finished: boolean;
}

/** The status of a Pod as the kubelet would write it; conditions of others are kept. */
export function podStatusOf(facts: PodFacts): PodStatus {
  const { pod, inits, containers, termination, finished } = facts;
  const phase = finished && termination !== undefined ? 'Failed' : phaseOf(facts);
  return {
    ...pod.status,
    phase,
    conditions: conditionsOf(facts, phase),
    hostIP: '127.0.0.1',
    hostIPs: [{ ip: '127.0.0.1' }],
    startTime: rfc3339Seconds(facts.startedAtMs),
    ...(inits.length === 0 ? {} : { initContainerStatuses: [...inits] }),
    containerStatuses: [...containers],
    ...(phase === 'Failed' ? termination : {}),
    ...(facts.sandbox ? { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] } : {}),
  };
}

/** The phase by the states of the containers and the restart policy. */
function phaseOf({ pod, inits, containers, finished }: PodFacts): PodPhase {
  const policy = pod.spec.restartPolicy;
  if (inits.some((init) => init.state.terminated?.exitCode !== 0)) {
    const failed = inits.some((init) => (endCodeOf(init) ?? 0) !== 0);
    return failed && finished && policy === 'Never' ? 'Failed' : 'Pending';
  }
  if (containers.some(isYetToStart)) return 'Pending';
  if (policy === 'Always' || !finished) return 'Running';
  if (containers.every((container) => endCodeOf(container) === 0)) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

function isYetToStart({ state, lastState }: ContainerStatus): boolean {
  return state.waiting !== undefined && lastState.terminated === undefined;
}

function endCodeOf({ state, lastState }: ContainerStatus): number | undefined {
  return (state.terminated ?? lastState.terminated)?.exitCode;
}

type Outcome = Pick<PodCondition, 'status' | 'reason' | 'message'>;

function conditionsOf(facts: PodFacts, phase: PodPhase): PodCondition[] {
  const ready = readyOf(facts, phase);
  const outcomes: [string, Outcome][] = [
    ['PodReadyToStartContainers', { status: facts.sandbox && !facts.finished ? 'True' : 'False' }],
    ['Initialized', initializedOf(facts, phase)],
    ['Ready', ready],
    ['ContainersReady', ready],
    ['PodScheduled', { status: 'True' }],
  ];
  return outcomes.reduce<PodCondition[]>(
    (conditions, [type, condition]) =>
      withCondition(conditions, { type, lastProbeTime: null, ...condition }, facts.nowMs),
    facts.pod.status.conditions ?? [],
  );
}

function readyOf({ containers }: PodFacts, phase: PodPhase): Outcome {
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

function initializedOf({ inits, containers }: PodFacts, phase: PodPhase): Outcome {
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
