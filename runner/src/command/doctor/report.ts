import { type Paint, painter, type Style } from '@hangar/shared/program/style';
import { tableLines } from '@hangar/shared/program/table';
import type { Judged, SettingSupport } from '../../config/judge.ts';
import type { ReviewedRule } from '../../restrict/review.ts';
import { RULES } from '../../restrict/rule-table.ts';
import type { Check } from './checks.ts';

/** Whether anything is wrong: `incomplete` if nothing is, as far as that was checked. */
export type Verdict = 'passed' | 'incomplete' | 'failed';

/** All findings of the doctor. */
export interface Report {
  /** Nothing is wrong, as far as that was checked. */
  readonly ok: boolean;
  readonly verdict: Verdict;
  readonly settings: readonly Judged[];
  readonly checks: readonly Check[];
  /** What pipelines may choose; empty while the settings are wrong. */
  readonly rules: readonly ReviewedRule[];
  /** Warnings, which do not prevent a start. */
  readonly warnings: readonly string[];
}

/** Combines the findings. Pure. */
export function reportOf(found: Omit<Report, 'ok' | 'verdict'>): Report {
  const isWrong =
    found.settings.some(({ verdict }) => verdict === 'wrong') ||
    found.checks.some(({ result }) => result === 'failed');
  const isUnclear =
    found.settings.some(({ verdict }) => verdict === 'unknown') ||
    found.checks.some(({ result }) => result === 'skipped');
  return { ok: !isWrong, verdict: isWrong ? 'failed' : isUnclear ? 'incomplete' : 'passed', ...found };
}

const HEADS: Readonly<Record<SettingSupport, string>> = {
  wrong: 'Wrong: the runner would not start',
  changed: 'Changed: has another meaning than in the previous runner',
  ignored: 'Ignored',
  unknown: 'Unknown',
  kept: 'Kept: same meaning as in the previous runner, or new in Hangar',
};

const HEAD_STYLES: Readonly<Partial<Record<SettingSupport, Style>>> = {
  wrong: 'red',
  changed: 'yellow',
  unknown: 'yellow',
};
const RESULT_STYLES: Readonly<Record<Check['result'], Style>> = {
  ok: 'green',
  failed: 'red',
  skipped: 'yellow',
};

/** The report as text. Pure. */
export function reportText(report: Report, isColoured = false): string {
  const { settings, checks, rules, warnings } = report;
  const paint = painter(isColoured);
  const groups = Map.groupBy(settings, ({ verdict }) => verdict);
  const sections = [...groups].map(([verdict, those]) => [
    paint(HEAD_STYLES[verdict] ?? 'bold', HEADS[verdict]),
    ...(verdict === 'kept' ? [names(those)] : wordsLines(those)),
  ]);
  const outside = checks.map(({ what, result, words }) => [
    `${paint('bold', what)}: ${paint(RESULT_STYLES[result], result)}`,
    ...words.map((text) => `  ${text.replaceAll('\n', '\n  ')}`),
  ]);
  const odd =
    warnings.length === 0 ? [] : [[paint('yellow', 'Warnings'), ...warnings.map((text) => `  ${text}`)]];
  return [...sections, ...openSection(rules), ...odd, ...outside, endLines(report, paint)]
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

const VERDICT_STYLES: Readonly<Record<Verdict, Style>> = {
  passed: 'green',
  incomplete: 'yellow',
  failed: 'red',
};

function verdictText({ verdict, settings, checks }: Report): string {
  if (verdict === 'passed') return 'Passed: the runner would start with these settings.';
  if (verdict === 'failed') return 'Failed: a setting is wrong or a check failed. Correct the errors above.';
  const skipped = checks.filter(({ result }) => result === 'skipped').length;
  const unknown = settings.filter((one) => one.verdict === 'unknown').length;
  const open = [
    ...(skipped > 0 ? [skipped === 1 ? '1 check was skipped' : `${skipped} checks were skipped`] : []),
    ...(unknown > 0 ? [unknown === 1 ? '1 setting is unknown' : `${unknown} settings are unknown`] : []),
  ];
  return `Incomplete: no error was found, but ${open.join(' and ')}.`;
}

/** A summary in numbers, and the verdict. */
function endLines(report: Report, paint: Paint): readonly string[] {
  const { settings, checks, warnings, verdict } = report;
  const count = (all: readonly string[]): string =>
    [...Map.groupBy(all, (one) => one)].map(([one, those]) => `${those.length} ${one}`).join(', ') || 'none';
  return [
    `Settings: ${count(settings.map((one) => one.verdict))}`,
    `Checks:   ${count(checks.map(({ result }) => result))}`,
    `Warnings: ${warnings.length}`,
    paint(VERDICT_STYLES[verdict], verdictText(report)),
  ];
}

/** The rules by which untrusted pipelines may choose whatever they like, and what the chart would refuse. */
function openSection(rules: readonly ReviewedRule[]): readonly (readonly string[])[] {
  const open = rules.filter(
    ({ open: levels, name }) => levels.length > 0 && RULES[name].sinceHangar !== 'open',
  );
  if (open.length === 0) return [];
  const rows = open.map(({ setting, value, subject, chartDefault }) => [
    `${setting}=${value}`,
    `${subject}; the chart's default is ${chartDefault ?? 'jobs.otherNamespaces'}`,
  ]);
  return [
    [
      'Open to untrusted pipelines, as in the previous runner; refused by the defaults of the chart',
      ...tableLines([], rows).map((line) => `  ${line}`),
    ],
  ];
}

const wordsLines = (those: readonly Judged[]): readonly string[] =>
  tableLines(
    [],
    those.map(({ name, words }) => [name, words]),
  ).map((line) => `  ${line}`);

const names = (those: readonly Judged[]): string => `  ${those.map(({ name }) => name).join(', ')}`;
