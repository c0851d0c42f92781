import { errorText } from '@hangar/shared/error-text';
import { orAborted } from '@hangar/shared/or-aborted';
import type { V1Pod } from '@kubernetes/client-node';
import { placementOf } from '../admit/placement.ts';
import { requestOf } from '../admit/pod-load.ts';
import type { Contents } from '../adopt/contents.ts';
import type { PodRecord } from '../adopt/read-pod.ts';
import { patiently } from '../launch/patiently.ts';
import { ownNamespaceOf, removeNamespace } from '../launch/remove-namespace.ts';
import { removePod } from '../launch/remove-pod.ts';
import { holdsGate, startedBefore, startedByPod } from '../launch/start.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { readDetails } from '../report/stage-details.ts';
import { currentPod } from '../watch/current-pod.ts';
import { toOwnMs } from './api-time.ts';
import { endAtServer, podLost } from './claim.ts';
import { endPreparation, isGivenUp, runnersLost } from './preparation.ts';
import { type StageEnd, type StageFlow, TAKEN_OVER, type Work } from './stage-progress.ts';
import { describeAgain, recordPod, recordWait } from './stage-record.ts';

/**
 * Determines what the stage runs: from its Pod and the Pod's Secret if there is a Pod, so that the pipeline is not requested again (a
 * detail call for a started stage can fail the build), otherwise from its details.
 */
export function describeStage(flow: StageFlow): Promise<StageEnd | undefined> {
  return flow.progress.pod ? fromPod(flow) : fromDetails(flow);
}

async function fromDetails(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  if (isGivenUp(flow)) throw runnersLost();
  const detail = progress.detail ?? (await fetchDetail(flow));
  progress.detail = undefined;
  applyDetail(flow, detail);
  const end = endAtServer({ ...detail.stage, machine: progress.machine }, progress.machine);
  if (end) return end;
  // Cancelled between offer and accept: no watch will report it (drone-rpc §2.2).
  if (!isOpen(detail.build.status)) return { kind: 'cancelled' };
  const { startedWithoutPod } = progress;
  if (detail.stage.status === 'running' && !startedWithoutPod) {
    progress.detail = detail;
    return { kind: 'failed', error: podLost() };
  }
  const work = workOf(await parts.draft(detail, stops.stop));
  progress.work = work;
  continueStarted(flow, work.compiled);
  if (work.plan.steps.length > 0) await enter(flow, work.namespace, work.ownNamespace ? 'own' : 'shared');
  return undefined;
}

function workOf(compiled: Compiled): Work & { readonly compiled: Compiled } {
  const { plan, masks, warnings: notes, stepWarnings: stepNotes, namespace } = compiled;
  const ownNamespace = compiled.createNamespace;
  const { pod } = compiled;
  const needs = { asks: requestOf(pod), placement: placementOf(pod) };
  return { plan, masks, notes, stepNotes, namespace, ownNamespace, ...needs, compiled };
}

/** A stage that was started before its Pod was lost, or removed to be made again, keeps its steps at the server. */
function continueStarted({ parts, progress }: StageFlow, { plan, masks, namespace, pod }: Compiled): void {
  const { stage, startedWithoutPod } = progress;
  // Without ids the response to its start was lost: it is started again.
  if (!startedWithoutPod?.stepIds.length) return;
  const contents = { plan, masks, namespace, podName: pod.metadata?.name ?? '' };
  progress.started ??= startedBefore(parts, { stage, contents }, startedWithoutPod);
}

const isOpen = (status: string): boolean => status === 'pending' || status === 'running';

function applyDetail({ parts, progress }: StageFlow, { stage, build, repo }: StageDetail): void {
  progress.stage = { ...stage, machine: progress.machine, steps: [] };
  parts.events.buildSeen(build.id, build.event);
  const known = { repo: repo.slug, buildNumber: build.number, event: build.event, stageName: stage.name };
  parts.registry.update(stage.id, known);
}

/** Records the namespace, so that the next owner searches it for the Pod, and lists its Pods in this process. */
async function enter({ parts, stops }: StageFlow, namespace: string, kind: 'own' | 'shared'): Promise<void> {
  const { stop, handOver } = stops;
  await patiently(parts, { what: 'change the Lease' }, stop, () => parts.lease.enter(namespace, kind, stop));
  await patiently(parts, { what: 'list Pods' }, stop, () =>
    orAborted(parts.podWatch.follow(namespace, handOver), stop),
  );
}

/**
 * A 500 is caused by the Git host, in which case the build has failed (drone-rpc §2.3), or temporarily by the database. Another accept
 * distinguishes the two: it needs only the database, is repeated until that works, and does not change an accepted stage.
 */
async function fetchDetail({ parts, progress, stops }: StageFlow): Promise<StageDetail> {
  const { stop } = stops;
  const { stage, machine } = progress;
  try {
    return await readDetails(parts, { id: stage.id, machine }, stop);
  } catch (error) {
    if (stop.aborted) throw error;
    throw detailFailed(error);
  }
}

const detailFailed = (error: unknown): PipelineError =>
  new PipelineError(
    'detail-failed',
    `the Drone server did not return the details of this stage: ${errorText(error)}`,
    { blame: 'operator', cause: error },
  );

async function fromPod(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { pod, record } = progress;
  if (!pod || !record) return undefined;
  const contents = await parts.contents.contentsOf(parts, pod, record, stops.stop);
  const isWhole = contents && (await parts.contents.isComplete(parts, pod, record, stops.stop));
  if (!isWhole && holdsGate(pod)) return startOver(flow, record);
  if (!contents) throw await lossOf(flow, pod);
  endPreparation(flow);
  continueWithPod(flow, pod, { record, contents });
  return undefined;
}

function continueWithPod(
  flow: StageFlow,
  pod: V1Pod,
  { record, contents }: { readonly record: PodRecord; readonly contents: Contents },
): void {
  const { parts, progress } = flow;
  const namespace = pod.metadata?.namespace ?? 'default';
  const { ownNamespace, stepIds } = record;
  const needs = { asks: requestOf(pod), placement: placementOf(pod) };
  progress.work = { ...contents, notes: [], namespace, ownNamespace, ...needs, compiled: undefined };
  if (stepIds) progress.started ??= startedByPod(parts, { pod, record, contents });
  if (holdsGate(pod)) return;
  const { clock } = parts;
  progress.admittedMs = admittedMsOf(flow, record);
  progress.admittedMonotonicMs = clock.monotonicMs() - (clock.now() - progress.admittedMs);
}

const admittedMsOf = ({ parts, progress }: StageFlow, { admittedMs }: PodRecord): number =>
  admittedMs === undefined ? parts.clock.now() : toOwnMs(progress.apiTime, parts.clock, admittedMs);

/** A Secret is removed with its Pod, which the watch may still have. */
async function lossOf({ parts, stops }: StageFlow, pod: V1Pod): Promise<PipelineError> {
  const now = await currentPod(parts, pod, { isNeeded: () => true }, stops.stop);
  return now === 'unread' || now.kind === 'present' ? secretGone() : podLost();
}

const secretGone = (): PipelineError =>
  new PipelineError(
    'record-lost',
    'the Secret of this pipeline no longer exists, so the pipeline could not be taken over',
    {
      blame: 'cluster',
    },
  );

/**
 * The previous owner was lost before the Pod was complete: nothing has run in it, and it is removed and created again. The stage may have
 * been started before, if this is not its first Pod.
 */
async function startOver(flow: StageFlow, record: PodRecord): Promise<StageEnd | undefined> {
  const { parts, progress, stops } = flow;
  const { stage, pod } = progress;
  if (!pod) return undefined;
  if (record.stepIds) await recordWait(flow, record.stepIds);
  else await recordPod(flow);
  const removed = await removePod(parts, pod, 0);
  stops.stop.throwIfAborted();
  if (removed === 'others') return TAKEN_OVER;
  if (removed === 'left')
    throw new PipelineError(
      'right-missing',
      'the Pod of this pipeline is incomplete and could not be removed',
      {
        blame: 'operator',
      },
    );
  const own = ownNamespaceOf(pod);
  if (own) await removeNamespace(parts, own);
  if (record.stepIds) describeAgain(progress, record.stepIds);
  progress.pod = undefined;
  progress.record = undefined;
  parts.registry.update(stage.id, { phase: 'preparing', pod: '' });
  return undefined;
}
