import { orLate } from '@hangar/shared/deadline';
import type { QueuedStage } from '../admit/admission-queue.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { pausePreparation } from './preparation.ts';
import type { QueueEntry, StageEnd, StageFlow, Work } from './stage-progress.ts';
import { leftMs, waitedTooLong } from './wait-limit.ts';

/** After this long in the queue, the build shows as running and its log states why it waits. */
export const SILENT_WAIT_MS = 10_000;

/**
 * Waits in the queue for admission. After {@link SILENT_WAIT_MS} it returns undecided and keeps its place, so that the Pod can be created
 * and the wait shown.
 */
export async function admit(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress } = flow;
  const { work } = progress;
  if (!work) return undefined;
  const queueEntry = (progress.queueEntry ??= enterQueue(flow, work));
  // The server already shows the stage as running: there is no reason to delay the note.
  const silentMs = progress.started ? 0 : queueEntry.sinceMs + SILENT_WAIT_MS - parts.clock.monotonicMs();
  const decided = progress.isWaitLong
    ? await queueEntry.decided
    : await orLate(parts.clock, silentMs, queueEntry.decided);
  if (decided === 'late') {
    progress.isWaitLong = true;
    return undefined;
  }
  parts.events.waited(queueEntry.waitReason.reason, parts.clock.monotonicMs() - queueEntry.sinceMs);
  if (decided.kind === 'refused') throw new PipelineError('over-budget', decided.text);
  progress.admittedMs = parts.clock.now();
  progress.admittedMonotonicMs = parts.clock.monotonicMs();
  return undefined;
}

function enterQueue(flow: StageFlow, work: Work): QueueEntry {
  const { parts, stops } = flow;
  const { clock, queue, waitLimitMs } = parts;
  const left = new AbortController();
  const cancelTimer = clock.after(leftMs(flow), () => left.abort(waitedTooLong(waitLimitMs)));
  const waitReason: QueueEntry['waitReason'] = { reason: 'queue', text: '' };
  const entered = queue.enter(
    queuedStageOf(flow, work, waitReason),
    AbortSignal.any([stops.stop, left.signal]),
  );
  const decided = entered.finally(cancelTimer);
  // While the wait is shown, nothing awaits this promise.
  decided.catch(() => undefined);
  const leave = (): void => left.abort(new Error('the stage left the queue'));
  return { sinceMs: clock.monotonicMs(), decided, waitReason, leave };
}

function queuedStageOf(
  flow: StageFlow,
  { plan, asks, placement }: Work,
  waitReason: QueueEntry['waitReason'],
): QueuedStage {
  const { parts, progress } = flow;
  const { registry } = parts;
  const { id } = progress.stage;
  return {
    stageId: id,
    repo: plan.repoSlug,
    event: plan.buildEvent,
    asks,
    placement,
    waits: ({ reason, text }) => {
      if (!progress.isWaitLong) pausePreparation(flow);
      Object.assign(waitReason, { reason, text });
      registry.update(id, { phase: 'waiting', asks });
      parts.wait.noted(text, noteOf(text));
    },
    admitted: (node) => registry.update(id, { phase: 'starting', reason: '', asks, placement, node }),
  };
}

/** Reports the first step as running and writes the reason for the wait to its log. */
export async function showWait({ parts, progress, stops }: StageFlow): Promise<StageEnd | undefined> {
  const { started, queueEntry } = progress;
  progress.isWaitShown = true;
  const text = queueEntry?.waitReason.text ?? '';
  if (text !== '') await started?.showWaiting(parts, noteOf(text), stops.stop);
  return undefined;
}

const noteOf = (text: string): string => `waiting to be admitted: ${text}`;
