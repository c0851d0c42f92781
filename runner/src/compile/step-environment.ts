import type { Netrc } from '../pipeline/drone.ts';
import type { EnvValue, PipelineStep } from '../pipeline/pipeline.ts';
import type { Origin } from './order-steps.ts';
import { stepTitle } from './refuse.ts';

/** A step's own variables: layers 9 and 10 of previous-runner §4.7.1. */
export interface StepEnvironment {
  readonly plain: ReadonlyMap<string, string>;
  /** Secret values; they override all plain ones. Never available to other steps. */
  readonly secret: ReadonlyMap<string, string>;
  /** Values to mask in this step's log. */
  readonly masks: readonly string[];
  /** Variables that are empty, and why. */
  readonly warnings: readonly string[];
}

/** Inputs of a step's own variables. */
export interface StepSources {
  readonly step: PipelineStep;
  readonly origin: Origin;
  readonly secrets: Readonly<Record<string, string | undefined>>;
  readonly missingSecrets: Readonly<Record<string, string>> | undefined;
  /** Git credentials, if this step has them. */
  readonly netrc: Netrc | undefined;
}

type Entries = readonly (readonly [string, string])[];
type Variables = readonly (readonly [string, EnvValue])[];

function addTexts(plain: Map<string, string>, variables: Variables): void {
  for (const [name, value] of variables) if (value.kind === 'text') plain.set(name, value.text);
}

interface SecretUse {
  readonly variable: string;
  readonly secret: string;
  readonly value: string | undefined;
}

function secretUses(variables: Variables, secrets: StepSources['secrets']): readonly SecretUse[] {
  const uses: SecretUse[] = [];
  for (const [variable, from] of variables) {
    if (from.kind === 'text') continue;
    // A name such as `constructor` must not find an inherited property.
    const value = Object.hasOwn(secrets, from.secret) ? secrets[from.secret] : undefined;
    uses.push({ variable, secret: from.secret, value });
  }
  return uses;
}

/** Steps can't reference the Git credentials as secrets (known issue 27). */
function netrcEntries({ netrc }: StepSources): Entries {
  if (netrc === undefined) return [];
  return [
    ['DRONE_NETRC_MACHINE', netrc.machine],
    ['DRONE_NETRC_USERNAME', netrc.login],
    ['DRONE_NETRC_PASSWORD', netrc.password],
    ['DRONE_NETRC_FILE', `machine ${netrc.machine} login ${netrc.login} password ${netrc.password}`],
  ];
}

/** Collects the variables of this step and the values that its log must mask (previous-runner §4.7.1, §4.9.2, §6.8). */
export function stepEnvironment(sources: StepSources): StepEnvironment {
  const { step, origin, secrets, missingSecrets = {}, netrc } = sources;
  const environment = Object.entries(step.environment);
  const settings = Object.entries(step.settings);
  const uses = secretUses([...environment, ...settings], secrets);
  const netrcVariables = netrcEntries(sources);
  const plain = new Map<string, string>();
  addTexts(plain, environment);
  if (origin !== 'clone') plain.set('DRONE_STEP_NAME', step.name);
  addTexts(plain, settings);
  const hidden = netrc === undefined ? [] : [netrc.login, netrc.password];
  return {
    plain,
    secret: new Map([
      ...uses.map(({ variable, value }) => [variable, value ?? ''] as const),
      ...netrcVariables,
    ]),
    masks: [...new Set([...uses.map(({ value }) => value ?? ''), ...hidden])].filter((value) => value !== ''),
    warnings: uses
      .filter(({ value }) => value === undefined)
      .map(
        ({ variable, secret }) =>
          `${stepTitle(step)}: ${variable} is empty, because secret ${JSON.stringify(secret)} is missing: ${missingSecrets[secret] ?? 'it was not found'}`,
      ),
  };
}
