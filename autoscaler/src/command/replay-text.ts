import { type Column, left, right, tableLines } from '@hangar/shared/program/table';
import type { ReplayResult } from '../replay/result.ts';
import { JOBS_PER_1000_PRS } from '../replay/result.ts';

const COLUMNS: readonly Column[] = [
  ...['policy', 'placement'].map(left),
  ...['node-hours', 'p95 wait', 'p99', 'longest', 'worst hour', 'boots', 'peak nodes'].map(right),
];

const seconds = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;

function row(result: ReplayResult): readonly string[] {
  const per1000Prs = (value: number): string =>
    String(Math.round((value * JOBS_PER_1000_PRS) / Math.max(1, result.jobs)));
  return [
    result.policy,
    result.placement,
    per1000Prs(result.nodeHours),
    seconds(result.waitSeconds.p95),
    seconds(result.waitSeconds.p99),
    seconds(result.waitSeconds.max),
    seconds(result.worstHourP95),
    per1000Prs(result.boots),
    String(result.peakNodes),
  ];
}

function doubts(results: readonly ReplayResult[]): readonly string[] {
  const [first] = results;
  return [
    ...results.flatMap(({ policy, unplaced }) =>
      unplaced > 0 ? [`${policy}: ${unplaced} builds never found a node.`] : [],
    ),
    ...(first !== undefined && first.tooLarge > 0
      ? [`${first.tooLarge} builds request more than a whole node and were skipped.`]
      : []),
  ];
}

/**
 * The results side by side; node-hours and boots for 15,000 builds, which is 1000 PRs in the published table.
 *
 * @param trainDays days that don't count
 */
export function replayText(results: readonly ReplayResult[], trainDays: number): string {
  const after = trainDays === 0 ? '' : ` after ${trainDays} ${trainDays === 1 ? 'day' : 'days'} for training`;
  const jobs = results[0]?.jobs ?? 0;
  const title = `${jobs} ${jobs === 1 ? 'build' : 'builds'}${after}; node-hours and boots for 15,000 builds (1000 PRs)`;
  const table = tableLines(COLUMNS, results.map(row)).map((line) => `  ${line}`);
  return [title, '', ...table, ...(doubts(results).length > 0 ? ['', ...doubts(results)] : [])].join('\n');
}
