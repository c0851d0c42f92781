import { orLate } from '@hangar/shared/deadline';
import type { QueuedStage } from '../admit/admission-queue.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { StageEnd, StageFlow, Turn, Work } from './stage-progress.ts';
import { leftMs, waitedTooLong } from './wait-limit.ts';

/** After this long in the line, the build shows as running and its log says why it waits. */
export const SILENT_WAIT_MS = 10_000;

/** Waits in the line for admission; after a while it comes back undecided, with its place kept, so that the Pod is made and the wait shown. */
export async function admit(flow: StageFlow): Promise<StageEnd | undefined> {
  const { parts, progress } = flow;
  const { work } = progress;
  if (!work) return undefined;
  const turn = (progress.turn ??= enterLine(flow, work));
  // What another process has shown to be running already is not silent again.
  const silentMs = progress.started ? 0 : turn.sinceMs + SILENT_WAIT_MS - parts.clock.monotonicMs();
  const decided = progress.isWaitLong
    ? await turn.decided
    : await orLate(parts.clock, silentMs, turn.decided);
  if (decided === 'late') {
    progress.isWaitLong = true;
    return undefined;
  }
  parts.events.waited(turn.said.reason, parts.clock.monotonicMs() - turn.sinceMs);
  if (decided.kind === 'refused') throw new PipelineError('over-budget', decided.text);
  progress.admittedMs = parts.clock.now();
  return undefined;
}

function enterLine(flow: StageFlow, work: Work): Turn {
  const { parts, stops } = flow;
  const { clock, line, waitLimitMs } = parts;
  const left = new AbortController();
  const callOff = clock.after(leftMs(flow), () => left.abort(waitedTooLong(waitLimitMs)));
  const said: Turn['said'] = { reason: 'line', text: '' };
  const entered = line.enter(waiterOf(flow, work, said), AbortSignal.any([stops.stop, left.signal]));
  const decided = entered.finally(callOff);
  // Nobody awaits it while the wait is shown.
  decided.catch(() => undefined);
  const leave = (): void => left.abort(new Error('the stage has left the line'));
  return { sinceMs: clock.monotonicMs(), decided, said, leave };
}

function waiterOf({ parts, progress }: StageFlow, { plan, asks }: Work, said: Turn['said']): QueuedStage {
  const { registry } = parts;
  const { id } = progress.stage;
  return {
    stageId: id,
    repo: plan.repoSlug,
    event: plan.buildEvent,
    asks,
    waits: ({ reason, text }) => {
      Object.assign(said, { reason, text });
      registry.update(id, { phase: 'waiting', asks });
      parts.waits(text, noteOf(text));
    },
    admitted: () => registry.update(id, { phase: 'starting', reason: '', asks }),
  };
}

/** The first step shows as running, and its log says why. */
export async function showWait({ parts, progress, stops }: StageFlow): Promise<StageEnd | undefined> {
  const { started, turn } = progress;
  progress.isWaitShown = true;
  const text = turn?.said.text ?? '';
  if (text !== '') await started?.showWaiting(parts, noteOf(text), stops.stop);
  return undefined;
}

const noteOf = (text: string): string => `waiting to be admitted: ${text}`;
