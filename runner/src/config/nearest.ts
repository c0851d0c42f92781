/** So many slips of a finger make another word. */
const MOST_SLIPS = 3;

/** The word that was probably meant: the one with the fewest letters to change, add or drop; undefined when none is near. Pure. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: { word: string; slips: number } | undefined;
  for (const candidate of known) {
    const slips = distance(word, candidate, best?.slips ?? MOST_SLIPS + 1);
    if (slips < (best?.slips ?? MOST_SLIPS + 1)) best = { word: candidate, slips };
  }
  return best?.word;
}

/** Levenshtein's distance, or something not below `limit` where it is that far. */
function distance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) >= limit) return limit;
  let above = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...one].entries()) {
    const line = [row + 1];
    for (const [column, its] of [...other].entries()) {
      const change = (above[column] ?? 0) + (letter === its ? 0 : 1);
      line.push(Math.min(change, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1));
    }
    above = line;
  }
  return above[other.length] ?? limit;
}
