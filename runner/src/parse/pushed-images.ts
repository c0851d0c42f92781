import { familiarName, parseReference } from '../pipeline/image-reference.ts';
import type { PipelineStep } from '../pipeline/pipeline.ts';

/** Settings of the common plugins that build images, with the names of what they push. */
const NAMES = ['PLUGIN_REPO', 'PLUGIN_DESTINATION', 'PLUGIN_DESTINATIONS'];
/** More names of one step are not looked at, so that a long list costs no time. */
const MOST_NAMES = 100;

function textOf({ settings }: PipelineStep, name: string): string {
  const value = settings[name];
  return value?.kind === 'text' ? value.text : '';
}

/** What a step pushes, by its settings, without tags. Plugins take the registry as a part of the name or as a setting of its own. */
function pushedBy(step: PipelineStep): readonly string[] {
  const registry = textOf(step, 'PLUGIN_REGISTRY').replace(/^https?:\/\//, '');
  const names = NAMES.flatMap((name) => textOf(step, name).split(',', MOST_NAMES))
    .map((name) => name.trim())
    .filter((name) => parseReference(name) !== undefined);
  return names
    .flatMap((name) => [name, ...(registry === '' ? [] : [`${registry}/${name}`])])
    .map(familiarName);
}

/** Whether the step runs the command of its image: a plugin, mostly. */
export const runsItsImage = ({ commands, entrypoint }: PipelineStep): boolean =>
  commands.length === 0 && entrypoint.length === 0;

/** A step that runs an image which an earlier step of the same pipeline pushes. */
export interface PushedImage {
  readonly step: PipelineStep;
  readonly by: PipelineStep;
}

/** The steps whose images are pushed by earlier ones. Pure. */
export function pushedImages(steps: readonly PipelineStep[]): readonly PushedImage[] {
  const pushers = new Map<string, PipelineStep>();
  const found: PushedImage[] = [];
  for (const step of steps) {
    const by = step.image === '' ? undefined : pushers.get(familiarName(step.image));
    if (by !== undefined) found.push({ step, by });
    for (const name of pushedBy(step)) if (!pushers.has(name)) pushers.set(name, step);
  }
  return found;
}
