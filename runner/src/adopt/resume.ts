import type { V1Pod } from '@kubernetes/client-node';
import { requestOf } from '../admit/pod-load.ts';
import { removePod } from '../cleanup/remove-pod.ts';
import { finishUnflown } from '../journey/finish-unflown.ts';
import { fly, type Stops } from '../journey/journey.ts';
import type { JourneyParts } from '../journey/journey-parts.ts';
import { waitLimit } from '../journey/wait-limit.ts';
import { holdsGate, letGo, register, type Started, startStage } from '../launch/start.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { carryOn } from '../poll/take.ts';
import { finishBare } from '../report/finish-bare.ts';
import { type Contents, contentsOf, isComplete } from './contents.ts';
import type { PodRecord } from './read-pod.ts';

/** A Pod that is ours now, with what it says. */
interface Found {
  readonly pod: V1Pod;
  readonly record: PodRecord;
}

/** How it went on; `redo`: the Pod can't begin, and nothing of it is known to the server. */
type Outcome = 'done' | 'redo';

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
  const { cancelled } = watch;
  const stops = { cancelled, handOver, stop: AbortSignal.any([cancelled, handOver]) };
  const found = { pod, record };
  let outcome: Outcome = 'done';
  try {
    outcome = await goOn(parts, found, stops);
  } catch (error) {
    if (!handOver.aborted) await giveUp(parts, found, { text: textFor(parts, record, error, cancelled), handOver });
  } finally {
    watch.close();
    parts.roster.leave(record.stage.id);
  }
  if (outcome === 'redo' && !handOver.aborted) await redo(parts, found, handOver);
}

async function goOn(parts: JourneyParts, found: Found, stops: Stops): Promise<Outcome> {
  const { pod, record } = found;
  const { handOver } = stops;
  const isUnstarted = holdsGate(pod) && !record.stepIds;
  const contents = await contentsOf(parts, pod, record, stops.stop);
  if (isUnstarted && !(contents && (await isComplete(parts, pod, record, stops.stop)))) return 'redo';
  if (!contents) {
    await giveUp(parts, found, { text: 'the Secret of this pipeline is gone, so that it could not be taken over', handOver });
    return 'done';
  }
  const started = await startedOf(parts, found, contents, stops.stop);
  if (!started) {
    // Started, but the answer with the ids died with the other process: the one hole (gate.md §4).
    const lost = { pod, record: { ...record, stageVersion: record.stageVersion + 1 } };
    await giveUp(parts, lost, {
      text: 'the runner was lost at the very moment this pipeline was started; restart the build',
      handOver,
    });
    return 'done';
  }
  await goOnStarted(parts, found, { contents, started }, stops);
  return 'done';
}

async function goOnStarted(
  parts: JourneyParts,
  found: Found,
  known: { contents: Contents; started: Started },
  stops: Stops,
): Promise<void> {
  const { record } = found;
  const { contents, started } = known;
  const admitted = holdsGate(found.pod)
    ? await admission(parts, found, known, stops)
    : { pod: found.pod, admittedMs: record.admittedMs ?? parts.clock.now() };
  const { adoptions } = record;
  await fly(parts, { ...contents, ...admitted, notes: [], started, adopted: true, adoptions }, stops);
}

/** It was still waiting, or on the very point of being let go. */
async function admission(
  parts: JourneyParts,
  found: Found,
  { contents, started }: { contents: Contents; started: Started },
  stops: Stops,
): Promise<{ pod: V1Pod; admittedMs: number }> {
  const { record } = found;
  const { plan } = contents;
  const { clock, line, roster } = parts;
  const limit = waitLimit(clock, parts.waitLimitMs);
  try {
    const pod = record.stepIds ? found.pod : await register(parts, found.pod, started, stops.stop);
    const decided = await line.enter(
      {
        repo: plan.repoSlug,
        event: plan.buildEvent,
        asks: requestOf(pod),
        waits: ({ text }) => roster.update(record.stage.id, { phase: 'waiting', reason: text }),
        admitted: () => roster.update(record.stage.id, { phase: 'starting', reason: '' }),
      },
      AbortSignal.any([stops.stop, limit.signal]),
    );
    if (decided.kind === 'refused') throw new PipelineError('over-budget', decided.text);
    const admittedMs = clock.now();
    return { pod: await letGo(parts, pod, { started, admittedMs }, stops.stop), admittedMs };
  } catch (error) {
    if (stops.handOver.aborted) throw error;
    const text = textFor(parts, record, error, stops.cancelled);
    const { adoptions } = record;
    await finishUnflown(parts, { started, plan, adoptions }, text, stops.handOver);
    if (stops.handOver.aborted) throw error;
    await landed(parts, found.pod);
    throw new AlreadyTold();
  } finally {
    limit.callOff();
  }
}
