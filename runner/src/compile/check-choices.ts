import type { StageDetail } from '../pipeline/drone.ts';
import type { Amount, Pipeline } from '../pipeline/pipeline.ts';
import { type AmountChoice, checkRestrictions } from '../restrict/check.ts';
import { pipelineChoices } from '../restrict/pipeline-choices.ts';
import { privilegedChoices } from '../restrict/privileged-choices.ts';
import type { Rules } from '../restrict/restrictions.ts';
import type { TrustLevel } from '../restrict/trust-level.ts';
import type { PlannedContainer } from './planned-container.ts';
import { refuse } from './refuse.ts';
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

const MOST_SHOWN = 20;

/** The Pod's requests where they exceed what operators set; a container without a request requests its limit. */
function requested(
  steps: readonly PlannedContainer[],
  { settings, policy }: ChoiceSources,
): readonly AmountChoice[] {
  const byOperator = firstSaid([policy?.requests, settings.requests]);
  const sum = (kind: keyof Amount): number =>
    steps.reduce((total, { resources: { requests, limits } }) => total + (requests[kind] || limits[kind]), 0);
  const all = [
    { rule: 'requestCpu', kind: 'cpuMillicores', what: "the Pod's request" },
    { rule: 'requestMemory', kind: 'memoryBytes', what: "the Pod's request" },
  ] as const;
  return all.flatMap(({ rule, kind, what }) => {
    const amount = sum(kind);
    return amount > byOperator[kind] ? [{ rule, amount, what }] : [];
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
  const steps = planned.filter(({ origin }) => origin !== 'clone').map(({ step }) => step);
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
  if (refusals.length > 0) refuse('refused-choice', refusalText(refusals));
  return warnings;
}

function refusalText(refusals: readonly string[]): string {
  const shown = refusals.slice(0, MOST_SHOWN);
  const more = refusals.length - shown.length;
  return ['not allowed in this build:', ...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n- ');
}
