import { availableParallelism, cpus, release, totalmem } from 'node:os';
import type { BenchRow } from './measure.ts';
import { rowsMarkdown, rowsText } from './table.ts';

/** Where and when it was measured. */
export interface Circumstances {
  readonly at: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly cpu: string;
  readonly kernel: string;
  readonly node: string;
  readonly quick: boolean;
}

/** A part of a bench that did not work, and why. */
export interface BenchFailure {
  readonly bench: string;
  readonly text: string;
}

/** The results of the parts of a bench. */
export interface Results {
  readonly rows: readonly BenchRow[];
  readonly failures: readonly BenchFailure[];
}

/** This machine, now. */
export function circumstancesAt(nowMs: number, quick: boolean): Circumstances {
  return {
    at: `${new Date(nowMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    cpu: cpus()[0]?.model ?? 'unknown',
    kernel: release(),
    node: process.version,
    quick,
  };
}

/** The same in a sentence. */
export function circumstancesText(measured: Circumstances): string {
  const { at, cores, memoryBytes, cpu, kernel, node, quick } = measured;
  const machine = `${cores} cores (${cpu}), ${Math.round(memoryBytes / 2 ** 30)} GiB, Linux ${kernel}, Node.js ${node}`;
  return `${at}, ${machine}${quick ? ', --quick: few repetitions' : ''}`;
}

/** What did not work, a line each. */
export const failureLines = (failures: readonly BenchFailure[]): readonly string[] =>
  failures.map(({ bench, text }) => `FAILED ${bench}: ${text}`);

type Report = Results & { readonly circumstances: Circumstances };

/** For a terminal. */
export function benchReportText({ circumstances, rows, failures }: Report): string {
  return [rowsText(rows), '', ...failureLines(failures), circumstancesText(circumstances)].join('\n');
}

/** For a page of docs/. */
export function reportMarkdown({ circumstances, rows, failures }: Report): string {
  const loads = rows.map(({ loadAverage }) => loadAverage);
  const load =
    loads.length === 0
      ? ''
      : ` Load average during the run: ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}.`;
  const head = `Measured ${circumstancesText(circumstances)}.${load}`;
  return [head, rowsMarkdown(rows), ...failureLines(failures)].join('\n\n');
}

/** Where in a page a command writes: between these two lines, which stay; comments that no reader sees. */
export interface Markers {
  readonly begin: string;
  readonly end: string;
}

/** The markers of one bench, or of its part that has its own block, in a Markdown page. */
export function markersOf(bench: string, part?: string): Markers {
  const words = part === undefined ? bench : `${bench} --only ${part}`;
  return {
    begin: `<!-- written by: npm run bench -- ${words} --write-docs -->`,
    end: `<!-- end of what bench ${words} wrote -->`,
  };
}

/** The page with new text between the markers; throws when they are not there, or the wrong way round. */
export function rewritten(page: string, { begin, end }: Markers, text: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`the page lacks the lines between which the table stands:\n${begin}\n${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${page.slice(to)}`;
}

/**
 * The page with the new text of a bench: in its block, or each part in the part's own.
 *
 * @throws when the page lacks the markers of a block
 */
export function pageWith(
  page: string,
  bench: string,
  markdown: string | Readonly<Record<string, string>>,
): string {
  if (typeof markdown === 'string') return rewritten(page, markersOf(bench), markdown);
  return Object.entries(markdown).reduce(
    (written, [part, text]) => rewritten(written, markersOf(bench, part), text),
    page,
  );
}
