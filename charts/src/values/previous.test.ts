import { translateValues } from '@hangar/runner/helm-values';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { COMPONENTS } from './values.ts';

it('translated values of the previous chart set every setting that this chart sets by itself', () => {
  const { runner } = parse(translateValues('{}').values) as { runner: { config: Record<string, string> } };
  const defaults = COMPONENTS.find(({ name }) => name === 'runner')?.config ?? {};

  expect(Object.keys(defaults).filter((name) => !(name in runner.config))).toEqual([]);
});
