/** Where in a page a bench writes: between these two lines, which stay. */
export interface Markers {
  readonly begin: string;
  readonly end: string;
}

/** The markers of one bench in a Markdown page: comments that no reader sees. */
export const markersOf = (bench: string): Markers => ({
  begin: `<!-- written by: npm run bench -- ${bench} --write-docs -->`,
  end: `<!-- end of what bench ${bench} wrote -->`,
});

/** The page with new text between the markers; throws when they are not there, or the wrong way round. */
export function rewritten(page: string, markers: Markers, text: string): string {
  const begin = page.indexOf(markers.begin);
  const end = page.indexOf(markers.end);
  if (begin < 0 || end < begin) {
    throw new Error(
      `the page has no place for the table: it needs the lines\n${markers.begin}\n${markers.end}`,
    );
  }
  return `${page.slice(0, begin + markers.begin.length)}\n\n${text.trim()}\n\n${page.slice(end)}`;
}
