import { lacking, type Machine, remedyText } from '../machine/judge.ts';
import { CLUSTER_BUILD, type Need } from '../machine/needs.ts';
import { buildEstimate, type PartBuildTime } from '../parts/real/plan/build-estimate.ts';
import { folderName, type Part, type PartName, parts } from '../parts/real/plan/parts.ts';
import type { Level } from './levels.ts';

/** A level that runs, and what is built before it that no earlier one needs. */
export interface PlannedLevel {
  readonly level: Level;
  readonly builds: readonly Part[];
}

/** Which levels run, in order, and why the others don't. */
export interface LevelPlan {
  readonly runs: readonly PlannedLevel[];
  /** One line for each level. */
  readonly leftOut: readonly string[];
}

/** What a level needs: its own needs, and what it takes to build those parts that the cache lacks. */
export const needsOf = (level: Level, missing: ReadonlySet<PartName>): readonly Need[] =>
  level.parts.some((name) => missing.has(name)) ? [...level.needs, ...CLUSTER_BUILD] : level.needs;

/** Decides which of the levels run on a machine whose cache lacks those parts. */
export function levelPlanOf(
  levels: readonly Level[],
  machine: Machine,
  missing: ReadonlySet<PartName>,
): LevelPlan {
  const runs: PlannedLevel[] = [];
  const leftOut: string[] = [];
  const planned = new Set<PartName>();
  for (const level of levels) {
    const lacks = lacking(needsOf(level, missing), machine);
    if (lacks.length > 0) {
      leftOut.push(`left out: ${level.name} (${level.what}): ${remedyText(lacks)}`);
      continue;
    }
    const builds = parts.filter(
      ({ name }) => level.parts.includes(name) && missing.has(name) && !planned.has(name),
    );
    for (const { name } of builds) planned.add(name);
    runs.push({ level, builds });
  }
  return { runs, leftOut };
}

/** An approximate duration. */
const roughly = (seconds: number): string =>
  seconds < 90 ? `about ${Math.round(seconds)} s` : `about ${Math.round(seconds / 60)} min`;

function buildText(builds: readonly Part[], records: readonly PartBuildTime[]): string {
  if (builds.length === 0) return '';
  const { seconds, basis } = buildEstimate(builds, records, parts);
  return `; builds ${builds.map(folderName).join(', ')} first (${roughly(seconds)} by ${basis})`;
}

/** What `npm test` prints before it runs anything. */
export function planLines(
  { runs, leftOut }: LevelPlan,
  records: readonly PartBuildTime[],
): readonly string[] {
  const width = Math.max(0, ...runs.map(({ level }) => level.name.length));
  const head =
    runs.length === 0 ? 'no level runs' : `runs ${runs.length} of ${runs.length + leftOut.length} levels:`;
  return [
    head,
    ...runs.map(
      ({ level, builds }) => `  ${level.name.padEnd(width)}  ${level.what}${buildText(builds, records)}`,
    ),
    ...leftOut,
  ];
}
