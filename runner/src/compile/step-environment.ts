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
  readonly warnings: readonly string[];
}

/** Inputs of a step's own variables. */
export interface StepSources {
  readonly step: PipelineStep;
  readonly origin: Origin;
  readonly secrets: Readonly<Record<string, string | undefined>>;
  /** Git credentials, if this step has them. */
  readonly netrc: Netrc | undefined;
}

type Entries = readonly (readonly [string, string])[];

function plainEntries(values: Readonly<Record<string, EnvValue>>): Entries {
  return Object.entries(values).flatMap(([name, value]) =>
    value.kind === 'text' ? [[name, value.text] as const] : [],
  );
}

interface SecretUse {
  readonly variable: string;
  readonly secret: string;
  readonly value: string | undefined;
}

function secretUses({ step, secrets }: StepSources): readonly SecretUse[] {
  return [...Object.entries(step.environment), ...Object.entries(step.settings)].flatMap(
    ([variable, from]) => {
      if (from.kind === 'text') return [];
      // A name such as `constructor` must not find an inherited property.
      const value = Object.hasOwn(secrets, from.secret) ? secrets[from.secret] : undefined;
      return [{ variable, secret: from.secret, value }];
    },
  );
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
  const { step, origin, netrc } = sources;
  const uses = secretUses(sources);
  const netrcVariables = netrcEntries(sources);
  const named: Entries = origin === 'clone' ? [] : [['DRONE_STEP_NAME', step.name]];
  const hidden = netrc === undefined ? [] : [netrc.login, netrc.password];
  return {
    plain: new Map([...plainEntries(step.environment), ...named, ...plainEntries(step.settings)]),
    secret: new Map([
      ...uses.map(({ variable, value }) => [variable, value ?? ''] as const),
      ...netrcVariables,
    ]),
    masks: [...new Set([...uses.map(({ value }) => value ?? ''), ...hidden])].filter((value) => value !== ''),
    warnings: uses
      .filter(({ value }) => value === undefined)
      .map(
        ({ variable, secret }) =>
          `${stepTitle(step)}: secret ${JSON.stringify(secret)} was not found; ${variable} is empty`,
      ),
  };
}
