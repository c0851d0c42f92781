import type { Pipeline, PipelineStep } from '../pipeline/pipeline.ts';
import type { Start } from './engine.ts';
import { stepTitle } from './refuse.ts';

/** How the gate runs the program of a step; absent fields have no effect. */
export type RunFields = Pick<PipelineStep, 'timeoutMs' | 'retry' | 'ready'>;

/** The fields that have an effect, and warnings for those that the container's start rules out. */
export interface UsableRunFields {
  readonly fields: RunFields;
  readonly warnings: readonly string[];
}

/** Inputs of {@link usableRunFields}. */
export interface RunFieldSources {
  readonly step: PipelineStep;
  readonly start: Start;
  /** Whether the metadata of the step's image was read. */
  readonly isImageKnown: boolean;
}

/** The gate carries these fields out: a container without one, or whose program replaces it, can't have them. Pure. */
export function usableRunFields({ step, start, isImageKnown }: RunFieldSources): UsableRunFields {
  const { timeoutMs, retry, ready } = step;
  const fields = {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retry === undefined ? {} : { retry }),
    ...(ready === undefined ? {} : { ready }),
  };
  const names = Object.keys(fields).map((key) => (key === 'timeoutMs' ? 'timeout' : key));
  const reason = names.length === 0 ? undefined : obstacle(step, start, isImageKnown);
  if (reason === undefined) return { fields, warnings: [] };
  const verb = names.length === 1 ? 'is' : 'are';
  return {
    fields: {},
    warnings: [`${stepTitle(step)}: ${names.join(' and ')} ${verb} ignored, because ${reason}`],
  };
}

/** Warnings about steps that do not count for `parallelism`: the runner starts them, not a gate. Pure. */
export function uncountedSteps(
  { parallelism }: Pick<Pipeline, 'parallelism'>,
  steps: readonly { readonly step: PipelineStep; readonly role: string; readonly start: Start }[],
): readonly string[] {
  if (parallelism === undefined) return [];
  const swapped = steps.filter(({ role, start }) => role === 'step' && start.engine === 'swap');
  return swapped.map(({ step, start }) => {
    const remedy = start.isPushed
      ? `an earlier step pushes its image ${JSON.stringify(step.image)}. If it must count, move it to a pipeline of its own that depends on this one`
      : `set commands or entrypoint, or give the runner access to the registry of image ${JSON.stringify(step.image)}`;
    return `${stepTitle(step)} does not count for parallelism: ${remedy}`;
  });
}

function obstacle(step: PipelineStep, start: Start, isImageKnown: boolean): string | undefined {
  const image = JSON.stringify(step.image);
  const processOne = `the program of image ${image} must be process 1 of its container`;
  if (start.engine === 'gate')
    return start.pid1 ? `${processOne}: wait for it in the first step that needs it` : undefined;
  if (start.isPushed)
    return `an earlier step pushes image ${image}, which is set in the container when it is the turn of the step: move the step to a pipeline of its own that depends on this one`;
  if (isImageKnown) return `${processOne}: use commands or another entrypoint`;
  return `the command line of image ${image} is unknown: set commands or entrypoint, or give the runner access to the image's registry`;
}
