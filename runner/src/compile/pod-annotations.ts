import type { StageDetail } from '../pipeline/drone.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { byAuthor, byOperator, byPolicy, checkedKeys } from './checked-words.ts';
import { withoutOurs } from './pod-labels.ts';
import type { CompileSettings, Policy } from './settings.ts';

type Words = Readonly<Record<string, string>>;

const HOUR_MS = 3_600_000;

/** Milliseconds as Go prints a duration of whole seconds: `1h0m0s`. */
export function goDuration(durationMs: number): string {
  const total = Math.floor(durationMs / 1000);
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = total % 60;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

/** What the old runner wrote on its Pods, and plugins find in `/run/drone/env` (previous-runner §4.15, §5.4). */
export function droneAnnotations(
  { repo, build, stage, system }: StageDetail,
  timeoutMs: number,
  nowMs: number,
): Words {
  return {
    'io.drone': 'true',
    'io.drone.repo.namespace': repo.namespace,
    'io.drone.repo.name': repo.name,
    'io.drone.repo.slug': repo.slug,
    'io.drone.build.number': String(build.number),
    'io.drone.stage.name': stage.name,
    'io.drone.stage.number': String(stage.number),
    'io.drone.protected': 'false',
    'io.drone.system.host': system.host,
    'io.drone.system.proto': system.proto,
    'io.drone.system.version': system.version,
    'io.drone.ttl': goDuration(timeoutMs),
    'io.drone.expires': String(Math.floor((nowMs + timeoutMs + HOUR_MS) / 1000)),
    'io.drone.created': String(Math.floor(nowMs / 1000)),
  };
}

/** Node autoscalers leave a node alone while a build runs on it. */
const SHIELDS: Words = {
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  'karpenter.sh/do-not-disrupt': 'true',
};

/** From what the annotations are made that are not ours. */
export interface AnnotationSources {
  readonly pipeline: Pipeline;
  readonly settings: CompileSettings;
  readonly policy: Policy | undefined;
  readonly drone: Words;
}

/** Shields and defaults, the old runner's, the pipeline's, the policy's; later wins (previous-runner §4.13, §4.15). */
export function givenAnnotations({ pipeline, settings, policy, drone }: AnnotationSources): Words {
  return {
    ...SHIELDS,
    ...checkedKeys(withoutOurs(settings.defaultAnnotations), byOperator('DRONE_ANNOTATIONS_DEFAULT')),
    ...drone,
    ...checkedKeys(withoutOurs(pipeline.metadata.annotations), byAuthor('metadata.annotations')),
    ...checkedKeys(withoutOurs(policy?.annotations ?? {}), byPolicy(policy, 'annotations')),
  };
}
