import { ANNOTATION, PLAN_KEY } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { PlannedStep, RunPlan } from '../pipeline/run-plan.ts';
import type { PlannedContainer } from './planned-container.ts';
import { refuse } from './refuse.ts';
import type { RunFields } from './run-fields.ts';
import type { SecretEntry } from './secret-files.ts';
import { isBuildFailed } from './stage-environment.ts';

/** Kubernetes takes 256 KiB of annotations; the rest is for what is added later: step ids, owner, results of swapped steps. */
const LARGEST_BYTES = 192 * 1024;

/** What the plan needs besides the steps. */
interface PlanFrame {
  readonly pipeline: Pick<Pipeline, 'parallelism'>;
  readonly nonce: string;
  /** How long the container of a failed step stays; 0: it does not. */
  readonly keepFailedMs: number;
}

/** What is said once and for all about a run (pipeline/run-plan.ts). */
export function runPlan(
  steps: readonly PlannedContainer[],
  detail: StageDetail,
  { pipeline, nonce, keepFailedMs }: PlanFrame,
): RunPlan {
  return {
    version: 1,
    nonce,
    steps: steps.map(({ n, step, image, role, start, after, dependsOn, runs, fails, runFields }) => ({
      n,
      name: step.name,
      image,
      role,
      engine: start.engine,
      after,
      dependsOn,
      runs,
      fails,
      pid1: start.pid1,
      ...limitsOf(runFields),
    })),
    timeoutMs: timeoutMs(detail),
    repoSlug: detail.repo.slug,
    buildNumber: detail.build.number,
    buildEvent: detail.build.event,
    ...(pipeline.parallelism === undefined ? {} : { parallelism: pipeline.parallelism }),
    ...(keepFailedMs > 0 ? { keepFailedMs } : {}),
    ...(isBuildFailed(detail) ? { buildFailed: true } : {}),
  };
}

const limitsOf = ({ timeoutMs, ready }: RunFields): Pick<PlannedStep, 'timeoutMs' | 'readyMs'> => ({
  ...(timeoutMs === undefined ? {} : { timeoutMs }),
  ...(ready === undefined ? {} : { readyMs: ready.timeoutMs }),
});

/** The repository's limit of a whole stage; an hour when the server gives none. */
export const timeoutMs = ({ repo }: StageDetail): number =>
  (repo.timeoutMinutes > 0 ? repo.timeoutMinutes : 60) * 60_000;

const sizeOf = (words: Readonly<Record<string, string>>): number =>
  Object.entries(words).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );

/** Our annotations, and the plan as an entry of the Secret when it does not fit among them. */
export interface PlanPlace {
  readonly annotations: Record<string, string>;
  readonly entry: SecretEntry | undefined;
}

/** The real image of each swapped container, for whoever swaps it. */
function imageAnnotations(steps: readonly PlannedContainer[]): Record<string, string> {
  const swapped = steps.filter(({ start }) => start.engine === 'swap');
  return Object.fromEntries(swapped.map(({ n, image }) => [`${ANNOTATION.imagePrefix}${n}`, image]));
}

/** From what a Pod's annotations are made. */
export interface AnnotationParts {
  readonly given: Readonly<Record<string, string>>;
  readonly detail: StageDetail;
  readonly plan: RunPlan;
  readonly steps: readonly PlannedContainer[];
}

/**
 * Puts stage and plan on the Pod, so that any replica can go on from there. A plan that is too large goes to the first Secret
 * (it is called like the Pod) under `plan.json`, and there is no annotation for it. Throws PipelineError when the author's own annotations
 * leave no room.
 */
export function placePlan({ given, detail, plan, steps }: AnnotationParts): PlanPlace {
  const stage = JSON.stringify({ ...detail.stage, steps: [] });
  const base = { ...given, [ANNOTATION.stage]: stage, ...imageAnnotations(steps) };
  const content = JSON.stringify(plan);
  const room = LARGEST_BYTES - sizeOf(base);
  if (Buffer.byteLength(content) <= room)
    return { annotations: { ...base, [ANNOTATION.plan]: content }, entry: undefined };
  if (room < 0)
    refuse(
      'pipeline-too-large',
      `the Pod's annotations would have over ${LARGEST_BYTES} bytes; shorten metadata.annotations`,
      ['metadata', 'annotations'],
    );
  return { annotations: base, entry: { key: PLAN_KEY, path: undefined, content } };
}
