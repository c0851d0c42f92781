import { type ConditionFacts, matchesConditions, runPolicyOf } from '../parse/conditions.ts';
import type { GlobMatcher } from '../parse/glob-matcher.ts';
import { pushedImages } from '../parse/pushed-images.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { expandImage, parseReference } from '../pipeline/image-reference.ts';
import type { Amount, Pipeline } from '../pipeline/pipeline.ts';
import type { Rules } from '../restrict/restrictions.ts';
import { RULES } from '../restrict/rule-table.ts';
import { cacheSteps, mountedCaches, withCacheSteps } from './cache-steps.ts';
import { cloneCredentials } from './clone-credentials.ts';
import { cloneStep } from './clone-step.ts';
import { decideStart } from './engine.ts';
import { type Candidate, isAuthors, type OrderedStep, orderSteps } from './order-steps.ts';
import { ownResources, resourceMode, unusedRequests } from './own-requests.ts';
import { peakOf } from './peak.ts';
import type { PlannedContainer } from './planned-container.ts';
import { checkStepCount } from './pod-size.ts';
import { type Privilege, privilegeOf } from './privileged.ts';
import { each, refuse, stepField, stepTitle } from './refuse.ts';
import {
  type ContainerResources,
  firstSaid,
  peakResources,
  splitResources,
  stepLimits,
} from './resources.ts';
import { usableRunFields } from './run-fields.ts';
import { stepScript } from './script.ts';
import type { CompileSettings, Policy, Prepared } from './settings.ts';
import { stepEnvironment } from './step-environment.ts';
import { usableVariables } from './usable-variables.ts';

/** Inputs of the planning of steps. */
export interface PlanSources {
  readonly pipeline: Pipeline;
  readonly detail: StageDetail;
  readonly prepared: Prepared;
  readonly settings: CompileSettings;
  readonly policy: Policy | undefined;
  readonly facts: ConditionFacts;
  readonly globs: GlobMatcher;
  /** What this build may choose. */
  readonly rules: Rules;
}

/** The planned steps, and warnings for their authors. */
export interface PlannedContainers {
  readonly steps: readonly PlannedContainer[];
  /** Names of the caches that they mount. */
  readonly caches: readonly string[];
  readonly warnings: readonly string[];
}

/** The values that conditions are matched against, for one build (previous-runner §3.8.2). */
export function factsOf({ build, repo, system }: StageDetail): ConditionFacts {
  return {
    action: build.action,
    branch: build.target,
    cron: build.cron,
    event: build.event,
    instance: system.host,
    ref: build.ref,
    repo: repo.slug,
    target: build.deployTo,
  };
}

/** Whether failing steps of this stage open a terminal session (previous-runner §4.15). */
export const hasTmate = ({ tmate }: CompileSettings, { build }: StageDetail): boolean =>
  tmate.enabled && build.debug;

/** Clone, services, steps: the order of the containers (previous-runner §4.5). */
function candidates({ pipeline, settings, facts, globs }: PlanSources): readonly Candidate[] {
  const canRun = (step: PipelineStepLike): boolean => matchesConditions(step.when, facts, globs);
  return [
    ...(pipeline.clone.disable
      ? []
      : [{ step: cloneStep(pipeline, settings), origin: 'clone' as const, canRun: true }]),
    ...pipeline.services.map((step) => ({ step, origin: 'service' as const, canRun: canRun(step) })),
    ...pipeline.steps.map((step) => ({ step, origin: 'step' as const, canRun: canRun(step) })),
  ];
}

type PipelineStepLike = Pipeline['steps'][number];

/** The author's images in full form; those of the operator unchanged (previous-runner §4.4). */
function imageOf({ step, origin }: OrderedStep): string {
  const image = step.image.trim();
  if (!isAuthors(origin)) return image;
  if (parseReference(image) !== undefined) return expandImage(image);
  return refuse(
    'invalid-image',
    `${stepTitle(step)}: ${JSON.stringify(step.image)} is not a valid image name; write it as in "golang:1.25" or "registry.example.com/team/tool:1", in lower case`,
    stepField(step, 'image'),
  );
}

const withheldWarning = (step: PipelineStepLike, privilege: Privilege): readonly string[] =>
  privilege === 'withheld'
    ? [
        `${stepTitle(step)}: ${RULES.privilegedImages.setting} does not allow image ${JSON.stringify(step.image)} to run privileged in this build`,
      ]
    : [];

type Undivided = Omit<PlannedContainer, 'resources'>;

function planStep(
  ordered: OrderedStep,
  sources: PlanSources,
  pushed: ReadonlySet<PipelineStepLike>,
): { readonly planned: Undivided; readonly warnings: readonly string[] } {
  const { step, origin, role } = ordered;
  const { prepared, settings, detail, globs, rules } = sources;
  const image = imageOf(ordered);
  const isPushed = pushed.has(step);
  // An image that an earlier step pushes may have another command by then.
  const config = isPushed ? undefined : prepared.images[expandImage(image)];
  const debug = hasTmate(settings, detail);
  const start = decideStart({
    ...{ step, role, config, isPushed },
    script: (commands) => stepScript(commands, { debug }),
  });
  const run = usableRunFields({ step, start, isImageKnown: config !== undefined });
  const credentials = cloneCredentials(ordered, sources);
  const { secrets, missingSecrets } = prepared;
  const own = stepEnvironment({ step, origin, secrets, missingSecrets, netrc: credentials.netrc });
  const plain = usableVariables(own.plain, start.engine, stepTitle(step));
  const secret = usableVariables(own.secret, start.engine, stepTitle(step));
  const privilege = !isAuthors(origin)
    ? 'none'
    : privilegeOf(step, settings.privilegedImages, rules.privilegedImages);
  const masked = prepared.environment.filter(({ mask }) => mask).map(({ value }) => value);
  return {
    planned: {
      ...ordered,
      image,
      start,
      runFields: run.fields,
      runs: origin === 'clone' ? 'always' : runPolicyOf(step.when, globs),
      fails: step.failure,
      privileged: privilege === 'by-setting' || privilege === 'by-image',
      plain: plain.variables,
      secret: secret.variables,
      masks: [...new Set([...own.masks, ...masked])].filter((value) => value !== ''),
      notes: own.warnings,
    },
    warnings: [
      ...credentials.warnings,
      ...plain.warnings,
      ...secret.warnings,
      ...run.warnings,
      ...withheldWarning(step, privilege),
    ],
  };
}

/** Requests and limits of each container (previous-runner §4.18; gate §6 for the other modes). */
function divideResources(steps: readonly Undivided[], sources: PlanSources): readonly ContainerResources[] {
  const { pipeline, settings, policy } = sources;
  const pod = firstSaid([policy?.requests, pipeline.requests, settings.requests]);
  const global = firstSaid([policy?.limits, settings.limits]);
  const limits = steps.map(({ step }) => stepLimits(step.limits, global));
  const nothing = { cpuMillicores: 0, memoryBytes: 0 };
  const mode = resourceMode(pipeline, settings);
  if (mode === 'split') return splitResources(pod, limits, settings.minRequests);
  if (mode === 'steps') {
    const own = steps.map(({ step }, index) => ({ step, limits: limits[index] ?? nothing }));
    return ownResources(pod, own, settings.minRequests);
  }
  const weights = (kind: keyof Amount): readonly number[] =>
    steps.map(({ step }, index) => {
      const wanted = Math.max(step.requests[kind], settings.minRequests[kind]);
      const limit = limits[index]?.[kind] ?? 0;
      return limit > 0 ? Math.min(wanted, limit) : wanted;
    });
  const peak = {
    cpuMillicores: Math.max(pod.cpuMillicores, peakOf(steps, weights('cpuMillicores'))),
    memoryBytes: Math.max(pod.memoryBytes, peakOf(steps, weights('memoryBytes'))),
  };
  const demands = steps.map(({ step }, index) => ({
    requests: step.requests,
    limits: limits[index] ?? nothing,
  }));
  return peakResources(peak, demands, settings.minRequests);
}

/** Plans every step that can run. Throws PipelineError if the pipeline can't be run as written. */
export function planContainers(sources: PlanSources): PlannedContainers {
  const all = candidates(sources);
  const runnable = all.filter(({ canRun }) => canRun).map(({ step }) => step);
  const caches = mountedCaches(sources.pipeline, runnable);
  const own = cacheSteps(caches, sources);
  const ordered = withCacheSteps(orderSteps(all), caches, own);
  checkStepCount(ordered.length);
  const pushed = new Set(pushedImages(sources.pipeline.steps).map(({ step }) => step));
  const drafts = each(ordered, (one) => planStep(one, sources, pushed));
  const undivided = drafts.map(({ planned }) => planned);
  const resources = divideResources(undivided, sources);
  const nothing = {
    requests: { cpuMillicores: 0, memoryBytes: 0 },
    limits: { cpuMillicores: 0, memoryBytes: 0 },
  };
  return {
    steps: undivided.map((planned, index) => ({ ...planned, resources: resources[index] ?? nothing })),
    caches,
    warnings: [
      ...own.warnings,
      ...unusedRequests(resourceMode(sources.pipeline, sources.settings), runnable),
      ...drafts.flatMap(({ warnings }) => warnings),
    ],
  };
}
