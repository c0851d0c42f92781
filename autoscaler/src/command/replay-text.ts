import { type Column, left, right, tableLines } from '@hangar/shared/program/table';
import type { ReplayResult } from '../replay/result.ts';
import { JOBS_PER_1000_PRS } from '../replay/result.ts';

/** Results of an independent simulator for the same policies on loads with the same description (scheduling-and-scaling §5.2). */
const ANCHORS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'table-like': {
    'static:172 least': '5525, 0/61',
    'cluster-autoscaler least': '1115, 67/118',
    'cluster-autoscaler most': '1045, 72/126',
    'karpenter least': '1091, 76/154',
    'karpenter most': '959, 89/160',
    'sqrt soft-taint': '1126, 10/50',
    'forecast soft-taint': '1071, 9/57',
    'clairvoyant soft-taint': '1016, 0/8',
  },
  harder: {
    'cluster-autoscaler least': '1128, 66/139',
    'cluster-autoscaler most': '1043, 76/146',
    'karpenter least': '1118, 77/173',
    'karpenter most': '957, 98/179',
    'forecast soft-taint': '1093, 24/88',
  },
};

const COLUMNS: readonly Column[] = [
  ...['policy', 'placement'].map(left),
  ...['node-hours', 'p95 wait', 'p99', 'longest', 'worst hour', 'boots', 'peak nodes'].map(right),
];

const seconds = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;

function row(result: ReplayResult, load: string | undefined): readonly string[] {
  const per1000Prs = (value: number): string =>
    String(Math.round((value * JOBS_PER_1000_PRS) / Math.max(1, result.jobs)));
  const cells = [
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
  return load === undefined
    ? cells
    : [...cells, ANCHORS[load]?.[`${result.policy} ${result.placement}`] ?? ''];
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

/** What was simulated. */
export interface ReplayedLoad {
  /** The generated load, whose reference figures are shown beside ours. */
  readonly load: string | undefined;
  /** Days that don't count. */
  readonly trainDays: number;
}

/** The results side by side; node-hours and boots for 15,000 builds, which is 1000 PRs in the published table. */
export function replayText(results: readonly ReplayResult[], { load, trainDays }: ReplayedLoad): string {
  const columns = load === undefined ? COLUMNS : [...COLUMNS, left('reference (node-hours, p95/p99)')];
  const after = trainDays === 0 ? '' : ` after ${trainDays} ${trainDays === 1 ? 'day' : 'days'} for training`;
  const jobs = results[0]?.jobs ?? 0;
  const title = `${jobs} ${jobs === 1 ? 'build' : 'builds'}${after}; node-hours and boots for 15,000 builds (1000 PRs)`;
  const table = tableLines(
    columns,
    results.map((result) => row(result, load)),
  ).map((line) => `  ${line}`);
  return [title, '', ...table, ...(doubts(results).length > 0 ? ['', ...doubts(results)] : [])].join('\n');
}
