import type { Amount, FieldPath, Pipeline, PipelineStep } from '../pipeline/pipeline.ts';
import { checkAll, each, refuse, stepField, stepTitle } from './refuse.ts';
import { RESOURCE_MODES, type ResourceMode } from './resource-mode.ts';
import { type ContainerResources, splitEvenly, unitOf } from './resources.ts';
import type { CompileSettings } from './settings.ts';

/** With this annotation a pipeline chooses the mode. */
const ANNOTATION = 'hangar.dev/resources';
const AT: FieldPath = ['metadata', 'annotations', ANNOTATION];

/**
 * The mode of a pipeline: its annotation, else the setting.
 *
 * @throws {PipelineError} for an annotation with another value
 */
export function resourceMode({ metadata }: Pipeline, settings: CompileSettings): ResourceMode {
  if (!Object.hasOwn(metadata.annotations, ANNOTATION)) return settings.resources;
  const wanted = metadata.annotations[ANNOTATION];
  return (
    RESOURCE_MODES.find((mode) => mode === wanted) ??
    refuse(
      'invalid-pipeline',
      `metadata.annotations: ${ANNOTATION} ${JSON.stringify(wanted)} must be one of ${RESOURCE_MODES.join(', ')}`,
      AT,
    )
  );
}

/** A warning where steps set requests that the mode does not use, as in the previous runner. Pure. */
export function unusedRequests(mode: ResourceMode, steps: readonly PipelineStep[]): readonly string[] {
  const [first, ...others] = steps.filter(
    ({ requests }) => mode === 'split' && (requests.cpuMillicores > 0 || requests.memoryBytes > 0),
  );
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return [
    `${stepTitle(first)}${more}: resources.requests has no effect, because the request of the Pod is divided among its containers; set the annotation ${ANNOTATION} to steps or peak, or requests of the pipeline`,
  ];
}

/** The requests of one step, with the limits of its container. */
export interface OwnDemand {
  readonly step: PipelineStep;
  /** The smaller of the step's limits and the operator's; 0 = none. */
  readonly limits: Amount;
}

const FIELD = { cpuMillicores: 'cpu', memoryBytes: 'memory' } as const;

/** Authors see their own contradiction; a limit of the operator lowers the request without one. */
function checkOrder(step: PipelineStep, kind: keyof Amount): void {
  if (step.limits[kind] <= 0 || step.requests[kind] <= step.limits[kind]) return;
  const field = FIELD[kind];
  refuse(
    'invalid-pipeline',
    `${stepTitle(step)}, resources: the request of ${field} exceeds its limit`,
    stepField(step, 'resources', 'requests', field),
  );
}

/** One kind of resource: own requests first; what they leave of the Pod's amount is split evenly over the other containers. */
function requestsOf(
  kind: keyof Amount,
  pod: number,
  demands: readonly OwnDemand[],
  minimum: number,
): readonly number[] {
  const own = demands.map(({ step }) => Math.max(step.requests[kind], 0));
  const others = own.filter((request) => request === 0).length;
  const rest = Math.max(pod - own.reduce((sum, request) => sum + request, 0), 0);
  const parts = others === 0 ? [] : [...splitEvenly(rest, others, unitOf(kind))];
  return demands.map(({ limits }, index) => {
    const request = own[index] || (parts.shift() ?? 0);
    const raised = Math.max(request, minimum);
    return limits[kind] > 0 ? Math.min(raised, limits[kind]) : raised;
  });
}

/**
 * The mode `steps`: each container requests what its step sets. Where it sets none, it gets an equal part of what these leave of the Pod's
 * amount. None requests less than the minimum, nor more than its limit. Pure.
 *
 * @throws {PipelineError} for a step that requests more than its own limit
 */
export function ownResources(
  pod: Amount,
  demands: readonly OwnDemand[],
  minimum: Amount,
): readonly ContainerResources[] {
  each(demands, ({ step }) =>
    checkAll(
      () => checkOrder(step, 'cpuMillicores'),
      () => checkOrder(step, 'memoryBytes'),
    ),
  );
  const cpu = requestsOf('cpuMillicores', pod.cpuMillicores, demands, minimum.cpuMillicores);
  const memory = requestsOf('memoryBytes', pod.memoryBytes, demands, minimum.memoryBytes);
  return demands.map(({ limits }, index) => ({
    requests: { cpuMillicores: cpu[index] ?? 0, memoryBytes: memory[index] ?? 0 },
    limits,
  }));
}
