import type { Row } from '../measure/row.ts';
import { markdownTable, textTable } from '../measure/table.ts';

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

/** A bench that did not work, and why. */
export interface Failure {
  readonly bench: string;
  readonly text: string;
}

/** One run of `bench steps`. */
export interface Report {
  readonly circumstances: Circumstances;
  readonly rows: readonly Row[];
  readonly failures: readonly Failure[];
}

/** The same in a sentence. */
export function circumstancesText({
  at,
  cores,
  memoryBytes,
  cpu,
  kernel,
  node,
  quick,
}: Circumstances): string {
  const machine = `${cores} cores (${cpu}), ${Math.round(memoryBytes / 2 ** 30)} GiB, Linux ${kernel}, Node.js ${node}`;
  return `${at}, ${machine}${quick ? ', --quick: few repetitions' : ''}`;
}

const failureLines = (failures: readonly Failure[]): readonly string[] =>
  failures.map(({ bench, text }) => `FAILED ${bench}: ${text}`);

/** For a terminal. */
export function reportText({ circumstances, rows, failures }: Report): string {
  return [textTable(rows), '', ...failureLines(failures), circumstancesText(circumstances)].join('\n');
}

/** For docs/measurements.md. */
export function reportMarkdown({ circumstances, rows, failures }: Report): string {
  const loads = rows.map(({ loadAverage }) => loadAverage);
  const load =
    loads.length === 0
      ? ''
      : ` Load average during the run: ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}.`;
  const head = `Measured ${circumstancesText(circumstances)}.${load}`;
  return [head, '', markdownTable(rows), ...failureLines(failures).map((line) => `\n${line}`)].join('\n');
}
