import { LABEL } from '@hangar/runner/compiled';
import type { RecordedCall } from '../../parts/drone/calls.ts';
import type { BuildView } from '../../parts/drone/views.ts';
import type { AnsweredCall } from '../../suites/flows/runner-in-process.ts';
import type { BenchWorld } from './bench-world.ts';
import { type Ran, readRan } from './gate-line.ts';
import type { TapedPod } from './pod-tape.ts';

/** Everything that was seen of one build of one stage, from its offer until its Pod was gone. Times in milliseconds since 1970. */
export interface FinishedRun {
  readonly build: BuildView;
  readonly offeredMs: number;
  /** The runner's call of accept came in. */
  readonly acceptedMs: number;
  /** The runner's final report of the stage came in. */
  readonly reportedMs: number;
  /** The runner first spoke of the end of the last step: its log was uploaded, or its end reported. It knew by then. */
  readonly lastEndKnownMs: number;
  /** The watch told an admin that the last container had ended. */
  readonly lastEndSeenMs: number;
  readonly slotFreeMs: number;
  readonly podGoneMs: number;
  /** The steps that ran behind a gate, in the order of their containers. */
  readonly steps: readonly Ran[];
  /** What the runner asked the API server from the offer until the Pod was gone. */
  readonly apiCalls: readonly AnsweredCall[];
}

const PATIENCE_MS = 180_000;
const FINAL = ['success', 'failure', 'error', 'killed', 'skipped'];

/** Runs one build of one stage alone and looks at it from all sides. Rejects when it doesn't succeed. */
export async function supervise(
  setup: BenchWorld,
  yaml: string,
  secrets: Readonly<Record<string, string>> = {},
): Promise<FinishedRun> {
  const { drone, tape, clock, runner, freedMs } = setup;
  const callsBefore = runner.calls.length;
  const offeredMs = clock.now();
  const { id } = drone.createBuild({ yaml, secrets });
  const build = await drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
  expectSuccess(build);
  const [stage] = build.stages;
  const stageId = stage?.id ?? 0;
  const pod = (): TapedPod | undefined => tape.find(LABEL.stageId, String(stageId));
  await setup.until(
    'its place is free and its Pod gone',
    () => freedMs.has(stageId) && pod()?.goneMs !== undefined,
  );
  const taped = pod();
  const lastStepId = stage?.steps.at(-1)?.id ?? 0;
  return {
    build,
    offeredMs,
    acceptedMs: firstCall(setup, (call) => call.endpoint === 'accept' && call.pathId === stageId),
    reportedMs: firstCall(setup, (call) => isFinal(call, 'stage-update', stageId)),
    lastEndKnownMs: firstCall(
      setup,
      (call) =>
        isFinal(call, 'step-update', lastStepId) ||
        (call.endpoint === 'log-upload' && call.pathId === lastStepId),
    ),
    lastEndSeenMs: Math.max(...endsOf(taped).map(({ seenMs }) => seenMs)),
    slotFreeMs: freedMs.get(stageId) ?? Number.NaN,
    podGoneMs: taped?.goneMs ?? Number.NaN,
    steps: stepsOf(taped),
    apiCalls: runner.calls.slice(callsBefore),
  };
}

/** Throws with what the server knows of a build that ended in another way. */
export function expectSuccess(build: BuildView): void {
  if (build.status === 'success') return;
  const [stage] = build.stages;
  const steps = stage?.steps.map((step) => `${step.name} ${step.status} ${step.error}`.trim()).join(', ');
  throw new Error(`build ${build.id} ended as ${build.status}: ${stage?.error ?? ''} [${steps ?? ''}]`);
}

function isFinal(call: RecordedCall, endpoint: RecordedCall['endpoint'], id: number): boolean {
  return call.endpoint === endpoint && call.pathId === id && FINAL.includes(String(call.body?.['status']));
}

function firstCall({ drone }: BenchWorld, which: (call: RecordedCall) => boolean): number {
  return drone.calls.all.find(which)?.startedAtMs ?? Number.NaN;
}

const numberOf = (container: string): number => Number(/^step-(\d+)$/.exec(container)?.[1]);

const endsOf = (taped: TapedPod | undefined) =>
  [...(taped?.ends.values() ?? [])].sort((a, b) => numberOf(a.container) - numberOf(b.container));

const stepsOf = (taped: TapedPod | undefined): readonly Ran[] =>
  endsOf(taped).flatMap(({ message }) => readRan(message) ?? []);
