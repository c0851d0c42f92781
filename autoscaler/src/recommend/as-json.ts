import { formatCpuMillicores, formatMemoryBytes } from '@hangar/shared/quantity';
import type { LoadLevel, Resources } from '../capacity/shape.ts';
import { PARAMETER_NOTES } from '../model/parameters.ts';
import type { CheckedPools } from './checked.ts';
import type { PrsRecommendation } from './for-prs.ts';
import { perLevel } from './for-prs.ts';

/** A request in Kubernetes notation. */
export interface ResourcesJson {
  readonly cpu: string;
  readonly memory: string;
}

/** Resources in Kubernetes notation: `1150m`, `1700Mi`. */
export const resourcesJson = (resources: Resources): ResourcesJson => ({
  cpu: formatCpuMillicores(resources.cpuMillicores),
  memory: formatMemoryBytes(resources.memoryBytes),
});

function quotaJson(
  answer: PrsRecommendation,
): Readonly<Partial<Record<LoadLevel, ResourcesJson & { readonly pods: number }>>> {
  const { quota } = answer.assumed;
  return Object.fromEntries(
    answer.levels.map((level) => [
      level,
      {
        ...resourcesJson({
          cpuMillicores: quota.cpuMillicores[level] ?? 0,
          memoryBytes: quota.memoryBytes[level] ?? 0,
        }),
        pods: quota.pods[level] ?? 0,
      },
    ]),
  );
}

/** The check by simulation, as `recommend --json` adds it. */
export function checkedJson({
  objectiveSeconds,
  shapes,
  objectivePlaces,
  objectiveQuota,
  cost,
}: CheckedPools) {
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  return {
    objectiveWaitP95Seconds: objectiveSeconds,
    nodes: Object.fromEntries(shapes.map(({ shape, objectiveNodes }) => [shape.name, objectiveNodes])),
    runnerCapacity: objectivePlaces,
    quota: { ...resourcesJson(objectiveQuota), pods: objectivePlaces },
    publishedWaitP95Seconds: Object.fromEntries(
      shapes.map(({ shape, waitP95Seconds }) => [
        shape.name,
        Object.fromEntries(Object.entries(waitP95Seconds).map(([level, wait]) => [level, rounded(wait)])),
      ]),
    ),
    cost: cost && {
      shape: cost.shape,
      fixedNodeHoursPerDay: cost.fixedNodeHoursPerDay,
      elasticNodeHoursPerDay: rounded(cost.elasticNodeHoursPerDay),
      elasticWaitP95Seconds: rounded(cost.elasticWaitP95Seconds),
    },
  };
}

/**
 * The answer as `recommend --json` and `/api/v1/what-if` return it; `shapes` is the part that other programs use. The same answer
 * gives the same text.
 */
export function recommendationJson(answer: PrsRecommendation) {
  return {
    prsPerDay: answer.prsPerDay,
    shapes: Object.fromEntries(
      answer.shapes.map(({ shape, nodes }) => [
        shape.name,
        perLevel(answer.levels, (level) => nodes[level] ?? 0),
      ]),
    ),
    assumes: {
      podRequest: resourcesJson(answer.assumed.podRequest),
      daemonSets: resourcesJson(answer.parameters.daemonSets),
      runnerCapacity: answer.assumed.runnerCapacity,
      quota: quotaJson(answer),
    },
    nodes: Object.fromEntries(
      answer.shapes.map(({ shape, podsThatFit, podsCounted }) => [
        shape.name,
        {
          ...resourcesJson(shape.allocatable),
          pods: shape.allocatable.pods,
          podsThatFit,
          podsCounted,
          source: shape.source,
        },
      ]),
    ),
    parameters: PARAMETER_NOTES.map(({ parameter, meaning, source, reading }) => {
      const value = answer.parameters[parameter];
      return {
        name: parameter,
        value: typeof value === 'number' ? value : resourcesJson(value),
        meaning,
        source,
        reading,
      };
    }),
  };
}
