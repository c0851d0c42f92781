import { capacityLines } from './capacity.ts';
import { stepsOf } from './judge.ts';
import type { Outcome } from './outcome.ts';
import type { Screen } from './show.ts';
import { lineOf, lookOf, type Piece, secondsText, type Tone } from './words.ts';

interface Cell {
  readonly text: string;
  readonly tone: Tone;
}

const HEAD = ['', 'pipeline', 'expected', 'actual', 'steps', 'time', 'what it says'];

/** The table of what happened, the totals, and what was not as expected. */
export function reportLines(outcome: Outcome, screen: Screen): string[] {
  const rows = [HEAD.map((text): Cell => ({ text, tone: 'dim' })), ...outcome.pipelines.map(rowOf)];
  const widths = HEAD.map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column]?.text ?? '')].length)),
  );
  const table = rows.map((row) =>
    lineOf(
      row.map(({ text, tone }, column): Piece => {
        if (column === HEAD.length - 1) return { text, tone };
        const pad = ' '.repeat((widths[column] ?? 0) - [...text].length);
        return { text: `${HEAD[column] === 'time' ? pad + text : text + pad}  `, tone };
      }),
      screen.width,
      screen.colored,
    ),
  );
  const recommended = capacityLines(outcome.recommended).map((text) =>
    lineOf([{ text, tone: 'plain' }], screen.width, screen.colored),
  );
  return [...table, '', ...recommended, '', ...totalLines(outcome), ...problemLines(outcome, screen)];
}

function rowOf({ one, build, verdict, spentMs }: Outcome['pipelines'][number]): Cell[] {
  const { tone } = lookOf(build.status);
  const isRight = verdict.problems.length === 0;
  const steps = stepsOf(build).map(({ status }) => lookOf(status).symbol);
  return [
    { text: isRight ? '✓' : '✗', tone: isRight ? 'good' : 'bad' },
    { text: one.name, tone: 'plain' },
    { text: one.expected, tone: 'dim' },
    { text: build.status, tone },
    { text: steps.join(''), tone: 'plain' },
    { text: secondsText(spentMs), tone: 'dim' },
    { text: verdict.line || one.shows, tone: 'dim' },
  ];
}

function totalLines({ totals }: Outcome): string[] {
  const { builds, steps, pods, apiWrites, spentMs } = totals;
  const each = pods === 0 ? '' : `, ${(apiWrites / pods).toFixed(1)} a Pod`;
  return [
    `${builds} builds, ${steps} steps, ${pods} Pods in ${secondsText(spentMs)}; the runner wrote ${apiWrites} times to Kubernetes${each}.`,
  ];
}

function problemLines(outcome: Outcome, { colored }: Screen): string[] {
  const problems = [
    ...outcome.pipelines.flatMap(({ one, verdict }) =>
      verdict.problems.map((text) => `${one.name}: ${text}`),
    ),
    ...outcome.problems,
  ];
  if (problems.length === 0) return ['Everything happened as expected.'];
  return [
    '',
    'Not as expected:',
    ...problems.map((text) => lineOf([{ text: `  ${text}`, tone: 'bad' }], 1000, colored)),
  ];
}

/** The same as one JSON value. */
export function reportJson(outcome: Outcome, addresses: Readonly<Record<string, string>>): string {
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
