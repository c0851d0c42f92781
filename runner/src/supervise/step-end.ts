import type { PlannedStep } from '../pipeline/run-plan.ts';
import type { SkipDecision } from '../pipeline/step-decision.ts';
import type { Mark } from '../ports/step-logs.ts';
import type { ContainerView } from '../watch/container-view.ts';

/** How a step's program ended, as far as known; `sure` once the kubelet said so. */
export interface StepEnd {
  readonly decision: 'ran' | SkipDecision;
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly oom: boolean;
  readonly sure: boolean;
}

type Ended = ContainerView & { kind: 'ended' };

/** The gate's own failure (PROTOCOL.md), when no line of its own stands beside it. */
const GATE_FAILED = 214;
const SKIPS: readonly SkipDecision[] = ['failed-before', 'passed-before', 'fast', 'ended-early', 'stopping'];
/** 128 and SIGKILL, SIGTERM: for memory, by a fast failure, or because somebody ends the Pod. */
const STOPPED: readonly number[] = [137, 143];

/** A gate's word; one that we don't know comes from a newer gate and means at least that something ran. */
export function wordOf(text: string): 'ran' | SkipDecision {
  return SKIPS.find((word) => word === text) ?? 'ran';
}

/** What a gate’s last mark tells. `startedMs`: when it told of the start. */
export function endByMark(mark: Mark & { kind: 'skip' | 'end' }, startedMs: number | undefined): StepEnd {
  const { atMs } = mark;
  if (mark.kind === 'skip') return skipEnd(wordOf(mark.why), atMs, false);
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

/** What the kubelet tells of a container's end; a gate that was killed left no line, and then its mark counts, but for its code. */
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
  if (line) return wordOf(line.decision);
  // What was skipped ends with 0.
  return code === 0 && hint ? hint.decision : 'ran';
}

/** Did the gate itself fail, rather than a program that ends with the same code? */
export function isGateFailure(step: PlannedStep, { code, line }: Ended, hint: StepEnd | undefined): boolean {
  return step.engine === 'gate' && code === GATE_FAILED && !line && !hint;
}

/** Was it stopped by a signal, so that only the kubelet, or what becomes of the Pod, can tell why? */
export function isStopped(known: StepEnd | undefined): boolean {
  return known?.decision === 'ran' && STOPPED.includes(known.code);
}
