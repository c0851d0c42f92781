import { LABEL } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { isLabelValue, isQualifiedName, slug } from './kubernetes-names.ts';
import { refuse } from './refuse.ts';
import type { CompileSettings, Policy } from './settings.ts';

type Words = Readonly<Record<string, string>>;

/** Keys under which we keep what we know about a Pod; nobody else may write there. */
export const OUR_PREFIX = 'hangar.dev/';

/** Keys that authors and policies may set: all but ours. */
export const withoutOurs = (words: Words): Words =>
  Object.fromEntries(Object.entries(words).filter(([key]) => !key.startsWith(OUR_PREFIX)));

/** Ends with a clear text where Kubernetes would refuse the Pod for a key (weakness 46). */
export function checkKeys(words: Words, what: 'label' | 'annotation'): Words {
  const odd = Object.keys(words).find((key) => !isQualifiedName(key));
  if (odd === undefined) return words;
  return refuse(
    'invalid-pipeline',
    `${what} ${JSON.stringify(odd)}: the key must be at most 63 letters, digits, "-", "_" or ".", if need be behind a domain and "/"`,
  );
}

function checkValues(labels: Words): Words {
  const odd = Object.entries(labels).find(([, value]) => !isLabelValue(value));
  if (odd === undefined) return labels;
  return refuse(
    'invalid-pipeline',
    `label ${odd[0]}: ${JSON.stringify(odd[1])} must be at most 63 letters, digits, "-", "_" or ".", beginning and ending with a letter or digit`,
  );
}

/** Labels that the runner itself and its operators' tools select by; nobody overwrites them (weakness 68). */
function runnerLabels({ repo, build, stage }: StageDetail, podName: string): Words {
  return {
    'io.drone': 'true',
    'io.drone.name': podName,
    'io.drone.repo.namespace': slug(repo.namespace),
    'io.drone.repo.name': slug(repo.name),
    'io.drone.build.event': slug(build.event),
    'io.drone.build.number': String(build.number),
    [LABEL.managedBy]: LABEL.managedByValue,
    [LABEL.stageId]: String(stage.id),
    [LABEL.buildId]: String(build.id),
  };
}

/** From what a Pod's labels are made. */
export interface LabelSources {
  readonly pipeline: Pipeline;
  readonly detail: StageDetail;
  readonly settings: CompileSettings;
  readonly policy: Policy | undefined;
  readonly podName: string;
}

/** Defaults, then the pipeline's, then the policy's, then the runner's own (runner-spec §4.13, §4.15). */
export function podLabels({
  pipeline,
  detail,
  settings,
  policy,
  podName,
}: LabelSources): Record<string, string> {
  const { arch } = pipeline.platform;
  const given = { ...settings.defaultLabels, ...pipeline.metadata.labels, ...policy?.labels };
  return {
    ...checkValues(checkKeys(withoutOurs(given), 'label')),
    ...runnerLabels(detail, podName),
    ...(arch === 'arm' || arch === 'arm64' ? { 'kubernetes.io/arch': arch } : {}),
  };
}
