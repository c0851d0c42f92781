import { orLate } from '@hangar/shared/deadline';
import type { ServerState } from '../cancel/cancel-watches.ts';
import { recordedConclusion } from '../supervise/recorded-conclusion.ts';
import { allEnded } from './ended-ago.ts';
import type { StageFlow, StageProgress } from './stage-progress.ts';

/** Requests that failed, because the Pod could not be changed or read, are repeated at this interval. */
const PAUSE_MS = 1_000;
const MOST_REQUESTS = 3;
/** While the server does not answer, the stage continues after this time. Its state is then requested at intervals, as always. */
const LIMIT_MS = 30_000;

/** Whether another process has started the stage, whose state this one has not requested yet. */
export const isToConfirm = ({ record, started, isConfirmed }: StageProgress): boolean =>
  record?.stepIds !== undefined && started !== undefined && !isConfirmed;

/**
 * Requests the state of a stage from the server once after a takeover. A former owner may have learned of a cancel, and stored the logs of steps
 * that had not begun, before it lost its connection to the API server: no further step is started until the server has answered.
 */
export async function confirmOpen(flow: StageFlow): Promise<undefined> {
  const { parts, progress, stops } = flow;
  const { pod } = progress;
  progress.isConfirmed = true;
  if (!pod || allEnded(pod, progress) || recordedConclusion(pod)) return;
  await orLate(parts.clock, LIMIT_MS, requestState(flow), stops.stop);
}

async function requestState(flow: StageFlow): Promise<void> {
  const { parts, stops } = flow;
  let state: ServerState = 'unknown';
  for (let requests = 0; state === 'unknown' && requests < MOST_REQUESTS; requests++) {
    if (requests > 0) await parts.clock.sleep(PAUSE_MS, stops.stop);
    if (stops.stop.aborted) return;
    state = await flow.requestState();
  }
}
