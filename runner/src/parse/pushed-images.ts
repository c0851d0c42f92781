import { familiarName, parseReference } from '../pipeline/image-reference.ts';
import type { PipelineStep } from '../pipeline/pipeline.ts';

/** Settings of the common plugins that build images, with the names of what they push. */
const NAMES = ['PLUGIN_REPO', 'PLUGIN_DESTINATION', 'PLUGIN_DESTINATIONS'];
/** More names of one step are not looked at, so that a long list costs no time. */
const MOST_NAMES = 100;
/** No longer name is looked at: registries accept 255 characters. */
const LONGEST_NAME = 300;

function textOf({ settings }: PipelineStep, name: string): string {
  const value = settings[name];
  return value?.kind === 'text' ? value.text : '';
}

/** Plugins take the registry as a part of the name or as a setting of its own. */
function pushedBySettings(step: PipelineStep): readonly string[] {
  const registry = textOf(step, 'PLUGIN_REGISTRY').replace(/^https?:\/\//, '');
  const names = NAMES.flatMap((name) => textOf(step, name).split(',', MOST_NAMES)).map((name) => name.trim());
  return names.flatMap((name) => [name, ...(registry === '' ? [] : [`${registry}/${name}`])]);
}

/** `docker push`, `buildx build --push`, `kaniko --destination` and their like. */
const PUSHES = /\bpush\b|--destination\b/;
const WORDS = /[\w.:/@${}-]+/g;
/** A tag, often a variable of the shell, and the transport that some programs want before the name. */
const TRANSPORT_OR_TAG = /^docker:\/\/|[:@][^/]*$/g;

/** Names in commands that push. Only those with a slash: another word is seldom an image. */
function pushedByCommands({ commands }: PipelineStep): readonly string[] {
  const words = commands.filter((one) => PUSHES.test(one)).flatMap((one) => one.match(WORDS) ?? []);
  const paths = words.filter((word) => word.includes('/') && word.length <= LONGEST_NAME);
  return [...new Set(paths)].slice(0, MOST_NAMES).map((path) => path.replace(TRANSPORT_OR_TAG, ''));
}

/** What a step pushes, as its settings and commands show, without tags. */
const pushedBy = (step: PipelineStep): readonly string[] =>
  [...pushedBySettings(step), ...pushedByCommands(step)]
    .filter((name) => parseReference(name) !== undefined)
    .map(familiarName);

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
