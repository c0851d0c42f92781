import { tableLines } from '@hangar/shared/program/table';
import type { Judged, SettingSupport } from '../../config/judge.ts';
import type { ReviewedRule } from '../../restrict/review.ts';
import type { Check } from './checks.ts';

/** All findings of the doctor. */
export interface Report {
  readonly ok: boolean;
  readonly settings: readonly Judged[];
  readonly checks: readonly Check[];
  /** What pipelines may choose; empty while the settings are wrong. */
  readonly rules: readonly ReviewedRule[];
  /** Warnings, which do not prevent a start. */
  readonly warnings: readonly string[];
}

/** Combines the findings. Pure. */
export function reportOf(found: Omit<Report, 'ok'>): Report {
  const isWrong =
    found.settings.some(({ verdict }) => verdict === 'wrong') ||
    found.checks.some(({ result }) => result === 'failed');
  return { ok: !isWrong, ...found };
}

const HEADS: Readonly<Record<SettingSupport, string>> = {
  wrong: 'Wrong: the runner would not start',
  changed: 'Changed: has another meaning than in the previous runner',
  ignored: 'Ignored',
  unknown: 'Unknown',
  kept: 'Kept: same meaning as in the previous runner',
};

/** The report as text. Pure. */
export function reportText({ ok, settings, checks, rules, warnings }: Report): string {
  const groups = Map.groupBy(settings, ({ verdict }) => verdict);
  const sections = [...groups].map(([verdict, those]) => [
    HEADS[verdict],
    ...(verdict === 'kept' ? [names(those)] : wordsLines(those)),
  ]);
  const outside = checks.map(({ what, result, words }) => [
    `${what}: ${result}`,
    ...words.map((text) => `  ${text.replaceAll('\n', '\n  ')}`),
  ]);
  const odd = warnings.length === 0 ? [] : [['Worth a look', ...warnings.map((text) => `  ${text}`)]];
  const end = ok
    ? ['All is well: the runner would start with these settings.']
    : ['Something is wrong, see above.'];
  return [...sections, ...openSection(rules), ...odd, ...outside, end]
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** The rules by which untrusted pipelines may choose whatever they like, and what the chart would refuse. */
function openSection(rules: readonly ReviewedRule[]): readonly (readonly string[])[] {
  const open = rules.filter((rule) => rule.open.length > 0);
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
