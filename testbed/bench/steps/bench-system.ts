import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { orAborted } from '@hangar/shared/or-aborted';
import type { V1Pod } from '@kubernetes/client-node';
import type { BuildView } from '../../parts/drone/views.ts';
import type { RealCluster } from '../../parts/real/facts.ts';
import type { RunningRunner } from '../../suites/flows/runner-in-process.ts';
import {
  startTestSystem,
  type TestClusterAccess,
  type TestSystem,
  type TestSystemOptions,
} from '../../suites/flows/test-system.ts';
import { type BenchPart, Stalled } from '../command.ts';
import { PodRecorder } from './pod-recorder.ts';

/** One run of `bench steps`: where its parts run, and how often each repeats what it does. */
export interface StepsRun {
  readonly clock: Clock;
  readonly cluster: RealCluster;
  readonly ground: TestClusterAccess;
  /** Fewer repetitions. */
  readonly quick: boolean;
  readonly say: (text: string) => void;
  /** Aborted: waits end at once, and what was begun is tidied up. */
  readonly stop: AbortSignal;
}

/** One question about how steps run. */
export type StepsPart = BenchPart<StepsRun>;

/** A practice Drone server, one runner, and an admin who watches; all in this process. */
export interface BenchSystem extends TestSystem {
  readonly clock: Clock;
  readonly tape: PodRecorder;
  /** When each stage's place became free, milliseconds since 1970, by stage id. */
  readonly freedMs: ReadonlyMap<number, number>;
  /** Resolves when it holds (looked at every 20 ms); rejects with {@link Stalled} after the time, saying what was awaited. */
  readonly until: (what: string, holds: () => boolean, timeoutMs?: number) => Promise<void>;
  /** Waits for a condition of the practice server; rejects with {@link Stalled} on a timeout. */
  readonly heard: <T>(wait: Promise<T>) => Promise<T>;
  /** The end of a build, whatever it is. */
  readonly ended: (id: number) => Promise<BuildView>;
}

const LOOK_MS = 20;
const PATIENCE_MS = 120_000;
const BUILD_PATIENCE_MS = 180_000;

/** The same thing `usual` times over, or `few` times in a quick run. */
export async function repeatRuns<T>(
  { quick }: StepsRun,
  [usual, few]: readonly [number, number],
  one: () => Promise<T>,
): Promise<readonly T[]> {
  const values: T[] = [];
  while (values.length < (quick ? few : usual)) values.push(await one());
  return values;
}

/** A test system for the work, closed afterwards in any case. */
export async function within<T>(
  run: StepsRun,
  options: TestSystemOptions,
  work: (setup: BenchSystem) => Promise<T>,
): Promise<T> {
  const { clock, ground, say, stop } = run;
  const base = await startTestSystem(ground, { longPollMs: 30_000, ...options });
  const { drone, runner } = base;
  const tape = new PodRecorder(clock, base.admin, ground.namespace);
  const until = waiterOf(run, tape);
  const heard = <V>(wait: Promise<V>): Promise<V> =>
    orAborted(wait, stop).catch((error: unknown) => {
      stop.throwIfAborted();
      throw new Stalled(`${errorText(error)}${standing(tape)}`);
    });
  const ended = (id: number): Promise<BuildView> =>
    heard(drone.waitForBuild(id, { timeoutMs: BUILD_PATIENCE_MS }));
  try {
    await tape.open();
    // They would be measured along.
    await until('the Pods of the previous part are gone', () => tape.isEmpty);
    await until('the runner polls for work', () => drone.waitingPolls > 0);
    return await work({ ...base, clock, tape, freedMs: watchPlaces(clock, runner), until, heard, ended });
  } finally {
    for (const { id } of drone.builds()) drone.cancel(id);
    await orAborted(base.cleaned(PATIENCE_MS), stop).catch((error: unknown) => {
      if (!stop.aborted) say(`bench: while tidying: ${errorText(error)}`);
    });
    tape.close();
    await base.close();
  }
}

const waiterOf =
  ({ clock, stop }: StepsRun, tape: PodRecorder): BenchSystem['until'] =>
  async (what, holds, timeoutMs = PATIENCE_MS) => {
    for (const deadlineMs = clock.now() + timeoutMs; !holds(); await clock.sleep(LOOK_MS, stop)) {
      stop.throwIfAborted();
      if (clock.now() > deadlineMs)
        throw new Stalled(`waited ${timeoutMs / 1000} s without success until ${what}${standing(tape)}`);
    }
  };

/** The status of the Pods, for the message of a timeout. */
function standing(tape: PodRecorder): string {
  const here = tape.pods.filter(({ goneMs }) => goneMs === undefined);
  return here.map(({ pod }) => `\n  Pod ${pod.metadata?.name}: ${stateOf(pod)}`).join('');
}

const stateOf = ({ metadata, status }: V1Pod): string =>
  [
    metadata?.deletionTimestamp ? 'being deleted' : (status?.phase ?? 'unknown'),
    ...(status?.conditions ?? []).flatMap(({ message }) => message ?? []),
  ].join(', ');

function watchPlaces(clock: Clock, runner: RunningRunner): ReadonlyMap<number, number> {
  const { registry } = runner.assembly.parts;
  const freedMs = new Map<number, number>();
  let taken: readonly number[] = [];
  registry.listen(() => {
    // A stage that only waits to be reported has no place.
    const now = registry.entries.flatMap(({ stageId, phase }) => (phase === 'reporting' ? [] : [stageId]));
    for (const id of taken) if (!now.includes(id)) freedMs.set(id, clock.now());
    taken = now;
  });
  return freedMs;
}

/** Throws with what the server knows of a build that ended in another way. */
export function expectSuccess(build: BuildView): void {
  if (build.status === 'success') return;
  const [stage] = build.stages;
  const steps = stage?.steps.map((step) => `${step.name} ${step.status} ${step.error}`.trim()).join(', ');
  throw new Error(`build ${build.id} ended as ${build.status}: ${stage?.error ?? ''} [${steps ?? ''}]`);
}
