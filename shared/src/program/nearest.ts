/** Beyond this number of differing letters, two words count as unrelated. */
const MOST_WRONG = 3;

/**
 * The most similar word: the one with the fewest letters to change, add or remove; undefined if none is similar enough. Pure.
 *
 * @param mostWrong maximum number of differing letters; default 3
 */
export function nearest(word: string, known: Iterable<string>, mostWrong = MOST_WRONG): string | undefined {
  let best: { word: string; wrong: number } | undefined;
  for (const candidate of known) {
    const limit = best?.wrong ?? mostWrong + 1;
    const wrong = distance(word, candidate, limit);
    if (wrong < limit) best = { word: candidate, wrong };
  }
  return best?.word;
}

/** The known word that an unknown one was probably meant to be; up to a third of its letters may differ. Pure. */
export const maybeMeant = (word: string, known: Iterable<string>): string | undefined =>
  nearest(word, known, Math.min(MOST_WRONG, Math.ceil(word.length / 3)));

/** The Levenshtein distance, or any value ≥ `limit` if it is at least that. */
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
