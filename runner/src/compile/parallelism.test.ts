import { expect, it } from 'vitest';
import { type CompileInput, compile } from './compile.ts';
import { aCompileInput, aPipeline, aService, aStep } from './testing/a-pipeline.ts';
import { stageFile } from './testing/read-compiled.ts';

const compiled = (changes: Partial<CompileInput>) => compile(aCompileInput(changes));
const plugin = aStep({ name: 'publish', image: 'plugins/unknown', commands: [] });

it('parallelism is passed to the gates and kept in the plan', () => {
  const limited = compiled({ pipeline: aPipeline({ parallelism: 2 }) });
  expect([stageFile(limited).parallelism, limited.plan.parallelism, limited.warnings]).toEqual([2, 2, []]);
  const unlimited = compiled({});
  expect([stageFile(unlimited), unlimited.plan].map((one) => 'parallelism' in one)).toEqual([false, false]);
});

it('a step with a swapped image does not count for it, with a warning; a service never does', () => {
  const swapped = { services: [aService({ commands: [] })], steps: [plugin, aStep()] };
  const { warnings } = compiled({ pipeline: aPipeline({ ...swapped, parallelism: 1 }) });
  expect(warnings.filter((text) => text.includes('parallelism'))).toEqual([
    'step "publish" does not count for parallelism: set commands or entrypoint, or give the runner access to the registry of image "plugins/unknown"',
  ]);
  expect(compiled({ pipeline: aPipeline(swapped) }).warnings.join()).not.toContain('parallelism');
});
