import type { PlannedStep } from '../pipeline/run-plan.ts';
import type { SkipDecision } from '../pipeline/step-decision.ts';
import type { Mark } from '../ports/step-logs.ts';
import type { ContainerView } from '../watch/container-view.ts';

/** How a step's program ended, as far as known; `sure` once the kubelet has reported it. */
export interface StepEnd {
  readonly decision: 'ran' | SkipDecision;
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly oom: boolean;
  readonly sure: boolean;
}

type Ended = ContainerView & { kind: 'ended' };

/** Exit code of a gate that failed itself (PROTOCOL.md); it then leaves no termination message. */
const GATE_FAILED = 214;
const SKIPS: readonly SkipDecision[] = ['failed-before', 'passed-before', 'fast', 'ended-early', 'stopping'];
/** 128 plus SIGKILL or SIGTERM: out of memory, a fast failure, or somebody ends the Pod. */
const STOPPED: readonly number[] = [137, 143];

/** A gate's decision; an unknown one comes from a newer gate and means at least that something ran. */
export function decisionFrom(text: string): 'ran' | SkipDecision {
  return SKIPS.find((decision) => decision === text) ?? 'ran';
}

/** The end that a gate’s last mark reports. `startedMs`: the time of its start mark. */
export function endByMark(mark: Mark & { kind: 'skip' | 'end' }, startedMs: number | undefined): StepEnd {
  const { atMs } = mark;
  if (mark.kind === 'skip') return skipEnd(decisionFrom(mark.why), atMs, false);
  return {
    decision: 'ran',
    code: mark.code,
    startMs: startedMs ?? atMs,
    endMs: atMs,
    oom: false,
    sure: false,
  };
}

/** A step that does not run. */
export function skipEnd(decision: StepEnd['decision'], atMs: number, sure: boolean): StepEnd {
  return { decision, code: 0, startMs: atMs, endMs: atMs, oom: false, sure };
}

/** The end that the kubelet reports for a container; if a killed gate left no termination message, its mark decides all but the code. */
export function endByKubelet(
  container: Ended,
  hint: StepEnd | undefined,
  startedMs: number | undefined,
): StepEnd {
  const { code, line } = container;
  return {
    decision: decisionOf(container, hint),
    code,
    startMs: line?.startMs || startedMs || container.startedMs,
    endMs: line?.endMs || container.endedMs,
    oom: container.reason === 'OOMKilled' && code !== 0,
    sure: true,
  };
}

function decisionOf({ line, code }: Ended, hint: StepEnd | undefined): StepEnd['decision'] {
  if (line) return decisionFrom(line.decision);
  // A skipped step ends with 0.
  return code === 0 && hint ? hint.decision : 'ran';
}

/** Whether the gate itself failed, rather than a program that ends with the same code. */
export function isGateFailure(step: PlannedStep, { code, line }: Ended, hint: StepEnd | undefined): boolean {
  return step.engine === 'gate' && code === GATE_FAILED && !line && !hint;
}

/** Whether it was stopped by a signal, so that only the kubelet or the state of the Pod shows why. */
export function isStopped(known: StepEnd | undefined): boolean {
  return known?.decision === 'ran' && STOPPED.includes(known.code);
}
