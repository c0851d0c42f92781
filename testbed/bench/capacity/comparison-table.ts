import type { Compared, Demanded, Played } from './comparison.ts';

/** Worst of the seeds, for what is demanded of each. */
interface Worst {
  readonly nodeHours: number;
  readonly p95Seconds: number;
  readonly p99Seconds: number;
  readonly boots: number;
}

const worstOf = (played: readonly Played[]): Worst => {
  const most = (of: (one: Played) => number): number => Math.max(...played.map(of));
  return {
    nodeHours: most(({ nodeHours }) => nodeHours),
    p95Seconds: most(({ result }) => result.waitSeconds.p95),
    p99Seconds: most(({ result }) => result.waitSeconds.p99),
    boots: most(({ boots }) => boots),
  };
};

const WORDS: Readonly<Record<keyof Demanded, (most: number) => string>> = {
  nodeHours: (most) => `≤ ${most} node-hours`,
  p95Seconds: (most) => `p95 ≤ ${most} s`,
  p99Seconds: (most) => `p99 ≤ ${most} s`,
  boots: (most) => `≤ ${most} boots`,
};
const KEYS = ['nodeHours', 'p95Seconds', 'p99Seconds', 'boots'] as const;

/** Whether every seed holds what is demanded; `none`: nothing is. */
export function verdictOf({ demanded, played }: Compared): 'met' | 'missed' | 'none' {
  const worst = worstOf(played);
  const asked = KEYS.filter((key) => demanded[key] !== undefined);
  if (asked.length === 0) return 'none';
  return asked.every((key) => worst[key] <= (demanded[key] ?? 0)) ? 'met' : 'missed';
}

const HEAD = [
  'policy',
  'node-hours',
  'p95 s',
  'p99 s',
  'boots',
  'cold',
  'peak nodes',
  'demanded of each seed',
  'reached',
] as const;

/** `1058 to 1065`, or one figure where all are the same. */
function range(values: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return least === most ? `${least}` : `${least} to ${most}`;
}

function cells(compared: Compared): readonly string[] {
  const { policy, played, demanded } = compared;
  const of = (value: (one: Played) => number, digits = 0): string => range(played.map(value), digits);
  const verdict = verdictOf(compared);
  return [
    policy,
    of(({ nodeHours }) => nodeHours),
    of(({ result }) => result.waitSeconds.p95, 1),
    of(({ result }) => result.waitSeconds.p99),
    of(({ boots }) => boots),
    of(({ result }) => (result.coldStarts * 100) / Math.max(1, result.jobs), 1),
    of(({ result }) => result.peakNodes),
    KEYS.flatMap((key) => (demanded[key] === undefined ? [] : [WORDS[key](demanded[key])])).join(', '),
    verdict === 'none' ? '' : verdict,
  ];
}

const titleOf = ({ load, placement, knownShare }: Compared): string =>
  `${load}, placement ${placement}${knownShare > 0 ? `, ${Math.round(knownShare * 100)} % known 180 s before` : ''}`;

/** Rows of one load under one placement together, in their order. */
const actViewsOf = (all: readonly Compared[]): readonly (readonly [string, readonly Compared[]])[] => [
  ...Map.groupBy(all, titleOf),
];

/** For a terminal. */
export function comparisonText(all: readonly Compared[]): string {
  const table = (rows: readonly Compared[]): string => {
    const lines = [HEAD, ...rows.map(cells)];
    const widths = HEAD.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
    return lines
      .map((line) =>
        line
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd(),
      )
      .join('\n');
  };
  return actViewsOf(all)
    .map(([title, rows]) => `${title}\n${table(rows)}`)
    .join('\n\n');
}

/** For a Markdown page. */
export function comparisonMarkdown(all: readonly Compared[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  const table = (rows: readonly Compared[]): string =>
    [line(HEAD), line(['---', ...HEAD.slice(1).map(() => '--:')]), ...rows.map(cells).map(line)].join('\n');
  return actViewsOf(all)
    .map(([title, rows]) => `### ${title}\n\n${table(rows)}`)
    .join('\n\n');
}
