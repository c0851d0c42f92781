import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { patiently } from '../launch/patiently.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import type { LogCaution } from '../ports/step-logs.ts';
import { changePod } from '../watch/change-pod.ts';
import type { StageFlow } from './stage-progress.ts';

/** After this many owners in a row were lost while they read the logs of a Pod, the next one lets another process read them first. */
const DEATHS_BEFORE_TRIAL = 3;
/** After this many they are not read. A log that harms a reader is known since its trial: this is for what a trial does not show. */
const MOST_DEATHS = 10;
/** An owner that has read the logs for longer than this was not lost because of them: its successors read all of them again at once. */
const READING_MS = 300_000;

const deathsOf = ({ progress }: StageFlow): number => progress.record?.readerDeaths ?? 0;

/** How the logs of the Pod are read after several owners in a row were lost while they read them. */
export function logCautionOf(flow: StageFlow): LogCaution | undefined {
  if (deathsOf(flow) >= MOST_DEATHS) return 'withhold';
  return deathsOf(flow) >= DEATHS_BEFORE_TRIAL ? 'try' : undefined;
}

/**
 * Ends the count of owners that were lost once this one has read the logs for long. It is the one that measures that time, since the clocks
 * of two replicas may differ.
 *
 * @returns stops that: the logs are not read any more
 */
export function countReading(flow: StageFlow, pod: V1Pod): () => void {
  if (deathsOf(flow) === 0 || logCautionOf(flow) !== undefined) return () => undefined;
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
