import { once } from 'node:events';
import { extname } from 'node:path';
import { startThread } from '@hangar/shared/thread';
import type { Comparer } from '../advise/adviser.ts';
import type { SettingsComparison, SettingsGain } from '../advise/settings-gain.ts';
import type { CurvePlayer } from '../curve/curve-keeper.ts';
import type { CurveQuestion, PriceCurve } from '../curve/price-curve.ts';

/** A replay that takes longer is aborted. */
const MOST_MS = 300_000;
const MOST_MIB = 512;

/** Relative to the folder above, so that it is found in the sources and in a bundle. */
const PROGRAM = new URL(`../edges/compare-thread${extname(import.meta.url)}`, import.meta.url);

/** Answers in a thread that ends with the answer: an error or a lack of memory there does not affect the service. */
async function inThread<Answer>(workerData: SettingsComparison | CurveQuestion, signal: AbortSignal) {
  const worker = startThread(PROGRAM, { workerData, resourceLimits: { maxOldGenerationSizeMb: MOST_MIB } });
  try {
    const until = AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)]);
    const [answer] = (await once(worker, 'message', { signal: until })) as [Answer];
    return answer;
  } finally {
    await worker.terminate();
  }
}

/** Replays remembered builds in threads of their own. */
export const compareInThread: Comparer & CurvePlayer = {
  compare: (comparison, signal) => inThread<SettingsGain>(comparison, signal),
  curve: (question, signal) => inThread<PriceCurve>(question, signal),
};
