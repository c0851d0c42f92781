import { LABEL } from '@hangar/runner/compiled';
import type { RecordedCall } from '../../parts/drone/calls.ts';
import type { AnsweredCall } from '../../suites/flows/runner-in-process.ts';
import { type BenchSystem, expectSuccess } from './bench-system.ts';
import type { SeenEnd } from './pod-recorder.ts';

/** Everything that was seen of one build of one stage, from its offer until its Pod was gone. Times in milliseconds since 1970. */
export interface ObservedBuild {
  readonly offeredMs: number;
  /** The runner's accept call was received. */
  readonly acceptedMs: number;
  /** The runner's final report of the stage was received. */
  readonly reportedMs: number;
  /** The runner first spoke of the end of the last step: its log was uploaded, or its end reported. It knew by then. */
  readonly lastEndKnownMs: number;
  /** An admin's watch reported that the last container had ended. */
  readonly lastEndSeenMs: number;
  readonly slotFreeMs: number;
  readonly podGoneMs: number;
  /** The steps that ran behind a gate, in the order of their containers. */
  readonly steps: readonly Ran[];
  /** The runner's requests to the API server from the offer until the Pod was gone. */
  readonly apiCalls: readonly AnsweredCall[];
}

/** A gate's report of its step: exit code, start and end by the node's clock, milliseconds since 1970. */
export interface Ran {
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** Reads the termination message of a gated container (runner/gate/PROTOCOL.md); undefined for anything but a step that ran. */
export function readRan(message: string | undefined): Ran | undefined {
  const [, code, startMs, endMs] = /^ran (\d{1,3}) (\d{1,16}) (\d{1,16})\n?$/.exec(message ?? '') ?? [];
  if (endMs === undefined) return undefined;
  return { code: Number(code), startMs: Number(startMs), endMs: Number(endMs) };
}

const FINAL = ['success', 'failure', 'error', 'killed', 'skipped'];

/** Runs one build of one stage alone and looks at it from all sides. Rejects when it doesn't succeed. */
export async function observeBuild(
  setup: BenchSystem,
  yaml: string,
  secrets: Readonly<Record<string, string>> = {},
): Promise<ObservedBuild> {
  const { drone, tape, clock, runner, freedMs } = setup;
  const callsBefore = runner.calls.length;
  const offeredMs = clock.now();
  const { id } = drone.createBuild({ yaml, secrets });
  expectSuccess(await setup.ended(id));
  const { id: stageId, steps } = drone.stage(id);
  const lastStepId = steps.at(-1)?.id ?? 0;
  const pod = () => tape.find(LABEL.stageId, String(stageId));
  await setup.until(
    'its place is free and its Pod gone',
    () => freedMs.has(stageId) && pod()?.goneMs !== undefined,
  );
  const firstCall = (which: (call: RecordedCall) => boolean): number =>
    drone.calls.all.find(which)?.startedAtMs ?? Number.NaN;
  const is = (call: RecordedCall, endpoint: RecordedCall['endpoint'], of: number): boolean =>
    call.endpoint === endpoint && call.pathId === of;
  const isFinal = ({ body }: RecordedCall): boolean => FINAL.includes(String(body?.['status']));
  const ends = [...(pod()?.ends.values() ?? [])].sort(byContainer);
  return {
    offeredMs,
    acceptedMs: firstCall((call) => is(call, 'accept', stageId)),
    reportedMs: firstCall((call) => is(call, 'stage-update', stageId) && isFinal(call)),
    lastEndKnownMs: firstCall(
      (call) => is(call, 'log-upload', lastStepId) || (is(call, 'step-update', lastStepId) && isFinal(call)),
    ),
    lastEndSeenMs: Math.max(...ends.map(({ seenMs }) => seenMs)),
    slotFreeMs: freedMs.get(stageId) ?? Number.NaN,
    podGoneMs: pod()?.goneMs ?? Number.NaN,
    steps: ends.flatMap(({ message }) => readRan(message) ?? []),
    apiCalls: runner.calls.slice(callsBefore),
  };
}

/** `step-2` before `step-10`. */
export const byContainer = (one: Pick<SeenEnd, 'container'>, other: Pick<SeenEnd, 'container'>): number =>
  one.container.localeCompare(other.container, 'en', { numeric: true });
