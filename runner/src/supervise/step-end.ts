import { formatSpan } from '@hangar/shared/span';
import { TIMED_OUT } from '../pipeline/exit-codes.ts';
import type { PlannedStep } from '../pipeline/run-plan.ts';
import type { RunDecision, SkipDecision } from '../pipeline/step-decision.ts';
import type { Mark } from '../ports/step-logs.ts';
import type { ContainerView } from '../watch/container-view.ts';

/** How a step's program ended, as far as known; `sure` once the kubelet has reported it. */
export interface StepEnd {
  readonly decision: RunDecision | SkipDecision;
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly oom: boolean;
  readonly sure: boolean;
}

type Ended = ContainerView & { kind: 'ended' };

/** Exit code of a gate that failed itself (PROTOCOL.md); it then leaves no termination message. */
const GATE_FAILED = 214;
const RUNS: readonly RunDecision[] = ['ran', 'timed-out', 'unready'];
const SKIPS: readonly SkipDecision[] = ['failed-before', 'passed-before', 'fast', 'ended-early', 'stopping'];
/** 128 plus SIGKILL or SIGTERM: out of memory, a fast failure, or somebody ends the Pod. */
const STOPPED: readonly number[] = [137, 143];

/** A gate's decision; an unknown one comes from a newer gate and means at least that something ran. */
export function decisionFrom(text: string): RunDecision | SkipDecision {
  return SKIPS.find((decision) => decision === text) ?? runDecisionFrom(text);
}

/** How a program that was started ended; no word, or an unknown one, means that it ended by itself or was stopped. */
const runDecisionFrom = (text = ''): RunDecision => RUNS.find((decision) => decision === text) ?? 'ran';

/** Whether the step's program was started. */
export const hasRun = (decision: StepEnd['decision']): decision is RunDecision =>
  RUNS.some((one) => one === decision);

/**
 * The error of a step that exceeded its `timeout`, or of a service that was not ready; undefined for any other end, which its exit code
 * explains. Pure.
 */
export function errorOfEnd(
  { timeoutMs, readyMs }: PlannedStep,
  { decision, code }: StepEnd,
): string | undefined {
  if (decision === 'timed-out')
    return timeoutMs === undefined ? 'timed out' : `timed out after ${formatSpan(timeoutMs)}`;
  if (decision !== 'unready') return undefined;
  if (code !== TIMED_OUT) return 'ended before it was ready';
  return readyMs === undefined ? 'not ready in time' : `not ready within ${formatSpan(readyMs)}`;
}

/** The end that a gate’s last mark reports. `startedMs`: the time of its start mark. */
export function endByMark(mark: Mark & { kind: 'skip' | 'end' }, startedMs: number | undefined): StepEnd {
  const { atMs } = mark;
  if (mark.kind === 'skip') return skipEnd(decisionFrom(mark.why), atMs, false);
  return {
    decision: runDecisionFrom(mark.why),
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
  return code === hint?.code ? hint.decision : 'ran';
}

/** Whether the gate itself failed, rather than a program that ends with the same code. */
export function isGateFailure(step: PlannedStep, { code, line }: Ended, hint: StepEnd | undefined): boolean {
  return step.engine === 'gate' && code === GATE_FAILED && !line && !hint;
}

/** Whether it was stopped by a signal, so that only the kubelet or the state of the Pod shows why. */
export function isStopped(known: StepEnd | undefined): boolean {
  return known?.decision === 'ran' && STOPPED.includes(known.code);
}
