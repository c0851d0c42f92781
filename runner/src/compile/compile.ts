import type { V1Pod } from '@kubernetes/client-node';
import { matchesConditions } from '../parse/conditions.ts';
import { GlobMatcher } from '../parse/glob-matcher.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { shortLines } from '../pipeline/short-text.ts';
import { type Rules, rulesFor } from '../restrict/restrictions.ts';
import { type TrustLevel, trustLevelOf } from '../restrict/trust-level.ts';
import { checkChoices } from './check-choices.ts';
import { commonEnvironment } from './common-environment.ts';
import type { ContainerSources } from './container.ts';
import { keepFailed } from './keep-failed.ts';
import type { MountContext } from './mounts.ts';
import { hideOperators } from './operator-environment.ts';
import { placePlan, runPlan, timeoutMs } from './plan-annotations.ts';
import { factsOf, hasTmate, planContainers } from './plan-containers.ts';
import type { PlannedContainer } from './planned-container.ts';
import { buildPod } from './pod.ts';
import { droneAnnotations, givenAnnotations } from './pod-annotations.ts';
import { podLabels } from './pod-labels.ts';
import { checkPodSize } from './pod-size.ts';
import { choosePolicy, decidePlace, type PodNamespace } from './policy.ts';
import { pullSecret } from './pull-secret.ts';
import { refuse } from './refuse.ts';
import { uncountedSteps } from './run-fields.ts';
import { filesVolume, type PackedSecret, packSecrets, toSecret } from './secret-files.ts';
import type { CompileSettings, Policy, Prepared } from './settings.ts';
import { checkPodEstimate, checkSecretsEstimate } from './size-estimate.ts';
import { masksByStep, stageEntries } from './stage-files.ts';
import { usableVariables } from './usable-variables.ts';
import { type NamedVolumes, namedVolumes, VOLUME } from './volumes.ts';
import { workspacePath } from './workspace.ts';

/** All inputs of the compiler; it makes no requests. */
export interface CompileInput {
  readonly pipeline: Pipeline;
  readonly detail: StageDetail;
  readonly prepared: Prepared;
  readonly settings: CompileSettings;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** A random name: `drone-` and 20 of a-z and 0-9. */
  readonly name: () => string;
  /** Part of the marks in the gates' output. */
  readonly nonce: string;
}

/** Decisions that all later ones depend on. */
interface Frame extends CompileInput, PodNamespace {
  readonly globs: GlobMatcher;
  readonly policy: Policy | undefined;
  readonly level: TrustLevel;
  readonly rules: Rules;
  readonly podName: string;
  readonly workspace: string;
  readonly labels: Record<string, string>;
  readonly drone: Readonly<Record<string, string>>;
  readonly named: NamedVolumes;
  /** How long the container of a failed step stays; 0: it does not. */
  readonly keepFailedMs: number;
}

function decideFrame(input: CompileInput, keepFailedMs: number): Frame {
  const { pipeline, detail, settings, name, nowMs } = input;
  const facts = factsOf(detail);
  const globs = new GlobMatcher();
  const policy = choosePolicy(settings.policies, (match) => matchesConditions(match, facts, globs));
  const podName = name();
  const level = trustLevelOf(detail);
  const rules = rulesFor(settings.restrictions, level, detail.repo.slug);
  return {
    ...input,
    ...decidePlace(pipeline, settings, policy, name),
    globs,
    policy,
    level,
    rules,
    podName,
    workspace: workspacePath(pipeline.workspacePath),
    labels: podLabels({ pipeline, detail, settings, policy, podName }),
    drone: droneAnnotations(detail, timeoutMs(detail), nowMs),
    named: namedVolumes(pipeline, settings, rules.volumeSize),
    keepFailedMs,
  };
}

function refuseWindows({ platform }: Pipeline): void {
  if (platform.os.toLowerCase() === 'windows') {
    refuse(
      'unsupported-platform',
      'platform.os is windows, which this runner does not support; use a runner for Windows, or set platform.os to linux',
      ['platform', 'os'],
    );
  }
}

const isSwapped = ({ start }: PlannedContainer): boolean => start.engine === 'swap';

/** The environment that all steps share. */
interface Shared {
  readonly gate: ReadonlyMap<string, string>;
  /** Without variables whose names are only allowed in files. */
  readonly swap: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

function sharedEnvironment(frame: Frame, steps: readonly PlannedContainer[]): Shared {
  const all = commonEnvironment({ ...frame, workspaceVolume: VOLUME.workspace });
  const gate = usableVariables(all, 'gate', 'the stage');
  const swap = usableVariables(gate.variables, 'swap', 'steps with swapped images');
  const swapWarnings = steps.some(isSwapped) ? swap.warnings : [];
  return { gate: gate.variables, swap: swap.variables, warnings: [...gate.warnings, ...swapWarnings] };
}

/** The stage's Secrets, and where the plan is stored: in one of them or on the Pod. */
interface Stored {
  readonly packed: readonly PackedSecret[];
  readonly annotations: Record<string, string>;
}

function store(
  frame: Frame,
  steps: readonly PlannedContainer[],
  plan: RunPlan,
  common: ReadonlyMap<string, string>,
): Stored {
  const { pipeline, detail, nonce, nowMs, settings, drone, keepFailedMs } = frame;
  const given = givenAnnotations({ ...frame, drone });
  const { annotations, entry } = placePlan({ given, detail, plan, steps });
  const [masks, ...others] = stageEntries(steps, {
    pipeline,
    detail,
    nonce,
    nowMs,
    startMode: settings.startMode,
    keepFailedMs,
    drone,
    common,
  });
  const entries = [masks, entry, ...others].filter((one) => one !== undefined);
  return { packed: packSecrets(entries, frame.podName), annotations };
}

/** The Secret that contains a key. */
function secretFinder(packed: readonly PackedSecret[]): ContainerSources['secretOf'] {
  const names = new Map(
    packed.flatMap(({ name, entries }) => entries.map(({ key }) => [key, name] as const)),
  );
  return (key) => names.get(key) ?? '';
}

function placesOf({ workspace, settings, detail, named }: Frame, { steps, caches }: Contents): MountContext {
  return {
    workspace,
    globalVolumes: settings.globalVolumes,
    volumeNames: named.byName,
    hasTmate: hasTmate(settings, detail),
    hasSwap: steps.some(isSwapped),
    caches,
  };
}

/** What is in the Pod. */
interface Contents {
  readonly steps: readonly PlannedContainer[];
  readonly caches: readonly string[];
}

function makePod(
  frame: Frame,
  contents: Contents,
  common: ReadonlyMap<string, string>,
  stored: Stored,
): V1Pod {
  const { settings, named, prepared, podName, namespace, labels } = frame;
  const { steps } = contents;
  const pod = buildPod(steps, {
    ...frame,
    ...stored,
    name: podName,
    common,
    places: placesOf(frame, contents),
    secretOf: secretFinder(stored.packed),
    files: filesVolume(stored.packed),
    volumes: named.volumes,
    timeoutMs: timeoutMs(frame.detail),
    pullSecretName: pullSecret(prepared.registries, podName, namespace, labels)?.metadata?.name,
    initResources: { requests: settings.minRequests, limits: settings.limits },
  });
  checkPodSize(pod, steps.filter(isSwapped).length);
  return pod;
}

/**
 * Compiles a parsed pipeline to its plan, its Pod and its Secrets (previous-runner §4, docs/reference/gate.md). Pure: the same input gives
 * the
 * same output. A plan without steps means that no step can run and cloning is disabled: then there is nothing to launch.
 * Throws only PipelineError, for a pipeline that can't be run as written.
 */
export function compile(input: CompileInput): Compiled {
  refuseWindows(input.pipeline);
  const kept = keepFailed(input.detail, input.settings);
  const frame = decideFrame(input, kept.ms);
  const planned = planContainers({ ...frame, facts: factsOf(frame.detail) });
  const warnings = [
    ...planned.warnings,
    ...uncountedSteps(frame.pipeline, planned.steps),
    ...checkChoices(frame, planned.steps),
    ...kept.warnings,
  ];
  const plan = runPlan(planned.steps, frame.detail, frame);
  const shared = sharedEnvironment(frame, planned.steps);
  const { steps, common, names } = hideOperators(planned.steps, shared.swap, frame.prepared);
  checkPodEstimate(steps, common);
  checkSecretsEstimate(steps);
  const stored = store(frame, steps, plan, shared.gate);
  const { namespace, createNamespace, labels, podName, prepared } = frame;
  return {
    plan,
    namespace,
    createNamespace,
    pod: makePod(frame, { steps, caches: planned.caches }, common, stored),
    secrets: stored.packed.map((secret) => toSecret(secret, namespace, labels)),
    pullSecret: pullSecret(prepared.registries, podName, namespace, labels),
    masks: masksByStep(steps),
    ...(names.length > 0 ? { hiddenVariables: names } : {}),
    ...stepWarningsOf(planned.steps),
    warnings: shortLines([...prepared.warnings, ...shared.warnings, ...warnings]),
  };
}

/** The warnings that concern one step. */
function stepWarningsOf(steps: readonly PlannedContainer[]): Pick<Compiled, 'stepWarnings'> {
  const noted = steps.flatMap(({ n, notes }) => (notes.length > 0 ? [[n, shortLines(notes)] as const] : []));
  return noted.length > 0 ? { stepWarnings: Object.fromEntries(noted) } : {};
}
