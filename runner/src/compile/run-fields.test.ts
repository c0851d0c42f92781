import { describe, expect, it } from 'vitest';
import { parsePlan } from '../adopt/parse-record.ts';
import type { PipelineStep } from '../pipeline/pipeline.ts';
import { compile } from './compile.ts';
import { aCompileInput, anImage, aPipeline, aPreparation, aService, aStep } from './testing/a-pipeline.ts';
import { secretText } from './testing/read-compiled.ts';

const images = {
  'docker.io/library/postgres:17': anImage({ entrypoint: ['postgres'] }),
  'docker.io/library/systemd:1': anImage({ entrypoint: ['/sbin/init'] }),
};
const compiledWith = (parts: { steps?: readonly PipelineStep[]; services?: readonly PipelineStep[] }) =>
  compile(
    aCompileInput({
      pipeline: aPipeline({
        ...parts,
        clone: { disable: true, depth: 0, skipVerify: false, trace: false, retries: 0 },
      }),
      prepared: aPreparation({ images }),
    }),
  );
type Compiled = ReturnType<typeof compiledWith>;

const runFieldsOf = (compiled: Compiled, n: number): object => {
  const { timeoutMs, retry, ready } = JSON.parse(secretText(compiled, `${n}.step.json`)) as Record<
    string,
    unknown
  >;
  return { timeoutMs, retry, ready };
};
const NOTHING = { timeoutMs: undefined, retry: undefined, ready: undefined };
const RETRY = { attempts: 3, exitCodes: [1, 75], backoffMs: 2_000 };
const READY = { tcp: 5432, timeoutMs: 60_000 };

describe('timeout, retry and ready', () => {
  it('go to the gate of the step that has them, and to no other', () => {
    const steps = [aStep({ name: 'a', timeoutMs: 600_000, retry: RETRY }), aStep({ name: 'b' })];
    const services = [aService({ name: 'db', image: 'postgres:17', ready: READY })];
    const compiled = compiledWith({ steps, services });

    expect([1, 2, 3].map((n) => runFieldsOf(compiled, n))).toEqual([
      { ...NOTHING, ready: READY },
      { ...NOTHING, timeoutMs: 600_000, retry: RETRY },
      NOTHING,
    ]);
    expect(compiled.warnings).toEqual([]);
  });

  it('have their limits in the plan, which the next owner of the Pod reads', () => {
    const steps = [aStep({ name: 'a', timeoutMs: 600_000, retry: RETRY }), aStep({ name: 'b' })];
    const services = [aService({ name: 'db', image: 'postgres:17', ready: READY })];
    const { plan } = compiledWith({ steps, services });

    expect(plan.steps.map(({ timeoutMs, readyMs }) => [timeoutMs, readyMs])).toEqual([
      [undefined, 60_000],
      [600_000, undefined],
      [undefined, undefined],
    ]);
    expect(parsePlan(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  });

  it.each([
    [
      'a step whose command line is unknown',
      { steps: [aStep({ name: 'p', image: 'plugin', commands: [], timeoutMs: 1, retry: RETRY })] },
      'step "p": timeout and retry are ignored, because the command line of image "plugin" is unknown: set commands or entrypoint, or give the runner access to the image\'s registry',
    ],
    [
      'a service whose command line is unknown',
      { services: [aService({ name: 's', image: 'db', ready: READY })], steps: [] },
      'step "s": ready is ignored, because the command line of image "db" is unknown: set commands or entrypoint, or give the runner access to the image\'s registry',
    ],
    [
      'a step whose image must be process 1',
      { steps: [aStep({ name: 'i', image: 'systemd:1', commands: [], timeoutMs: 1 })] },
      'step "i": timeout is ignored, because the program of image "systemd:1" must be process 1 of its container: use commands or another entrypoint',
    ],
    [
      'a service that replaces its gate',
      { services: [aService({ name: 's', image: 'systemd:1', ready: READY })], steps: [] },
      'step "s": ready is ignored, because the program of image "systemd:1" must be process 1 of its container: wait for it in the first step that needs it',
    ],
  ])('are left out with a warning for %s', (_, parts, warning) => {
    const compiled = compiledWith(parts);
    const [step] = compiled.plan.steps;

    expect(compiled.warnings).toEqual([warning]);
    expect([step?.timeoutMs, step?.readyMs]).toEqual([undefined, undefined]);
    if (step?.engine === 'gate') expect(runFieldsOf(compiled, 1)).toEqual(NOTHING);
  });

  it('cause no warning where the same containers have none of them', () => {
    const steps = [aStep({ name: 'p', image: 'plugin', commands: [] })];
    const services = [aService({ name: 's', image: 'systemd:1' })];

    expect(compiledWith({ steps, services }).warnings).toEqual([]);
  });
});
