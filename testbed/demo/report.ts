import { lineOf, painter } from '@hangar/shared/program/style';
import { type Cell, left, right, tableLines } from '@hangar/shared/program/table';
import { capacityLines } from './capacity.ts';
import { evidenceSteps } from './judge.ts';
import type { DemoOutcome } from './outcome.ts';
import type { ProgressStyle } from './show.ts';
import { durationText, lookOf } from './status-style.ts';

const COLUMNS = ['', 'pipeline', 'expected', 'actual', 'steps', 'time', 'message'].map((title) =>
  title === 'time' ? right(title) : left(title),
);

/** The table of what happened, the totals, and what was not as expected. */
export function reportLines(outcome: DemoOutcome, screen: ProgressStyle): string[] {
  const table = tableLines(COLUMNS, outcome.pipelines.map(rowOf), { ...screen, head: 'dim' });
  const recommended = capacityLines(outcome.recommended).map((text) =>
    lineOf([{ text, style: undefined }], screen.width, false),
  );
  return [...table, '', ...recommended, '', ...totalLines(outcome), ...problemLines(outcome, screen)];
}

function rowOf({ one, build, verdict, spentMs }: DemoOutcome['pipelines'][number]): readonly Cell[] {
  const isRight = verdict.problems.length === 0;
  const steps = evidenceSteps(build).map(({ status }) => lookOf(status).symbol);
  return [
    isRight ? { text: '✓', style: 'green' } : { text: '✗', style: 'red' },
    one.name,
    { text: one.expected, style: 'dim' },
    { text: build.status, style: lookOf(build.status).style },
    steps.join(''),
    { text: durationText(spentMs), style: 'dim' },
    { text: verdict.line || one.shows, style: 'dim' },
  ];
}

function totalLines({ totals }: DemoOutcome): string[] {
  const { builds, steps, pods, apiWrites, spentMs } = totals;
  const each = pods === 0 ? '' : `, ${(apiWrites / pods).toFixed(1)} per Pod`;
  return [
    `${builds} builds, ${steps} steps, ${pods} Pods in ${durationText(spentMs)}; the runner wrote ${apiWrites} times to Kubernetes${each}.`,
  ];
}

function problemLines(outcome: DemoOutcome, { isColoured }: ProgressStyle): string[] {
  const paint = painter(isColoured);
  const problems = [
    ...outcome.pipelines.flatMap(({ one, verdict }) =>
      verdict.problems.map((text) => `${one.name}: ${text}`),
    ),
    ...outcome.problems,
  ];
  if (problems.length === 0) return ['Everything happened as expected.'];
  return ['', 'Not as expected:', ...problems.map((text) => paint('red', `  ${text}`))];
}

/** The same as one JSON value. */
export function reportJson(outcome: DemoOutcome, addresses: Readonly<Record<string, string>>): string {
  const pipelines = outcome.pipelines.map(({ one, build, verdict, spentMs, waited }) => ({
    name: one.name,
    shows: one.shows,
    file: `testbed/demo/pipelines/${one.name}.yml`,
    expected: one.expected,
    actual: build.status,
    ok: verdict.problems.length === 0,
    problems: verdict.problems,
    steps: build.stages.flatMap((stage) =>
      stage.steps.map(({ name, status, exit_code }) => ({
        stage: stage.name,
        name,
        status,
        exitCode: exit_code,
      })),
    ),
    spentMs,
    line: verdict.line,
    waited,
  }));
  const { ok, cluster, totals, problems, recommended } = outcome;
  return JSON.stringify({ ok, cluster, pipelines, recommended, totals, problems, addresses }, undefined, 2);
}
