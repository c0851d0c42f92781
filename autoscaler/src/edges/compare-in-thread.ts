import { once } from 'node:events';
import { extname } from 'node:path';
import { startThread } from '@hangar/shared/thread';
import type { Comparer } from '../advise/adviser.ts';
import type { SettingsComparison, SettingsGain } from '../advise/settings-gain.ts';

/** A comparison that takes longer is aborted. */
const MOST_MS = 300_000;
const MOST_MIB = 512;

/** Relative to the folder above, so that it is found in the sources and in a bundle. */
const PROGRAM = new URL(`../edges/compare-thread${extname(import.meta.url)}`, import.meta.url);

/** Compares in a thread that ends with the answer: an error or a lack of memory there does not affect the service. */
export const compareInThread: Comparer = {
  async compare(comparison: SettingsComparison, signal: AbortSignal): Promise<SettingsGain> {
    const worker = startThread(PROGRAM, {
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
