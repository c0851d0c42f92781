import type { PipelineStep } from '../pipeline/pipeline.ts';
import { familiarName } from './image-reference.ts';

const BUILT_IN = ['plugins/docker', 'plugins/acr', 'plugins/ecr', 'plugins/gcr', 'plugins/heroku'];
/** Variables by which an author could make a privileged plugin run something else. */
const TAMPERING = ['XDG_RUNTIME_DIR', 'DOCKER_OPTS', 'DOCKER_HOST', 'PATH', 'HOME'];

function isUntouched(step: PipelineStep): boolean {
  return (
    step.commands.length === 0 &&
    step.command.length === 0 &&
    step.entrypoint.length === 0 &&
    step.volumes.length === 0 &&
    !TAMPERING.some((name) => Object.hasOwn(step.environment, name))
  );
}

/**
 * Whether a step runs privileged: by its own setting (the linter allows only trusted repositories), or as a known plugin image without
 * changes (previous-runner §4.14).
 */
export function isPrivileged(step: PipelineStep, privilegedImages: readonly string[]): boolean {
  if (step.privileged) return true;
  const name = familiarName(step.image);
  return (
    [...BUILT_IN, ...privilegedImages].some((image) => familiarName(image) === name) && isUntouched(step)
  );
}
