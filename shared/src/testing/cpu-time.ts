import { setImmediate as turn } from 'node:timers/promises';

const usedMs = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000;

/**
 * CPU time of this thread during the longest turn of its event loop while `work` runs, in milliseconds: for how long it blocks the loop, on
 * a machine without other load. Other threads and a busy machine count for nothing.
 */
export async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const before = process.threadCpuUsage();
      await turn();
      longest = Math.max(longest, usedMs(process.threadCpuUsage(before)));
    }
  };
  const watched = watch();
  try {
    await turn();
    await work();
  } finally {
    isOver = true;
    await watched;
  }
  return longest;
}
