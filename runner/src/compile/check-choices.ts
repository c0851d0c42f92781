import type { StageDetail } from '../pipeline/drone.ts';
import type { Amount, FieldPath, Pipeline } from '../pipeline/pipeline.ts';
import { type AmountChoice, checkRestrictions } from '../restrict/check.ts';
import { pipelineChoices } from '../restrict/pipeline-choices.ts';
import { privilegedChoices } from '../restrict/privileged-choices.ts';
import type { Rules } from '../restrict/restrictions.ts';
import type { TrustLevel } from '../restrict/trust-level.ts';
import { isAuthors } from './order-steps.ts';
import { resourceMode } from './own-requests.ts';
import type { PlannedContainer } from './planned-container.ts';
import { refuseAll, stepField } from './refuse.ts';
import { firstSaid } from './resources.ts';
import type { CompileSettings, Policy } from './settings.ts';

/** All that the choices of a pipeline are compared with. */
export interface ChoiceSources {
  readonly pipeline: Pipeline;
  readonly detail: StageDetail;
  readonly settings: CompileSettings;
  readonly policy: Policy | undefined;
  readonly workspace: string;
  readonly level: TrustLevel;
  readonly rules: Rules;
}

/** Where the pipeline asks for the most of an amount; its steps, if their number alone makes the sum. */
function largestAmount(
  kind: keyof Amount,
  planned: readonly PlannedContainer[],
  sources: ChoiceSources,
): FieldPath {
  const key = kind === 'cpuMillicores' ? 'cpu' : 'memory';
  const isCounted = resourceMode(sources.pipeline, sources.settings) !== 'split';
  const ofSteps = planned.flatMap(({ step, resources }) => {
    if (step.at === undefined) return [];
    const part = resources.requests[kind] === 0 ? 'limits' : 'requests';
    const counts = part === 'limits' || isCounted;
    return counts ? [{ amount: step[part][kind], at: stepField(step, 'resources', part, key) }] : [];
  });
  const ofPod = { amount: sources.pipeline.requests[kind], at: ['resources', 'requests', key] };
  const [largest] = [ofPod, ...ofSteps].toSorted((a, b) => b.amount - a.amount);
  return largest !== undefined && largest.amount > 0 ? largest.at : ['steps'];
}

/** The Pod's requests where they exceed what operators set; a container without a request requests its limit. */
function requested(steps: readonly PlannedContainer[], sources: ChoiceSources): readonly AmountChoice[] {
  const { settings, policy } = sources;
  const byOperator = firstSaid([policy?.requests, settings.requests]);
  const sum = (kind: keyof Amount): number =>
    steps.reduce((total, { resources: { requests, limits } }) => total + (requests[kind] || limits[kind]), 0);
  const all = [
    { rule: 'requestCpu', kind: 'cpuMillicores', what: "the Pod's request" },
    { rule: 'requestMemory', kind: 'memoryBytes', what: "the Pod's request" },
  ] as const;
  return all.flatMap(({ rule, kind, what }) => {
    const amount = sum(kind);
    if (amount <= byOperator[kind]) return [];
    return [{ rule, amount, what, at: largestAmount(kind, steps, sources) }];
  });
}

/**
 * Checks everything that a pipeline chose for its Pod, after policies and defaults, before anything is created. Returns warnings for the
 * author.
 *
 * @throws {PipelineError} with all refusals together
 */
export function checkChoices(
  sources: ChoiceSources,
  planned: readonly PlannedContainer[],
): readonly string[] {
  const { pipeline, detail, settings, policy, workspace, level, rules } = sources;
  const steps = planned.filter(({ origin }) => isAuthors(origin)).map(({ step }) => step);
  const own = pipelineChoices({ ...pipeline, services: [], steps }, { ...settings, policy });
  const privileged = planned.filter((one) => one.privileged && !one.step.privileged);
  const ofImages = privilegedChoices({
    pipeline,
    workspace,
    parameters: Object.keys(detail.build.params),
    steps: level === 'trusted' ? [] : privileged.map(({ step }) => step),
  });
  const choices = {
    names: [...own.names, ...ofImages.names],
    amounts: [...own.amounts, ...requested(planned, sources)],
    forbidden: [...own.forbidden, ...ofImages.forbidden],
  };
  const { refusals, warnings } = checkRestrictions(choices, rules, level);
  if (refusals.length > 0) refuseAll('refused-choice', 'not allowed in this build:', refusals);
  return warnings;
}
