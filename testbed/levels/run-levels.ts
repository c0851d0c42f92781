import type { Level } from './levels.ts';
import type { LevelResult } from './summary.ts';

/** How a level runs: alone with the terminal, or beside another one, at the lowest priority, with its output at its end. */
export type Place = 'alone' | 'beside';

/**
 * Runs levels in their order. Those that only compute run beside the others, one after another, until the first one on the test cluster,
 * which needs the machine for itself.
 *
 * @returns the results in the order of the levels
 */
export async function runInOrder(
  levels: readonly Level[],
  run: (level: Level, place: Place) => Promise<LevelResult>,
): Promise<readonly LevelResult[]> {
  const others = levels.filter(({ computes }) => !computes);
  const place = others.length > 0 ? 'beside' : 'alone';
  const results = new Map<Level, LevelResult>();
  const each = async (some: readonly Level[], how: Place): Promise<void> => {
    for (const level of some) results.set(level, await run(level, how));
  };
  const computed = each(
    levels.filter(({ computes }) => computes),
    place,
  );
  const needsAll = others.findIndex(({ parts }) => parts.length > 0);
  const before = needsAll < 0 ? others : others.slice(0, needsAll);
  await Promise.all([computed, each(before, 'alone')]);
  await each(others.slice(before.length), 'alone');
  return levels.flatMap((level) => results.get(level) ?? []);
}
