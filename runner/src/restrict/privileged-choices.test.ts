import { describe, expect, it } from 'vitest';
import { aStep, secret, text } from '../compile/testing/a-pipeline.ts';
import type { PipelineStep } from '../pipeline/pipeline.ts';
import { privilegedChoices } from './privileged-choices.ts';

/** What no rule can allow. */
function forbidden(change: Partial<PipelineStep>, so: { pipeline?: string; parameter?: string } = {}) {
  const step = aStep({ name: 'image', image: 'plugins/docker:20', commands: [], ...change });
  const { forbidden: all, names } = privilegedChoices({
    pipeline: { environment: so.pipeline === undefined ? {} : { [so.pipeline]: '/drone/src/x' } },
    parameters: so.parameter === undefined ? [] : [so.parameter],
    workspace: '/drone/src',
    steps: [step],
  });
  return { forbidden: all.map(({ what }) => what), asks: names.map(({ value }) => value) };
}

describe('a file of variables that a privileged plugin would load', () => {
  // The plugins docker, ecr, gcr, acr and heroku set all variables of this file in their own environment, before anything else.
  const REFUSED: unknown = expect.stringContaining('variable "PLUGIN_ENV_FILE"');

  it('is refused as a setting, be its name written or secret', () => {
    expect(forbidden({ settings: { PLUGIN_ENV_FILE: text('/drone/src/x') } }).forbidden).toEqual([REFUSED]);
    expect(forbidden({ settings: { PLUGIN_ENV_FILE: secret('s') } }).forbidden).toEqual([REFUSED]);
  });

  it('is refused as a variable of the step, of the pipeline and of the build', () => {
    expect(forbidden({ environment: { PLUGIN_ENV_FILE: text('x') } }).forbidden).toEqual([REFUSED]);
    expect(forbidden({}, { pipeline: 'PLUGIN_ENV_FILE' }).forbidden).toEqual([REFUSED]);
    expect(forbidden({}, { parameter: 'PLUGIN_ENV_FILE' }).forbidden).toEqual([REFUSED]);
    expect(forbidden({ environment: { ENV_FILE: text('x') } }).forbidden).toHaveLength(1);
  });

  it.each([
    'PLUGIN_ENV_FILES',
    'PLUGIN_ENV',
    'PLUGIN_DOCKERFILE',
    'PLUGIN_BUILD_ARGS_FROM_ENV',
    'PLUGIN_REPO',
  ])('near miss: %s is a setting like any other', (name) => {
    expect(forbidden({ settings: { [name]: text('x') } })).toEqual({ forbidden: [], asks: [] });
  });
});
