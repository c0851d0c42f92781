import { setImmediate } from 'node:timers/promises';
import { cacheFolder } from '../../../parts/real/plan/layout.ts';
import { playCell } from './cell.ts';
import { CellCache } from './cell-cache.ts';
import { OTHERS } from './contenders.ts';
import { priced } from './priced.ts';
import { TRACES } from './traces.ts';
import { PRICES, type TraceRuns } from './verdicts.ts';

const CONTENDERS = [...PRICES.map(priced), ...OTHERS];

/** Nothing was tuned on these. */
export const COST_SEEDS = [7101, 7102, 7103, 7104, 7105] as const;

/**
 * Plays every policy on every trace; what did not change since an earlier run is not played again.
 *
 * @param asked with `quick`, traces that take minutes are left out
 */
export async function playCosts(
  { quick, seeds }: { readonly quick: boolean; readonly seeds: readonly number[] },
  tell: { readonly say: (text: string) => void; readonly stop: AbortSignal },
): Promise<readonly TraceRuns[]> {
  const cache = new CellCache(`${cacheFolder(process.env)}/capacity-bench`);
  const all: TraceRuns[] = [];
  for (const trace of TRACES.filter(({ isLarge }) => !quick || !isLarge)) {
    tell.say(`bench: cost: ${trace.name}: ${trace.about}`);
    for (const contender of CONTENDERS) {
      const runs = [];
      for (const seed of seeds) {
        await setImmediate();
        tell.stop.throwIfAborted();
        runs.push(await cache.cell(contender, [trace.name, seed], () => playCell(trace, contender, seed)));
      }
      const { name: policy, side, price } = contender;
      all.push({ trace: trace.name, policy, side, price, runs });
    }
  }
  return all;
}
