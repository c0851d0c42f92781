import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Comparer } from '../advise/adviser.ts';
import type { SettingsComparison, SettingsGain } from '../advise/compare.ts';

/** A comparison that takes longer is aborted. */
const MOST_MS = 300_000;
const MOST_MIB = 512;

/** The thread's program is next to this file, both in the source and in the build. */
const PROGRAM = new URL(import.meta.url.replace(/compare-in-thread(\.[jt]s)$/, 'compare-thread$1'));

/** Compares in a thread that ends with the answer: an error or a lack of memory there does not affect the service. */
export const compareInThread: Comparer = {
  async compare(comparison: SettingsComparison, signal: AbortSignal): Promise<SettingsGain> {
    const worker = new Worker(PROGRAM, {
      workerData: comparison,
      resourceLimits: { maxOldGenerationSizeMb: MOST_MIB },
    });
    try {
      const until = AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)]);
      const [answer] = (await once(worker, 'message', { signal: until })) as [SettingsGain];
      return answer;
    } finally {
      await worker.terminate();
    }
  },
};
