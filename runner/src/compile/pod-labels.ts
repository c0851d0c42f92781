import { createHash } from 'node:crypto';
import { LABEL } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { byAuthor, byOperator, byPolicy, checkedLabels } from './checked-words.ts';
import { slug } from './kubernetes-names.ts';
import type { CompileSettings, Policy } from './settings.ts';

type Words = Readonly<Record<string, string>>;

const HASH_CHARS = 12;

/** Key prefix that is reserved for the runner's own data. */
export const OUR_PREFIX = 'hangar.dev/';

/** Keys that authors and policies may set: all except the reserved ones. */
export const withoutOurs = (words: Words): Words =>
  Object.fromEntries(Object.entries(words).filter(([key]) => !key.startsWith(OUR_PREFIX)));

/** A label value made of a name. One of other letters than a to z is known by its hash, so that it differs from all others. */
const nameLabel = (name: string): string =>
  slug(name) || (name.trim() && createHash('sha256').update(name).digest('hex').slice(0, HASH_CHARS));

/** Labels that the runner and its operators' tools select by; they can't be overridden (known issue 68). */
function runnerLabels({ repo, build, stage }: StageDetail, podName: string): Words {
  return {
    'io.drone': 'true',
    'io.drone.name': podName,
    'io.drone.repo.namespace': nameLabel(repo.namespace),
    'io.drone.repo.name': nameLabel(repo.name),
    'io.drone.build.event': slug(build.event),
    'io.drone.build.number': String(build.number),
    [LABEL.managedBy]: LABEL.managedByValue,
    [LABEL.stageId]: String(stage.id),
    [LABEL.buildId]: String(build.id),
  };
}

/** Inputs of a Pod's labels. */
export interface LabelSources {
  readonly pipeline: Pipeline;
  readonly detail: StageDetail;
  readonly settings: CompileSettings;
  readonly policy: Policy | undefined;
  readonly podName: string;
}

/** Defaults, then the pipeline's, then the policy's, then the runner's own (previous-runner §4.13, §4.15). */
export function podLabels({
  pipeline,
  detail,
  settings,
  policy,
  podName,
}: LabelSources): Record<string, string> {
  const { arch } = pipeline.platform;
  return {
    ...checkedLabels(withoutOurs(settings.defaultLabels), byOperator('DRONE_LABELS_DEFAULT')),
    ...checkedLabels(withoutOurs(pipeline.metadata.labels), byAuthor('metadata.labels')),
    ...checkedLabels(withoutOurs(policy?.labels ?? {}), byPolicy(policy, 'labels')),
    ...runnerLabels(detail, podName),
    ...(arch === 'arm' || arch === 'arm64' ? { 'kubernetes.io/arch': arch } : {}),
  };
}
