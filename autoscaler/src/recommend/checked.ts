import type { Job } from '../capacity/job.ts';
import type { LoadLevel, NodeShape, Resources } from '../capacity/shape.ts';
import { FIRST_MONDAY } from '../trace/generate.ts';
import { modelledJobs, placesFor, waitP95With } from './fixed-pool.ts';
import type { PerLevel, PrsRecommendation, ShapeAnswer } from './for-prs.ts';
import { perLevel } from './for-prs.ts';

/** Nodes of one shape that meet the objective, and what they cost. */
export interface CheckedShape {
  readonly shape: NodeShape;
  /** The simulated p95 wait with the published numbers of nodes, their capacity and quota. */
  readonly waitP95Seconds: PerLevel;
  /** The fewest nodes whose simulated p95 wait is within the objective. */
  readonly objectiveNodes: number;
}

/** A recommendation, checked by a simulation of weekdays. */
export interface CheckedPools {
  readonly objectiveSeconds: number;
  readonly shapes: readonly CheckedShape[];
  /** Builds at once: runner capacity and quota that go with the nodes for the objective. */
  readonly objectivePlaces: number;
  readonly objectiveQuota: Resources;
  /** Undefined: no build, or too many to replay. */
  readonly cost: FixedAndElastic | undefined;
}

/** Node-hours of a weekday for the first shape. */
export interface FixedAndElastic {
  readonly shape: string;
  readonly fixedNodeHoursPerDay: number;
  readonly elasticNodeHoursPerDay: number;
  readonly elasticWaitP95Seconds: number;
}

/** Plays an elastic pool: its node-hours, and the p95 wait of its builds. */
export type PlayElastic = (
  jobs: readonly Job[],
  shape: NodeShape,
) => { readonly nodeHours: number; readonly waitP95Seconds: number };

const placesOf = ({ podsThatFit }: ShapeAnswer, nodes: number): number => nodes * podsThatFit;

/** The elastic pool is played on so many days: the first of them without any history. */
const ELASTIC_DAYS = 2;
const DAY_SECONDS = 86_400;
/** A larger load takes longer to replay than people wait for an answer. */
const MOST_PLAYED = 60_000;

/**
 * Nodes, runner capacity and quota from one number: the builds that may run at once; and the wait with all three.
 *
 * @returns undefined when there are too many builds to simulate
 */
export function checkedPools(
  answer: PrsRecommendation,
  objectiveSeconds: number,
  playElastic: PlayElastic,
): CheckedPools | undefined {
  const jobs = modelledJobs(answer.prsPerDay, answer.parameters);
  if (jobs === undefined) return undefined;
  const least = placesFor(objectiveSeconds, jobs);
  const shapes = answer.shapes.map((one): CheckedShape => {
    const places = (level: LoadLevel): number =>
      Math.min(placesOf(one, one.nodes[level] ?? 0), answer.assumed.quota.pods[level] ?? 0);
    return {
      shape: one.shape,
      waitP95Seconds: perLevel(answer.levels, (level) => waitP95With(places(level), jobs)),
      objectiveNodes: Math.ceil(least / one.podsThatFit),
    };
  });
  const objectivePlaces = Math.max(
    ...shapes.map(({ objectiveNodes }, nth) => objectiveNodes * (answer.shapes[nth]?.podsThatFit ?? 0)),
  );
  const { cpuMillicores, memoryBytes } = answer.parameters.pod;
  return {
    ...{ objectiveSeconds, shapes, objectivePlaces, cost: costOf(shapes, jobs, playElastic) },
    objectiveQuota: {
      cpuMillicores: objectivePlaces * cpuMillicores,
      memoryBytes: objectivePlaces * memoryBytes,
    },
  };
}

/** The builds of the first days, all by default; undefined: none, or too many to replay. */
export function playedJobs(jobs: readonly Job[], days = Infinity): readonly Job[] | undefined {
  const played = jobs.filter(({ arrivedAt }) => arrivedAt < FIRST_MONDAY + days * DAY_SECONDS);
  return played.length === 0 || played.length > MOST_PLAYED ? undefined : played;
}

function costOf(
  [first]: readonly CheckedShape[],
  jobs: readonly Job[],
  playElastic: PlayElastic,
): FixedAndElastic | undefined {
  const played = playedJobs(jobs, ELASTIC_DAYS);
  if (first === undefined || played === undefined) return undefined;
  const { nodeHours, waitP95Seconds } = playElastic(played, first.shape);
  const days = Math.ceil(((played.at(-1)?.arrivedAt ?? FIRST_MONDAY) - FIRST_MONDAY) / DAY_SECONDS);
  return {
    shape: first.shape.name,
    fixedNodeHoursPerDay: first.objectiveNodes * 24,
    elasticNodeHoursPerDay: nodeHours / Math.max(1, days),
    elasticWaitP95Seconds: waitP95Seconds,
  };
}
