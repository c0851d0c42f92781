import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Area } from './area.ts';
import { loopLagMs } from './loop-lag.ts';

/** The lag that one expensive input causes. */
export interface Lag {
  readonly name: string;
  readonly ms: number;
}

/** The result of generated inputs. */
export interface GeneratedResult {
  readonly inputs: number;
  /** CPU time of this thread for the most expensive one: a busy machine counts for nothing. */
  readonly slowestMs: number;
  /** The smallest input found that fails, with its error; undefined: none fails. */
  readonly failure: string | undefined;
}

/** Maximum CPU time for one generated input, all of which are small. */
export const MOST_GENERATED_MS = 1_000;

const TRIES = 3;

/** The median lag of three tries for each adversary of an area, the largest first. */
export async function lagsOf<T>(area: Area<T>): Promise<readonly Lag[]> {
  const lags: Lag[] = [];
  for (const { name, make } of area.adversaries) {
    const input = make(area.largestChars);
    const tries: number[] = [];
    for (let nth = 0; nth < TRIES; nth += 1) tries.push(await loopLagMs(() => area.feed(input)));
    lags.push({ name, ms: tries.toSorted((a, b) => a - b)[1] ?? 0 });
  }
  return lags.toSorted((a, b) => b.ms - a.ms);
}

/** Feeds generated inputs; the same seed generates the same ones. */
export async function feedGenerated<T>(
  area: Area<T>,
  inputs: number,
  seed: number,
): Promise<GeneratedResult> {
  let slowestMs = 0;
  const property = fc.asyncProperty(area.generated, async (input) => {
    const before = process.threadCpuUsage();
    await area.feed(input);
    const { user, system } = process.threadCpuUsage(before);
    slowestMs = Math.max(slowestMs, (user + system) / 1_000);
    await turn();
  });
  const result = await fc.check(property, { numRuns: inputs, seed });
  const failure = result.failed ? fc.defaultReportMessage(result) : undefined;
  return { inputs: result.numRuns, slowestMs, failure };
}
