/** More wrong letters than this make another word. */
const MOST_WRONG = 3;

/**
 * The word that was probably meant: the one with the fewest letters to change, add or drop; undefined when none is near. Pure.
 *
 * @param mostWrong so many letters may be wrong; 3 unless told
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

/** The word that a person may have meant who typed one that nobody knows; a third of its letters may be wrong. Pure. */
export const maybeMeant = (word: string, known: Iterable<string>): string | undefined =>
  nearest(word, known, Math.min(MOST_WRONG, Math.ceil(word.length / 3)));

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
