import type { Clock } from '@hangar/shared/clock';
import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';
import type { StartedWithoutPod } from '../lease/lease-record.ts';
import {
  ANNOTATION,
  type Compiled,
  containerName,
  SCHEDULING_GATE,
  stageMasks,
} from '../pipeline/compiled.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { begun, newStage, plannedNumber, startingStage } from '../pipeline/stage-state.ts';
import type { CiServer } from '../ports/ci-server.ts';
import type { StepLogStream, StepLogs } from '../ports/step-logs.ts';
import { type Registered, Reporter } from '../report/reporter.ts';
import { type ChangePodParts, changePod, type PodChange, type PodChanged } from '../watch/change-pod.ts';
import { type PatientParts, patiently } from './patiently.ts';

interface StartParts extends PatientParts, ChangePodParts {
  readonly clock: Clock;
  readonly ciServer: CiServer;
  readonly stepLogs: StepLogs;
  readonly log: Logger;
}

/** What of the compiled stage its start needs. */
interface StartedContents extends Pick<Compiled, 'plan' | 'namespace'> {
  readonly podName: string;
  readonly masks: Compiled['masks'] | undefined;
}

/** A stage that the server knows to be running. */
export interface Started {
  readonly stage: DroneStage;
  readonly stepIds: ReadonlyMap<number, number>;
  readonly reporter: Reporter;
  /** The first step's log, if it was opened to state why the stage waits. */
  readonly firstLog: StepLogStream | undefined;
  /** Reports the first step as running and writes to its log why the stage waits. */
  showWaiting(parts: StartParts, text: string, signal: AbortSignal): Promise<void>;
}

export type StartOutcome =
  | { readonly kind: 'started'; readonly started: Started }
  | { readonly kind: 'conflict'; readonly afterLostAnswer: boolean };

/**
 * Sends the start, with all steps; the response contains their ids (drone-rpc §2.4).
 *
 * @param order `repeats`: how many starts of this stage were lost before
 */
export async function startStage(
  parts: StartParts,
  order: { stage: DroneStage; contents: StartedContents; repeats: number },
  signal: AbortSignal,
): Promise<StartOutcome> {
  const { plan } = order.contents;
  const starting = startingStage(order.stage, plan, parts.clock.now(), order.repeats);
  const update = await parts.ciServer.updateStage(starting, signal);
  if (update.kind === 'conflict') return update;
  const { value } = update;
  const stepIds = new Map(value.steps.map((step) => [plannedNumber(step.number), step.id]));
  const registered = {
    stage: { ...order.stage, ...serverFields(value) },
    plan,
    stepIds,
    versions: 'exact',
  } as const;
  return { kind: 'started', started: new StartedStage(parts, registered, order.contents) };
}

/**
 * A stage that was started by another process and has no Pod yet.
 *
 * @throws {PipelineError} when its steps differ from those at the server, because the settings have changed since the start
 */
export function startedBefore(
  parts: StartParts,
  order: { stage: DroneStage; contents: StartedContents },
  { stepIds, owners, versions }: StartedWithoutPod,
): Started {
  const { plan } = order.contents;
  if (stepIds.length !== plan.steps.length)
    throw new PipelineError(
      'start-lost',
      'the runner was restarted with other settings while this pipeline waited, and its steps have changed; restart the build',
      { blame: 'operator' },
    );
  const ids = new Map(plan.steps.map(({ n }, index) => [n, stepIds[index] ?? 0]));
  const takenOver = {
    versions: 'unknown',
    ...(versions ? { recordedVersions: versions } : {}),
    adoptions: owners,
    takenOverMs: parts.clock.now(),
  } as const;
  return new StartedStage(parts, { stage: order.stage, plan, stepIds: ids, ...takenOver }, order.contents);
}

/** A stage that was started by another process, from its Pod. */
export function startedByPod(
  parts: StartParts,
  {
    pod,
    record,
    contents,
  }: {
    readonly pod: V1Pod;
    readonly record: StartRecord;
    readonly contents: Pick<StartedContents, 'plan' | 'masks'>;
  },
): Started {
  const { plan, masks } = contents;
  const stage: DroneStage = { ...record.stage, status: 'running', version: record.stageVersion };
  const takenOver = {
    versions: 'unknown',
    ...(record.stepVersions ? { recordedVersions: record.stepVersions } : {}),
    adoptions: record.adoptions,
    takenOverMs: parts.clock.now(),
  } as const;
  const stepIds = record.stepIds ?? new Map<number, number>();
  const { namespace = 'default', name: podName = '' } = pod.metadata ?? {};
  return new StartedStage(parts, { stage, plan, stepIds, ...takenOver }, { plan, masks, podName, namespace });
}

/** The start of a stage as recorded in its Pod. */
interface StartRecord {
  readonly stage: DroneStage;
  readonly stepIds: ReadonlyMap<number, number> | undefined;
  readonly stepVersions: ReadonlyMap<number, number> | undefined;
  readonly stageVersion: number;
  readonly adoptions: number;
}

/** Adds the server's ids to the Pod to create, if the stage was started before. */
export function withIds(compiled: Compiled, started: Started | undefined): Compiled {
  if (!started) return compiled;
  const { metadata } = compiled.pod;
  const annotations = { ...metadata?.annotations, ...registration(started) };
  return { ...compiled, pod: { ...compiled.pod, metadata: { ...metadata, annotations } } };
}

/** The fields of the response to keep: the server does not return all of them. */
const serverFields = ({ version, updated, started, status }: DroneStage): Partial<DroneStage> => ({
  version,
  updated,
  started,
  status,
});

class StartedStage implements Started {
  readonly stage: DroneStage;
  readonly stepIds: ReadonlyMap<number, number>;
  readonly reporter: Reporter;
  readonly #contents: StartedContents;
  firstLog: StepLogStream | undefined;

  constructor(parts: StartParts, registered: Registered, contents: StartedContents) {
    this.stage = registered.stage;
    this.stepIds = registered.stepIds;
    this.reporter = new Reporter(parts, registered);
    this.#contents = contents;
  }

  async showWaiting(parts: StartParts, text: string, signal: AbortSignal): Promise<void> {
    const { plan, masks, podName, namespace } = this.#contents;
    const [first] = plan.steps;
    if (!first) return;
    if (this.firstLog) return this.firstLog.note(text);
    const running = begun(newStage(plan), first.n, parts.clock.now()).get(first.n);
    if (running) await this.reporter.step(running, signal);
    this.firstLog = parts.stepLogs.open({
      namespace,
      pod: podName,
      container: containerName(first.n),
      nonce: first.engine === 'gate' ? plan.nonce : undefined,
      stepId: this.stepIds.get(first.n) ?? 0,
      stepName: first.name,
      masks: stageMasks(masks),
    });
    this.firstLog.goLive();
    this.firstLog.note(text);
  }
}

/** Whether the Pod still has our scheduling gate. */
export function holdsGate(pod: V1Pod): boolean {
  return Boolean(pod.spec?.schedulingGates?.some((gate) => gate.name === SCHEDULING_GATE));
}

/** `others`: another replica has taken over the Pod, and it was not changed. */
export type PodStarted = Extract<PodChanged, { kind: 'changed' | 'others' }>;

/** Writes the server's ids to the Pod, which keeps its scheduling gate. */
export function register(
  parts: StartParts,
  pod: V1Pod,
  started: Started,
  signal: AbortSignal,
): Promise<PodStarted> {
  return patchPod(parts, pod, () => ({ metadata: { annotations: registration(started) } }), signal);
}

/** Writes the ids and the time of admission to the Pod and removes the scheduling gate, in one write. */
export function ungate(
  parts: StartParts,
  pod: V1Pod,
  order: { started: Started; admittedMs: number },
  signal: AbortSignal,
): Promise<PodStarted> {
  const annotations = { ...registration(order.started), [ANNOTATION.admittedAt]: String(order.admittedMs) };
  const patchOf: PodChange = ({ spec }) => {
    const gates = spec?.schedulingGates?.filter((gate) => gate.name !== SCHEDULING_GATE) ?? [];
    return { metadata: { annotations }, spec: { schedulingGates: gates.length > 0 ? gates : null } };
  };
  return patchPod(parts, pod, patchOf, signal);
}

function registration(started: Started): Record<string, string> {
  const { raisedVersions } = started.reporter;
  const versions = JSON.stringify(Object.fromEntries(raisedVersions));
  return {
    ...(raisedVersions.size > 0 ? { [ANNOTATION.stepVersions]: versions } : {}),
    [ANNOTATION.stepIds]: JSON.stringify(Object.fromEntries(started.stepIds)),
    [ANNOTATION.stageVersion]: String(started.reporter.stageVersion),
    [ANNOTATION.stageStarted]: String(started.stage.started),
  };
}

/**
 * Changes exactly this Pod, with retries.
 *
 * @throws {PipelineError} when the Pod is gone
 */
async function patchPod(
  parts: StartParts,
  pod: V1Pod,
  patchOf: PodChange,
  signal: AbortSignal,
): Promise<PodStarted> {
  const passes = (error: unknown): boolean => isKubernetesError(error, 409);
  const call = { what: 'change the Pod', passes, firstDelayMs: 100 };
  const done = await patiently(parts, call, signal, () => changePod(parts, pod, { patchOf }, signal));
  if (done.kind === 'changed' || done.kind === 'others') return done;
  throw new PipelineError('pod-deleted', 'the Pod of this pipeline was deleted before it started', {
    blame: 'cluster',
  });
}
