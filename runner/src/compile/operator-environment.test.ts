import { describe, expect, it } from 'vitest';
import { compile } from './compile.ts';
import { toYaml } from './render.ts';
import { aCompileInput, aPipeline, aPreparation, aStep, text } from './testing/a-pipeline.ts';

const OPERATORS = [
  { name: 'NPM_TOKEN', value: 'npm-hunter2', mask: true },
  { name: 'MIRROR', value: 'https://user:mirror-hunter2@mirror.test', mask: false },
];
const PLUGIN = { image: 'plugins/unknown', commands: [] };

/** A pipeline with one gated step and one whose image is swapped, and the operator's variables. */
function compiled(environment: Parameters<typeof aStep>[0] = {}) {
  const steps = [aStep(), aStep({ ...PLUGIN, name: 'plugin', ...environment })];
  return compile(
    aCompileInput({ pipeline: aPipeline({ steps }), prepared: aPreparation({ environment: OPERATORS }) }),
  );
}

const swapped = (result: ReturnType<typeof compile>) =>
  result.pod.spec?.containers.find(({ name }) => name === 'step-3')?.env ?? [];

describe('variables of the operator', () => {
  it('are in no spec of a Pod and in no output of `compile`, for gated and for swapped steps', () => {
    const result = compiled();
    expect(result.plan.steps.map(({ engine }) => engine)).toEqual(['gate', 'gate', 'swap']);
    expect(JSON.stringify(result.pod)).not.toContain('hunter2');
    expect(toYaml(result, { showSecrets: false })).not.toContain('hunter2');
  });

  it('reach a swapped step through its Secret', () => {
    const result = compiled();
    const found = swapped(result).find(({ name }) => name === 'NPM_TOKEN')?.valueFrom?.secretKeyRef;
    const data = result.secrets.find(({ metadata }) => metadata?.name === found?.name)?.data;
    expect(Buffer.from(data?.[found?.key ?? ''] ?? '', 'base64').toString()).toBe('npm-hunter2');
  });

  it('stay in the spec as what a step has set them to: that is the author’s own text', () => {
    const result = compiled({ environment: { MIRROR: text('none') } });
    expect(swapped(result)).toContainEqual({ name: 'MIRROR', value: 'none' });
    expect(JSON.stringify(result.pod)).not.toContain('hunter2');
  });
});
