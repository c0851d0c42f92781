import { left, right, tableLines } from '@hangar/shared/program/table';
import type { BuildHistory, History } from './history.ts';
import type { Violation } from './invariants.ts';
import { touches } from './touches.ts';

/** The counts for one kind of fault. */
export interface KindCount {
  readonly kind: string;
  readonly injected: number;
  /** Builds that were under way during a fault of this kind. */
  readonly builds: number;
  /** Violations of those builds. */
  readonly violations: number;
}

/** One row for each planned kind, in the order of the kinds. Pure. */
export function countsOf(
  { builds, faults }: History,
  violations: readonly Violation[],
  kinds: readonly string[],
): readonly KindCount[] {
  return kinds.map((kind) => {
    const those = faults.filter((fault) => fault.kind === kind && fault.isDone);
    const touched = builds.filter((build) => those.some((fault) => touches(fault, build)));
    const numbers = new Set(touched.map(({ number }) => number));
    const found = violations.filter(({ build }) => build !== undefined && numbers.has(build.number));
    return { kind, injected: those.length, builds: touched.length, violations: found.length };
  });
}

/** The table of faults by kind. */
export function tableOf(counts: readonly KindCount[]): readonly string[] {
  const columns = [left('fault'), right('injected'), right('builds'), right('violations')];
  const rows = counts.map(({ kind, injected, builds, violations }) => [
    kind,
    ...[injected, builds, violations].map(String),
  ]);
  return tableLines(columns, rows);
}

/** The lines of a violation: what is wrong, the faults meanwhile, and the seed to reproduce it. */
export function violationLines(violation: Violation, { builds, faults, seed }: History): readonly string[] {
  const { invariant, build, expected, seen } = violation;
  const history = builds.find(({ number }) => number === build?.number);
  const about = build ? `build ${build.number} (id ${build.id}, ${build.shape})` : 'the run';
  const meanwhile = history === undefined ? [] : faults.filter((fault) => touches(fault, history));
  return [
    `VIOLATION ${invariant}: ${about}, seed ${seed}`,
    `  expected  ${expected}`,
    `  seen      ${seen}`,
    ...(history ? [`  build     ${timesOf(history)}`] : []),
    ...meanwhile.map(
      ({ kind, what, fromMs, toMs }) =>
        `  fault     ${clockTime(fromMs)}–${clockTime(toMs)} ${kind}: ${what}`,
    ),
  ];
}

const clockTime = (atMs: number): string => new Date(atMs).toISOString().slice(11, 23);

function timesOf({ sentMs, cancelledMs, destroyedMs, endedMs, effects }: BuildHistory): string {
  const ofSteps = effects.map(({ step, kind, atMs }) => `${step} ${kind} ${clockTime(atMs)}`);
  return [
    `sent ${clockTime(sentMs)}`,
    ...ofSteps.slice(0, 12),
    ...(cancelledMs === undefined ? [] : [`cancelled ${clockTime(cancelledMs)}`]),
    ...destroyedMs.map((atMs) => `Pod destroyed ${clockTime(atMs)}`),
    endedMs === undefined ? 'never ended' : `ended ${clockTime(endedMs)}`,
  ].join(', ');
}
