import { doublestarMatch } from '../parse/doublestar.ts';
import { familiarName, parseReference } from '../pipeline/image-reference.ts';
import type { PipelineStep } from '../pipeline/pipeline.ts';
import type { Names } from '../restrict/restrictions.ts';

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

/** Whether and why a step runs privileged; `withheld`: its image would, but a rule does not allow it. */
export type Privilege = 'by-setting' | 'by-image' | 'withheld' | 'none';

/** An entry with a tag or a digest is that version only; a digest wins over a tag, as in a container runtime. */
function isListed(entry: string, image: string): boolean {
  const listed = parseReference(entry);
  if (listed === undefined) return doublestarMatch(entry, familiarName(image));
  if (familiarName(entry) !== familiarName(image)) return false;
  const given = parseReference(image);
  if (listed.digest !== '') return given?.digest === listed.digest;
  return listed.tag === '' || (given?.digest === '' && (given.tag || 'latest') === listed.tag);
}

/**
 * Whether a step runs privileged: by its own setting (the linter allows only trusted repositories), or as a known plugin image without
 * changes (previous-runner §4.14) that the rule for privileged images allows.
 */
export function privilegeOf(
  step: PipelineStep,
  privilegedImages: readonly string[],
  allowed: Names,
): Privilege {
  if (step.privileged) return 'by-setting';
  if (!isUntouched(step)) return 'none';
  const name = familiarName(step.image);
  const isKnown = [...BUILT_IN, ...privilegedImages].some((image) => familiarName(image) === name);
  if (allowed === 'any') return isKnown ? 'by-image' : 'none';
  if (allowed.some((entry) => isListed(entry, step.image))) return 'by-image';
  return isKnown ? 'withheld' : 'none';
}
