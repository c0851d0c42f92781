import { describe, expect, it } from 'vitest';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { type CompileInput, compile } from './compile.ts';
import { aCompileInput, aPipeline, aStep, text } from './testing/a-pipeline.ts';
import { stepFile } from './testing/read-compiled.ts';

const compiled = (changes: Partial<CompileInput> = {}) => compile(aCompileInput(changes));
const codeOf = (changes: Partial<CompileInput>): string => {
  try {
    compiled(changes);
    return 'compiled';
  } catch (error) {
    return error instanceof PipelineError ? error.code : String(error);
  }
};

describe('size limits of a Pod', () => {
  const many = (count: number, changes: (index: number) => Parameters<typeof aStep>[0] = () => ({})) =>
    Array.from({ length: count }, (_, index) => aStep({ name: `step-${index}`, ...changes(index) }));
  const variables = (index: number) => ({
    environment: Object.fromEntries(
      Array.from({ length: 120 }, (_, i) => [`VARIABLE_${i}`, text(`value ${index} ${'x'.repeat(40)}`)]),
    ),
  });

  it('accept 200 steps', () => {
    const result = compiled({ pipeline: aPipeline({ steps: many(200) }) });
    expect(result.plan.steps).toHaveLength(201);
    expect(result.secrets).toHaveLength(1);
  });

  it('accept 120 steps with 120 variables each, in more than one Secret', () => {
    const result = compiled({ pipeline: aPipeline({ steps: many(120, variables) }) });
    expect(result.secrets.length).toBeGreaterThan(1);
    expect(
      result.pod.spec?.volumes?.find(({ name }) => name === 'hangar-files')?.projected?.sources,
    ).toHaveLength(result.secrets.length);
    expect(stepFile(result, 121).env['VARIABLE_7']).toContain('value 119');
  });

  it('refuse those variables in the Pod itself, with a message that names the remedy', () => {
    const steps = many(120, (index) => ({ ...variables(index), commands: [] }));
    expect(() => compiled({ pipeline: aPipeline({ steps }) })).toThrow(
      /could not be looked up in the registry/,
    );
  });

  it('refuse thousands of steps', () => {
    expect(codeOf({ pipeline: aPipeline({ steps: many(5000) }) })).toBe('pipeline-too-large');
  });

  it('refuse a script larger than a Secret', () => {
    const withScript = (bytes: number): string =>
      codeOf({ pipeline: aPipeline({ steps: [aStep({ commands: ['x'.repeat(bytes)] })] }) });

    expect(withScript(1_000_000)).toBe('compiled');
    expect(withScript(1_100_000)).toBe('pipeline-too-large');
  });

  it('move a plan that is too large for an annotation to the first Secret', () => {
    const names = Array.from({ length: 200 }, (_, index) => `step-${index}-with-a-rather-long-name`);
    const steps = names.map((name, index) => aStep({ name, dependsOn: names.slice(0, index) }));
    const result = compiled({ pipeline: aPipeline({ steps }) });
    expect(result.pod.metadata?.annotations?.['hangar.dev/plan']).toBeUndefined();
    expect(result.secrets[0]?.metadata?.name).toBe(result.pod.metadata?.name);
    expect(
      JSON.parse(Buffer.from(result.secrets[0]?.data?.['plan.json'] ?? '', 'base64').toString()),
    ).toEqual(result.plan);
  });
});
