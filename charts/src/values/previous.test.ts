import { translateValues } from '@hangar/runner/helm-values';
import { RULES } from '@hangar/runner/rules';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { COMPONENTS } from './values.ts';

it('translated values of the previous chart set every setting that this chart sets by itself, but choices that it did not have', () => {
  const { runner } = parse(translateValues('{}').values) as { runner: { config: Record<string, string> } };
  const defaults = COMPONENTS.find(({ name }) => name === 'runner')?.config ?? {};

  const unset = Object.keys(defaults).filter((name) => !(name in runner.config));
  expect(unset).toEqual(
    Object.values(RULES).flatMap(({ sinceHangar, setting }) => (sinceHangar ? [setting] : [])),
  );
});
