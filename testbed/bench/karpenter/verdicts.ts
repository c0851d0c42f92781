import type { DrivenBuild } from '../../suites/real-flows/build-driver.ts';
import type { Foretold } from '../../suites/real-flows/replayed.ts';
import { quantile } from '../measure/statistics.ts';
import { boots, type Counted, type NodeSpan, nodeHours } from './node-spans.ts';

/** How one way of getting nodes did on a load; seen, or foretold by `replay`. Waits in seconds. */
export interface Verdict {
  readonly who: string;
  readonly builds: number;
  readonly waitSeconds: {
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  };
  readonly nodeHours: number;
  readonly boots: number;
  /** Builds that somebody else ended; none in a replay. */
  readonly harmed: number;
}

/** Sums up what was seen; throws when a build has no node yet. */
export function seenVerdict(
  who: string,
  builds: readonly DrivenBuild[],
  spans: readonly NodeSpan[],
  counted: Counted,
): Verdict {
  const waits = builds.map(({ name, waitSeconds }) => {
    if (waitSeconds === undefined) throw new Error(`${name} never had a node`);
    return waitSeconds;
  });
  return {
    who,
    builds: builds.length,
    waitSeconds: {
      p50: quantile(waits, 0.5),
      p95: quantile(waits, 0.95),
      p99: quantile(waits, 0.99),
      max: quantile(waits, 1),
    },
    nodeHours: nodeHours(spans, counted),
    boots: boots(spans, counted),
    harmed: builds.filter(({ harm }) => harm !== '').length,
  };
}

/** The same of a replay. */
export const foretoldVerdict = (who: string, { jobs, waitSeconds, nodeHours, boots }: Foretold): Verdict => ({
  who,
  builds: jobs,
  waitSeconds,
  nodeHours,
  boots,
  harmed: 0,
});

const HEAD = ['', 'builds', 'p50', 'p95', 'p99', 'max', 'node-hours', 'boots', 'harmed'] as const;

const seconds = (value: number): string => `${value.toFixed(1)} s`;

const cells = ({ who, builds, waitSeconds, nodeHours, boots, harmed }: Verdict): readonly string[] => [
  who,
  String(builds),
  ...[waitSeconds.p50, waitSeconds.p95, waitSeconds.p99, waitSeconds.max].map(seconds),
  nodeHours.toFixed(2),
  String(boots),
  String(harmed),
];

/** For a terminal. */
export function verdictText(verdicts: readonly Verdict[]): string {
  const lines = [HEAD, ...verdicts.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const padded = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((line) => line.map(padded).join('  ').trimEnd()).join('\n');
}

/** For docs/measurements.md. */
export function verdictMarkdown(verdicts: readonly Verdict[]): string {
  const lines = [HEAD, ['---', ...HEAD.slice(1).map(() => '--:')], ...verdicts.map(cells)];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}
