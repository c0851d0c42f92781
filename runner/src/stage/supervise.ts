import type { V1Pod } from '@kubernetes/client-node';
import type { Started } from '../launch/start.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import { type LaunchedStage, StageRun, type StageRunEnd } from '../supervise/stage-run.ts';
import type { StageParts } from './stage-parts.ts';

/** What may stop a stage on its way; `stop` is either of the others. */
export interface Stops {
  readonly cancelled: AbortSignal;
  readonly handOver: AbortSignal;
  readonly stop: AbortSignal;
}

/** What both a new and an adopted stage bring to their flight. */
export interface StartedStageRun {
  readonly plan: Compiled['plan'];
  readonly masks: Compiled['masks'];
  readonly pod: V1Pod;
  readonly notes: readonly string[];
  readonly admittedMs: number;
  readonly started: Started;
  readonly adopted: boolean;
}

/** The flight itself, with what it counts and shows. It takes a place until its steps have ended, and is in the roster until the server has all. */
export async function supervise(
  parts: StageParts,
  launched: StartedStageRun,
  stops: Stops,
): Promise<StageRunEnd> {
  const { started, pod, admittedMs } = launched;
  const { stage } = started;
  const log = parts.log.child({ stageId: stage.id, buildId: stage.buildId, pod: pod.metadata?.name });
  const own = { ...parts, log };
  const takenOverMs = parts.clock.now();
  const feed = parts.podWatch.feed(pod);
  const tail = Promise.withResolvers<void>();
  parts.registry.update(stage.id, { phase: 'running', reason: '', sinceMs: admittedMs });
  const ended = (): void => parts.registry.update(stage.id, { phase: 'reporting' });
  const reported = (): void => {
    parts.registry.finish(pod.metadata?.uid, parts.clock.now());
    parts.registry.linger(tail.promise);
    parts.registry.leave(stage.id);
    parts.events.finished(parts.clock.now() - admittedMs);
  };
  const order = orderOf(launched, { takenOverMs, owner: parts.lease.owner, ended, reported });
  try {
    return await new StageRun(own, order, { feed, reporter: started.reporter }).run(stops);
  } finally {
    feed.close();
    tail.resolve();
  }
}

function orderOf(
  { plan, pod, masks, notes, admittedMs, adopted, started }: StartedStageRun,
  by: Pick<LaunchedStage, 'takenOverMs' | 'owner' | 'ended' | 'reported'>,
): LaunchedStage {
  const { firstLog } = started;
  return { plan, pod, masks, notes, admittedMs, adopted, ...by, ...(firstLog ? { firstLog } : {}) };
}
