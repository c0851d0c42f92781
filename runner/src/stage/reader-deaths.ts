import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { patiently } from '../launch/patiently.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { changePod } from '../watch/change-pod.ts';
import type { StageFlow } from './stage-progress.ts';

/** After this many owners in a row were lost while they read the logs of a Pod, the next one does not read them. */
const MOST_READER_DEATHS = 3;
/** An owner that has read the logs for longer than this was not lost because of them: its successors read all of them again at once. */
const READING_MS = 300_000;

const deathsOf = ({ progress }: StageFlow): number => progress.record?.readerDeaths ?? 0;

/** Whether the logs of the Pod are not read, since several owners in a row were lost while they read them. */
export const areLogsWithheld = (flow: StageFlow): boolean => deathsOf(flow) >= MOST_READER_DEATHS;

/**
 * Ends the count of owners that were lost once this one has read the logs for long. It is the one that measures that time, since the clocks
 * of two replicas may differ.
 *
 * @returns stops that: the logs are not read any more
 */
export function countReading(flow: StageFlow, pod: V1Pod): () => void {
  if (deathsOf(flow) === 0 || areLogsWithheld(flow)) return () => undefined;
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, flow.stops.handOver]);
  const cancelTimer = flow.parts.clock.after(READING_MS, () => void endCount(flow, pod, signal));
  return () => {
    cancelTimer();
    over.abort(new Error('the logs of the stage are not read any more'));
  };
}

/** Never rejects: without it, one more owner may be counted in vain. */
async function endCount({ parts }: StageFlow, pod: V1Pod, signal: AbortSignal): Promise<void> {
  const { clock, log } = parts;
  const passes = (error: unknown): boolean => isKubernetesError(error, 409);
  const patch = { metadata: { annotations: { [ANNOTATION.readerDeaths]: '0' } } };
  try {
    await patiently({ clock, log }, { what: 'change the Pod', passes }, signal, () =>
      changePod(parts, pod, { patchOf: () => patch }, signal),
    );
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'the count of lost runners of a Pod could not be reset');
  }
}
