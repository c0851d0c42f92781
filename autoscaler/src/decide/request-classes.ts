import { type NodeSpec, podsOnEmptyNode } from '../capacity/node-spec.ts';
import type { Pool } from '../capacity/pools.ts';
import type { NodeShape, Resources } from '../capacity/shape.ts';
import { countOf, type SizeClass } from '../capacity/size-class.ts';
import type { Demand } from './demand.ts';
import type { RequestClass } from './recommendation.ts';

/** Sizes are distinguished by this part of an octave at first, then more coarsely until there are few classes. */
const FINEST_STEP = 1 / 8;
/** The number of classes shown to people. */
const MOST_SHOWN = 12;

/** Pods of about one size, and the classes that were merged into it. */
interface Merged<T extends SizeClass> extends SizeClass {
  readonly members: readonly T[];
}

const octaves = (amount: number): number => Math.log2(Math.max(1, amount));

/** Merges classes whose sizes differ by less than `step` octaves; 0: only equal sizes. */
function merged<T extends SizeClass>(classes: readonly Merged<T>[], step: number): readonly Merged<T>[] {
  const cell = (amount: number): number => (step === 0 ? amount : Math.floor(octaves(amount) / step));
  const key = ({ request }: SizeClass): string =>
    `${cell(request.cpuMillicores)}/${cell(request.memoryBytes)}`;
  return [...Map.groupBy(classes, key).values()].map((parts) => {
    // Not as arguments of a call: there may be more than it can take.
    const most = (of: keyof Resources): number =>
      parts.reduce((largest, { request }) => Math.max(largest, request[of]), 0);
    return {
      request: { cpuMillicores: most('cpuMillicores'), memoryBytes: most('memoryBytes') },
      count: countOf(parts),
      members: parts.flatMap(({ members }) => members),
    };
  });
}

/**
 * The same Pods in at most `most` classes, largest first. Equal requests always share a class; where there are too many, similar
 * sizes are merged, with the largest CPU and memory of their members, so that the promised room is never too small.
 *
 * @param most maximum number of classes; ≥ 1
 */
export function fewClasses<T extends SizeClass>(classes: readonly T[], most: number): readonly Merged<T>[] {
  let few = merged(
    classes.map((one) => ({ ...one, members: [one] })),
    0,
  );
  // A step's cells are two of the one before, so that each step goes through fewer classes.
  for (let step = FINEST_STEP; few.length > most; step *= 2) few = merged(few, step);
  return few.toSorted(
    ({ request: one }, { request: other }) =>
      other.cpuMillicores - one.cpuMillicores || other.memoryBytes - one.memoryBytes,
  );
}

/** Sizes of Pods that need room now, and the nodes that can hold one. Pure. */
export function requestClassesOf(
  demand: Demand,
  shapes: readonly NodeShape[],
  overhead: NonNullable<NodeSpec['daemonSets']>,
  pools: readonly Pool[],
): readonly RequestClass[] {
  const states = ['running', 'pending', 'known'] as const;
  const all = states.flatMap((state) => demand[state].map((one) => ({ ...one, state })));
  const total = countOf(all);
  return fewClasses(all, MOST_SHOWN).map(({ request, count, members }): RequestClass => {
    const of = (state: (typeof states)[number]): number =>
      countOf(members.filter((one) => one.state === state));
    const holds = ({ allocatable }: NodeShape): boolean =>
      podsOnEmptyNode({ allocatable, daemonSets: overhead }, request) > 0;
    return {
      request,
      runningPods: of('running'),
      pendingPods: of('pending'),
      knownStages: of('known'),
      share: count / Math.max(1, total),
      fitsShapes: shapes.filter(holds).map(({ name }) => name),
      tooLargeForShapes: shapes.filter((shape) => !holds(shape)).map(({ name }) => name),
      fitsPools: pools.filter(({ spec }) => podsOnEmptyNode(spec, request) > 0).map(({ name }) => name),
    };
  });
}
