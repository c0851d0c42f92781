/** Cuts a text in its middle: what it is about comes first, and the remedy last. Pure. */
export function shortText(text: string, mostChars: number): string {
  if (text.length <= mostChars) return text;
  const end = Math.floor(mostChars / 4);
  const cut = text.length - mostChars;
  // A surrogate pair may have been halved.
  return `${text.slice(0, mostChars - end)} … (${cut} characters) … ${text.slice(-end)}`.toWellFormed();
}

const MOST_LINES = 200;
const LONGEST_LINE = 1_000;

/** Lines for the log of a step, not more and not longer than anyone reads. Pure. */
export function shortLines(lines: readonly string[]): readonly string[] {
  const more = lines.length - MOST_LINES;
  return [
    ...lines.slice(0, MOST_LINES).map((line) => shortText(line, LONGEST_LINE)),
    ...(more > 0 ? [`and ${more} more warnings`] : []),
  ];
}
