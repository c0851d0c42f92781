import type { Resources } from './shape.ts';

/** Pods of one size. */
export interface SizeClass {
  readonly request: Resources;
  readonly count: number;
}

/** Equal requests together, largest first. */
export const classesOf = (requests: readonly Resources[]): readonly SizeClass[] =>
  merged(requests.map((request) => ({ request, count: 1 })));

export function merged(parts: readonly SizeClass[]): readonly SizeClass[] {
  const groups = Map.groupBy(
    parts,
    ({ request: { cpuMillicores, memoryBytes } }) => `${cpuMillicores}/${memoryBytes}`,
  );
  return [...groups.values()]
    .flatMap((members) => (members[0] === undefined ? [] : { ...members[0], count: countOf(members) }))
    .sort(
      ({ request: one }, { request: other }) =>
        other.cpuMillicores - one.cpuMillicores || other.memoryBytes - one.memoryBytes,
    );
}

export const countOf = (classes: readonly SizeClass[]): number =>
  classes.reduce((sum, { count }) => sum + count, 0);
