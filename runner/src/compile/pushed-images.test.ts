import { expect, it } from 'vitest';
import { compile } from './compile.ts';
import { aCompileInput, anImage, aPipeline, aPreparation, aStep, text } from './testing/a-pipeline.ts';

it('a plugin whose image an earlier step pushes starts as the placeholder: its command may be another one by then', () => {
  const images = {
    'docker.io/plugins/docker:latest': anImage(),
    'docker.io/acme/tool:1': anImage(),
  };
  const push = aStep({ name: 'push', image: 'plugins/docker', commands: [] });
  const use = aStep({ name: 'use', image: 'acme/tool:1', commands: [] });
  const enginesWith = (repo: string) => {
    const steps = [{ ...push, settings: { PLUGIN_REPO: text(repo) } }, use];
    const input = aCompileInput({ pipeline: aPipeline({ steps }), prepared: aPreparation({ images }) });
    return compile(input).plan.steps.map(({ engine }) => engine);
  };
  expect(enginesWith('acme/tool').slice(-2)).toEqual(['gate', 'swap']);
  expect(enginesWith('acme/other').slice(-2)).toEqual(['gate', 'gate']);
});
