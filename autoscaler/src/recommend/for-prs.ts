import type { LoadLevel, NodeShape, Resources } from '../capacity/shape.ts';
import { nodesFor, podsCounted, podsPerNode } from '../model/nodes-for.ts';
import type { ModelParameters } from '../model/parameters.ts';
import { PUBLISHED } from '../model/parameters.ts';

/** Whole numbers for each requested level. */
export type PerLevel = Readonly<Partial<Record<LoadLevel, number>>>;

/** What the node counts assume about the environment: without it the Pods are never created, or don't fit. */
export interface Assumptions {
  readonly podRequest: Resources;
  /** Pods that find room on the nodes at once: the sum of all runners' capacity must be at least this. */
  readonly runnerCapacity: PerLevel;
  /** The ResourceQuota of the builds' namespace, if there is one, must allow this. */
  readonly quota: {
    readonly pods: PerLevel;
    readonly cpuMillicores: PerLevel;
    readonly memoryBytes: PerLevel;
  };
}

/** The nodes of one shape for the load. */
export interface ShapeAnswer {
  readonly shape: NodeShape;
  readonly nodes: PerLevel;
  readonly podsThatFit: number;
  readonly podsCounted: number;
}

/** The published model's answer to one question, with all its assumptions. */
export interface PrsRecommendation {
  readonly prsPerDay: number;
  readonly levels: readonly LoadLevel[];
  readonly shapes: readonly ShapeAnswer[];
  readonly assumed: Assumptions;
  readonly parameters: ModelParameters;
}

/** The question: PRs a day, shapes, levels, and parameters. */
export interface PrsQuestion {
  readonly prsPerDay: number;
  readonly shapes: readonly NodeShape[];
  readonly levels: readonly LoadLevel[];
  readonly parameters?: ModelParameters;
}

/** One number for each of these levels. */
export function perLevel(levels: readonly LoadLevel[], value: (level: LoadLevel) => number): PerLevel {
  return Object.fromEntries(levels.map((level) => [level, value(level)]));
}

/**
 * Nodes of each shape for this many PRs a day by the published model, and the Pod request, runner capacity and quota they assume.
 *
 * @throws {RangeError} when prsPerDay is out of range, or no Pod fits a shape
 * @see scheduling-and-scaling §4.3
 */
export function recommendForPrs(question: PrsQuestion): PrsRecommendation {
  const { prsPerDay, levels, parameters = PUBLISHED } = question;
  const shapes = question.shapes.map(
    (shape): ShapeAnswer => ({
      shape,
      nodes: perLevel(levels, (level) => nodesFor(prsPerDay, shape, level, parameters)),
      podsThatFit: podsPerNode(shape, parameters),
      podsCounted: podsCounted(shape, parameters),
    }),
  );
  // As many as find room on the nodes: fewer would leave paid nodes empty while builds wait.
  const pods = perLevel(levels, (level) =>
    Math.max(...shapes.map(({ nodes, podsThatFit }) => (nodes[level] ?? 0) * podsThatFit)),
  );
  const times = (each: number): PerLevel => perLevel(levels, (level) => (pods[level] ?? 0) * each);
  return {
    prsPerDay,
    levels,
    parameters,
    shapes,
    assumed: {
      podRequest: parameters.pod,
      runnerCapacity: pods,
      quota: {
        pods,
        cpuMillicores: times(parameters.pod.cpuMillicores),
        memoryBytes: times(parameters.pod.memoryBytes),
      },
    },
  };
}
