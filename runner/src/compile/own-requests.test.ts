import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Amount, Pipeline } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { ownResources, resourceMode, unusedRequests } from './own-requests.ts';
import { RESOURCE_MODES } from './resource-mode.ts';
import { aPipeline, aStep, someSettings } from './testing/a-pipeline.ts';

const MIB = 2 ** 20;
const amount = (cpuMillicores: number, mib = 0): Amount => ({ cpuMillicores, memoryBytes: mib * MIB });
const NONE = amount(0);
const demand = (requests: Amount, limits: Amount = NONE, ofOperator = limits) => ({
  step: aStep({ requests, limits }),
  limits: ofOperator,
});
const cpus = (pod: number, own: readonly Amount[], minimum = 0): readonly number[] =>
  ownResources(
    amount(pod),
    own.map((one) => demand(one)),
    amount(minimum),
  ).map(({ requests }) => requests.cpuMillicores);

const annotated = (annotations: Readonly<Record<string, string>>): Pipeline =>
  aPipeline({ metadata: { namespace: '', labels: {}, annotations } });

describe('the mode steps', () => {
  it.each<[string, number, readonly number[], readonly number[]]>([
    ['gives each container its own request', 0, [2000, 500], [2000, 500]],
    ['divides what is left of the Pod over the others', 3000, [2000, 0, 0], [2000, 500, 500]],
    ['gives the remainder to the first of the others', 1001, [0, 1000, 0], [1, 1000, 0]],
    ['leaves nothing to others where own requests take all', 1000, [2000, 0], [2000, 0]],
    ['adds nothing where each has its own', 9000, [1, 2], [1, 2]],
    ['is like split without any own request', 100, [0, 0, 0], [34, 33, 33]],
    ['takes a negative request for none', 100, [-5, 40], [60, 40]],
  ])('%s', (_sentence, pod, own, want) => {
    expect(
      cpus(
        pod,
        own.map((one) => amount(one)),
      ),
    ).toEqual(want);
  });

  it('counts CPU and memory separately', () => {
    const steps = [demand(amount(2000, 0)), demand(amount(0, 1024))];

    expect(ownResources(amount(3000, 1536), steps, NONE).map(({ requests }) => requests)).toEqual([
      amount(2000, 512),
      amount(1000, 1024),
    ]);
  });

  it('raises to the minimum, and lowers to a limit of the operator', () => {
    expect(cpus(0, [amount(10), amount(0), amount(100)], 50)).toEqual([50, 50, 100]);
    const lowered = ownResources(NONE, [demand(amount(2000), NONE, amount(1500))], NONE);
    expect(lowered[0]).toEqual({ requests: amount(1500), limits: amount(1500) });
  });

  it.each<[string, Amount, Amount, string]>([
    ['cpu', amount(2), amount(1), 'step "test", resources: the request of cpu exceeds its limit'],
    ['memory', amount(0, 2), amount(0, 1), 'step "test", resources: the request of memory exceeds its limit'],
  ])(
    'refuses a request of %s above the own limit, but not one that equals it',
    (_kind, own, limits, want) => {
      expect(() => ownResources(NONE, [demand(own, limits)], NONE)).toThrow(want);
      expect(ownResources(NONE, [demand(limits, limits)], NONE)[0]?.requests).toEqual(limits);
    },
  );

  it('requests what was set, and at least what the Pod requests where something is left to divide', () => {
    const cpu = fc.nat(5000);
    fc.assert(
      fc.property(fc.array(cpu, { minLength: 1, maxLength: 12 }), cpu, (own, pod) => {
        const got = cpus(
          pod,
          own.map((one) => amount(one)),
        );
        const sum = got.reduce((total, one) => total + one, 0);

        own.forEach((one, index) => {
          if (one > 0) expect(got[index]).toBe(one);
        });
        if (own.includes(0)) expect(sum).toBeGreaterThanOrEqual(pod);
        expect(sum).toBeLessThanOrEqual(
          Math.max(
            pod,
            own.reduce((total, one) => total + one, 0),
          ),
        );
      }),
    );
  });
});

describe('how requests are computed', () => {
  it.each(RESOURCE_MODES)('can be chosen: %s', (mode) => {
    expect(resourceMode(annotated({ 'hangar.dev/resources': mode }), someSettings())).toBe(mode);
    expect(resourceMode(annotated({}), someSettings({ resources: mode }))).toBe(mode);
  });

  it.each(['Steps', 'step', '', '__proto__'])('is refused where the annotation is %j', (value) => {
    const attempt = () => resourceMode(annotated({ 'hangar.dev/resources': value }), someSettings());

    expect(attempt).toThrow(PipelineError);
    expect(attempt).toThrow(`${JSON.stringify(value)} must be one of split, peak, steps`);
  });
});

describe('requests of steps that have no effect', () => {
  const steps = [
    aStep({ name: 'a', requests: amount(100) }),
    aStep({ name: 'b' }),
    aStep({ name: 'c', requests: amount(0, 1) }),
  ];

  it('are warned of once in the mode split, with the remedy', () => {
    expect(unusedRequests('split', steps)).toEqual([
      'step "a" and 1 more: resources.requests has no effect, because the request of the Pod is divided among its containers; set the annotation hangar.dev/resources to steps or peak, or requests of the pipeline',
    ]);
    expect(unusedRequests('split', [aStep()])).toEqual([]);
  });

  it.each(['steps', 'peak'] as const)('are none in the mode %s', (mode) => {
    expect(unusedRequests(mode, steps)).toEqual([]);
  });
});
