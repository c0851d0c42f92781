import type { PlannedContainer } from './planned-container.ts';
import type { Prepared } from './settings.ts';

/** The steps, and the variables that swapped containers share in their Pod's spec. */
export interface HiddenEnvironment {
  readonly steps: readonly PlannedContainer[];
  readonly common: ReadonlyMap<string, string>;
  /** Names of the variables that were moved. */
  readonly names: readonly string[];
}

/**
 * Moves the operator's variables (`DRONE_RUNNER_ENVIRON` and the environment plugin, which may hold passwords) from the spec of swapped
 * containers into their Secrets. Gated containers read all variables from a Secret anyway. A variable that a later layer has overridden is
 * not the operator's any more. Pure.
 */
export function hideOperators(
  steps: readonly PlannedContainer[],
  common: ReadonlyMap<string, string>,
  { environment }: Pick<Prepared, 'environment'>,
): HiddenEnvironment {
  const given = new Map(environment.map(({ name, value }) => [name, value]));
  const hidden = [...common].filter(([name, value]) => given.get(name) === value);
  const isHidden = new Set(hidden.map(([name]) => name));
  return {
    names: [...isHidden],
    common: new Map([...common].filter(([name]) => !isHidden.has(name))),
    steps: steps.map((step) => {
      if (step.start.engine !== 'swap') return step;
      const own = hidden.filter(([name]) => !step.plain.has(name));
      return { ...step, secret: new Map([...own, ...step.secret]) };
    }),
  };
}
