import { isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { requestOf } from '../admit/pod-load.ts';
import { removePod } from '../cleanup/remove-pod.ts';
import { fly } from '../journey/journey.ts';
import type { JourneyParts } from '../journey/journey-parts.ts';
import { holdsGate, letGo, register, type Started, startStage } from '../launch/start.ts';
import { MASKS_KEY } from '../pipeline/compiled.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { finishBare } from '../report/finish-bare.ts';
import type { PodRecord } from './read-pod.ts';

/** Key of the first Secret with the plan, where it is too large for an annotation. */
const PLAN_KEY = 'plan.json';

/** What only the Pod's Secret knows. */
interface Contents {
  readonly plan: RunPlan;
  readonly masks: Readonly<Record<number, readonly string[]>>;
}

/**
 * Goes on with a Pod that another process began and that is ours now: wherever that one stopped, between its first write and its
 * last. Nothing of the pipeline is asked for anew (a detail call for a started stage can fail the build). Never rejects.
 */
export async function resume(
  parts: JourneyParts,
  pod: V1Pod,
  record: PodRecord,
  handOver: AbortSignal,
): Promise<void> {
  const watch = parts.cancelWatches.open(record.stage.buildId);
  const stops = { cancelled: watch.cancelled, handOver, stop: AbortSignal.any([watch.cancelled, handOver]) };
  try {
    const contents = await contentsOf(parts, pod, record, stops.stop);
    if (!contents)
      return await giveUp(parts, pod, record, {
        text: 'the Secret of this pipeline is gone, so that it could not be taken over',
        handOver,
      });
    await goOn(parts, { pod, record, contents }, stops);
  } catch (error) {
    if (handOver.aborted) return;
    if (watch.cancelled.aborted) return await giveUp(parts, pod, record, { text: '', handOver });
    parts.log.error({ err: error, stageId: record.stage.id }, 'a pipeline could not be taken over');
    await giveUp(parts, pod, record, {
      text: `the pipeline could not be taken over from a runner that is gone: ${String(error)}`,
      handOver,
    });
  } finally {
    watch.close();
    parts.roster.leave(record.stage.id);
  }
}

async function goOn(
  parts: JourneyParts,
  found: { pod: V1Pod; record: PodRecord; contents: Contents },
  stops: { cancelled: AbortSignal; handOver: AbortSignal; stop: AbortSignal },
): Promise<void> {
  const { record, contents } = found;
  let { pod } = found;
  const { plan, masks } = contents;
  const started = await startedOf(parts, pod, { record, contents }, stops.stop);
  if (!started) {
    // Started, but the answer with the ids died with the other process: the one hole (gate.md §4).
    const lost = { ...record, stageVersion: record.stageVersion + 1 };
    return giveUp(parts, pod, lost, {
      text: 'the runner was lost at the very moment this pipeline was started; restart the build',
      handOver: stops.handOver,
    });
  }
  if (holdsGate(pod)) {
    if (!record.stepIds) pod = await register(parts, pod, started, stops.stop);
    const { roster, line } = parts;
    const admission = await line.enter(
      {
        repo: plan.repoSlug,
        event: plan.buildEvent,
        asks: requestOf(pod),
        waits: ({ text }) => roster.update(record.stage.id, { phase: 'waiting', reason: text }),
        admitted: () => roster.update(record.stage.id, { phase: 'starting', reason: '' }),
      },
      stops.stop,
    );
    if (admission.kind === 'refused')
      return giveUp(
        parts,
        pod,
        { ...record, stageVersion: started.stage.version },
        { text: admission.text, handOver: stops.handOver },
      );
    pod = await letGo(parts, pod, { started, admittedMs: parts.clock.now() }, stops.stop);
  }
  const admittedMs = record.admittedMs ?? parts.clock.now();
  await fly(parts, { plan, masks, pod, notes: [], admittedMs, started, adopted: true }, stops);
}

async function startedOf(
  parts: JourneyParts,
  pod: V1Pod,
  found: { record: PodRecord; contents: Contents },
  signal: AbortSignal,
): Promise<Started | undefined> {
  const { record, contents } = found;
  const stage: DroneStage = { ...record.stage, status: 'running', version: record.stageVersion };
  if (record.stepIds)
    return {
      stage,
      stepIds: record.stepIds,
      reporter: undefined,
      firstLog: undefined,
      showWaiting: () => Promise.resolve(),
    };
  const namespace = pod.metadata?.namespace ?? 'default';
  const outcome = await startStage(
    parts,
    { stage: record.stage, compiled: { ...contents, pod, namespace } },
    signal,
  );
  return outcome.kind === 'started' ? outcome.started : undefined;
}

async function contentsOf(
  parts: JourneyParts,
  pod: V1Pod,
  record: PodRecord,
  signal: AbortSignal,
): Promise<Contents | undefined> {
  const namespace = pod.metadata?.namespace ?? 'default';
  if (!record.secretName) return undefined;
  for (;;) {
    try {
      const secret = await parts.cluster.get<V1Secret>(
        { resource: RESOURCE.secrets, namespace, name: record.secretName },
        signal,
      );
      const text = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
      const plan = record.plan ?? (JSON.parse(text(PLAN_KEY)) as RunPlan);
      return { plan, masks: JSON.parse(text(MASKS_KEY) || '{}') as Contents['masks'] };
    } catch (error) {
      if (isKubernetesError(error, 404)) return undefined;
      if (!isKubernetesError(error) || !error.transient) throw error;
      await parts.clock.sleep(error.retryAfterMs ?? 500, signal);
      signal.throwIfAborted();
    }
  }
}

/**
 * Ends the stage at the server, then removes the Pod: stopped in between, the Pod still tells whoever comes next what to do.
 * An empty text: the build was cancelled.
 */
async function giveUp(
  parts: JourneyParts,
  pod: V1Pod,
  record: PodRecord,
  end: { text: string; handOver: AbortSignal },
): Promise<void> {
  const { text, handOver } = end;
  const stage = { ...record.stage, version: record.stageVersion };
  await finishBare(parts, stage, { status: text ? 'error' : 'killed', text, started: undefined }, handOver);
  if (handOver.aborted) return;
  parts.roster.land(pod.metadata?.uid, parts.clock.now());
  await removePod(parts, pod, 0);
}
