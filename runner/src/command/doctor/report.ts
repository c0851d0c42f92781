import { tableLines } from '@hangar/shared/program/table';
import type { Judged, SettingSupport } from '../../config/judge.ts';
import type { Check } from './checks.ts';

/** All findings of the doctor. */
export interface Report {
  readonly ok: boolean;
  readonly settings: readonly Judged[];
  readonly checks: readonly Check[];
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
  changed: 'Changed: means something else than before',
  ignored: 'Ignored',
  unknown: 'Unknown',
  kept: 'Kept: means what it meant',
};

/** The report as text. Pure. */
export function reportText({ ok, settings, checks, warnings }: Report): string {
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
  return [...sections, ...odd, ...outside, end].map((lines) => lines.join('\n')).join('\n\n');
}

const wordsLines = (those: readonly Judged[]): readonly string[] =>
  tableLines(
    [],
    those.map(({ name, words }) => [name, words]),
  ).map((line) => `  ${line}`);

const names = (those: readonly Judged[]): string => `  ${those.map(({ name }) => name).join(', ')}`;
