import { longestTurnMs } from '@hangar/shared/testing/cpu-time';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { type CompileInput, compile } from './compile.ts';
import { storedBytes } from './pod-size.ts';
import { checkPodEstimate } from './size-estimate.ts';
import { aCompileInput, aPipeline, aPreparation, aStep, secret, text } from './testing/a-pipeline.ts';

const outcome = (changes: Partial<CompileInput>): string => {
  try {
    compile(aCompileInput(changes));
    return 'compiled';
  } catch (error) {
    return error instanceof PipelineError ? `${error.code}: ${error.message}` : String(error);
  }
};

/** The outcome, and the CPU time that it took. */
async function timed(changes: Partial<CompileInput>): Promise<readonly [string, number]> {
  const outcomes: string[] = [];
  const busyMs = await longestTurnMs(() => Promise.resolve(outcomes.push(outcome(changes))));
  return [outcomes.join(), busyMs];
}

const steps = (count: number, changes: Parameters<typeof aStep>[0]) =>
  Array.from({ length: count }, (_, index) => aStep({ name: `s${index}`, ...changes }));
const environment = (count: number, value = 'x') =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`K${index}`, value]));
/** Steps whose images are not known. */
const swapped = (count: number, changes: Parameters<typeof aStep>[0] = {}) =>
  steps(count, { image: 'plugins/x', commands: [], ...changes });

describe('what all steps repeat', () => {
  it.each([
    // 12 s and 1.6 GB before.
    ['many variables', environment(20_000)],
    ['long variables', environment(9, 'x'.repeat(100_000))],
  ])('is refused before it is built: %s of the pipeline in 590 swapped steps', async (_, all) => {
    const [result, busyMs] = await timed({ pipeline: aPipeline({ environment: all, steps: swapped(590) }) });

    expect(result).toMatch(
      /^pipeline-too-large: .* bytes and Kubernetes keeps at most 1572864; it has 591 steps/,
    );
    expect(result).toContain('could not be looked up in the registry');
    expect(busyMs).toBeLessThan(1_000);
  });

  it('is built as long as it fits', () => {
    const fitting = aPipeline({ environment: environment(20), steps: swapped(100) });
    expect(outcome({ pipeline: fitting })).toBe('compiled');
    expect(
      outcome({ pipeline: aPipeline({ environment: environment(20_000), steps: steps(400, {}) }) }),
    ).toBe('compiled');
  });

  it('is refused before it is built: one secret in all steps', async () => {
    const prepared = aPreparation({ secrets: { token: 'x'.repeat(900_000) } });
    const withSecret = (count: number) =>
      aPipeline({ steps: steps(count, { environment: { A: secret('token') } }) });
    const [result, busyMs] = await timed({ prepared, pipeline: withSecret(590) });

    expect(result).toMatch(/^pipeline-too-large: masks.json of this stage would have 531000000 bytes/);
    expect(busyMs).toBeLessThan(1_000);
  });

  it('is built as long as it fits: one secret in some steps, and in many variables of one', () => {
    const prepared = aPreparation({ secrets: { token: 'x'.repeat(100_000) } });
    const inSteps = (count: number) =>
      outcome({
        prepared,
        pipeline: aPipeline({ steps: steps(count, { environment: { A: secret('token') } }) }),
      });
    const inVariables = (count: number) => {
      const all = Object.fromEntries(Object.keys(environment(count)).map((name) => [name, secret('token')]));
      return outcome({ prepared, pipeline: aPipeline({ steps: swapped(1, { environment: all }) }) });
    };

    expect(inSteps(10)).toBe('compiled');
    expect(inSteps(11)).toContain('masks.json of this stage would have 1100000 bytes');
    expect(inVariables(160)).toBe('compiled');
    expect(inVariables(170)).toMatch(/: commands, variables and secrets .* at most 16777216 are possible/);
  });

  it.each<[string, (path: string) => Parameters<typeof aPipeline>[0]]>([
    ['workspace.path', (path) => ({ workspacePath: path })],
    ['working_dir of step "test"', (path) => ({ steps: [aStep({ workingDir: path })] })],
    [
      'path of a volume of step "test"',
      (path) => ({
        volumes: [{ name: 'v', kind: 'temp', medium: '', sizeLimitBytes: 0 }],
        steps: [aStep({ volumes: [{ name: 'v', path, subPath: '' }] })],
      }),
    ],
    [
      'sub_path of a volume of step "test"',
      (path) => ({
        volumes: [{ name: 'v', kind: 'temp', medium: '', sizeLimitBytes: 0 }],
        steps: [aStep({ volumes: [{ name: 'v', path: '/x', subPath: path.slice(1) + 'x' }] })],
      }),
    ],
  ])('is a path that Linux knows: %s', (field, changes) => {
    const path = (chars: number): string => `/${'a'.repeat(chars - 1)}`;

    expect(outcome({ pipeline: aPipeline(changes(path(4_096))) })).toBe('compiled');
    expect(outcome({ pipeline: aPipeline(changes(path(4_097))) })).toBe(
      `invalid-pipeline: ${field} has 4097 characters, and at most 4096 are possible; write a shorter path`,
    );
  });
});

describe('checkPodEstimate', () => {
  it('is not above the real size: variables of the stage that steps replace, and secrets that replace both', () => {
    const common = new Map([['A', 'x'.repeat(600_000)]]);
    const { start } = {
      start: {
        engine: 'swap' as const,
        argv: [],
        script: undefined,
        pid1: false,
        stopSignal: '',
        isPushed: false,
      },
    };
    const step = (plain: [string, string][], secrets: [string, string][]) => ({
      start,
      step: aStep(),
      plain: new Map(plain),
      secret: new Map(secrets),
      masks: [],
    });
    const all = (one: ReturnType<typeof step>) => () => checkPodEstimate([one, one, one], common);

    expect(all(step([], []))).toThrow('about 1800069 bytes');
    expect(all(step([['A', 'y']], []))).not.toThrow();
    expect(all(step([], [['A', 'y']]))).not.toThrow();
    expect(all(step([['A', 'y'.repeat(600_000)]], [['A', 'y']]))).not.toThrow();
    expect(all(step([['B', 'y']], []))).toThrow('about 1800141 bytes');
  });

  it('is not above the real size: mounts and variables of a Pod', () => {
    const volumes = Array.from({ length: 100 }, (_, index) => ({
      name: 'v',
      path: `/${index}`,
      subPath: '',
    }));
    const pipeline = aPipeline({
      volumes: [{ name: 'v', kind: 'temp', medium: '', sizeLimitBytes: 0 }],
      steps: swapped(60, { volumes, environment: { OWN: text('value') } }),
    });
    const { pod } = compile(aCompileInput({ pipeline }));
    expect(storedBytes(pod)).toBeLessThan(1.5 * 1024 * 1024);
  });
});
