import { alignedLines, benchMarkdownTable, type Cells } from '../../table.ts';
import { totalCost } from './cell.ts';
import { gapClosed, isHeld, medianBelowEngines, PRICES, type TraceRuns, type Verdict } from './verdicts.ts';

const VERDICT_HEAD = [
  'trace',
  'price',
  'Hangar',
  'best in training',
  'Hangar / it',
  'best in hindsight',
  'Hangar / it',
  'Hangar / better engine',
  'gap closed',
  'held',
];

const whole = (value: number): string => value.toFixed(0);
const ratio = (ours: number, other: number): string => (ours / other).toFixed(3);

function verdictCells(verdict: Verdict): readonly string[] {
  const { trace, price, ours, chosen, chosenCost, best, bestCost, engineCost } = verdict;
  return [
    trace,
    String(price),
    whole(ours),
    `${chosen} ${whole(chosenCost)}`,
    ratio(ours, chosenCost),
    `${best} ${whole(bestCost)}`,
    ratio(ours, bestCost),
    ratio(ours, engineCost),
    `${Math.round(100 * gapClosed(verdict))} %`,
    isHeld(verdict) ? 'yes' : 'no',
  ];
}

const COST_HEAD = [
  'trace',
  'policy',
  'node-minutes',
  'waiting minutes',
  'p95 s',
  'boots',
  ...PRICES.map((price) => `total at ${price}`),
];

function costCells({ trace, policy, runs }: TraceRuns): readonly string[] {
  const mean = (value: (run: TraceRuns['runs'][number]) => number): number =>
    runs.reduce((sum, run) => sum + value(run), 0) / Math.max(1, runs.length);
  return [
    trace,
    policy,
    whole(mean(({ counted }) => counted.nodeMinutes)),
    whole(mean(({ counted }) => counted.waitMinutes)),
    mean(({ waitP95Seconds }) => waitP95Seconds).toFixed(1),
    whole(mean(({ boots }) => boots)),
    ...PRICES.map((price) => whole(mean(({ counted }) => totalCost(counted, price)))),
  ];
}

function summary(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return '';
  const held = verdicts.filter(isHeld).length;
  const below = (100 * medianBelowEngines(verdicts)).toFixed(0);
  return `Both limits are held in ${held} of ${verdicts.length} cells; at the median, Hangar costs ${below} % less than the better of Cluster Autoscaler and Karpenter.`;
}

/** The tables of the cost comparison, each with its title, as text or as Markdown. */
function reported(
  runs: readonly TraceRuns[],
  verdicts: readonly Verdict[],
  written: (title: string, table: Cells) => string,
): string {
  if (runs.length === 0) return '';
  return [
    written('Total cost, Hangar beside the others', [VERDICT_HEAD, ...verdicts.map(verdictCells)]),
    summary(verdicts),
    written('Each policy on each trace', [COST_HEAD, ...runs.map(costCells)]),
  ].join('\n\n');
}

/** For a terminal. */
export const costText = (runs: readonly TraceRuns[], verdicts: readonly Verdict[]): string =>
  reported(runs, verdicts, (title, table) => [title, ...alignedLines(table, 'left')].join('\n'));

/** For a Markdown page. */
export const costMarkdown = (runs: readonly TraceRuns[], verdicts: readonly Verdict[]): string =>
  reported(runs, verdicts, (title, table) => `### ${title}\n\n${benchMarkdownTable(table)}`);
