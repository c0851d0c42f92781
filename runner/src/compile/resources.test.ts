import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from './compile.ts';
import {
  firstSaid,
  splitEvenly,
  splitResources,
  spreadByWeight,
  stepLimits,
  toRequirements,
} from './resources.ts';
import { aCompileInput, aPipeline, aPolicy, aStep, someSettings } from './testing/a-pipeline.ts';

const MIB = 1024 * 1024;
const amount = (cpuMillicores: number, memoryMib: number) => ({
  cpuMillicores,
  memoryBytes: memoryMib * MIB,
});

describe('splitEvenly', () => {
  it.each([
    [9, 2, 4, [8, 4]],
    [3, 4, 1, [1, 1, 1, 0]],
    [7, 1, 5, [10]],
    [100, 3, 4, [36, 32, 32]],
    [100, 3, 1, [34, 33, 33]],
    [0, 2, 1, [0, 0]],
    [5, 0, 1, []],
  ])('%d over %d in units of %d', (total, count, unit, want) => {
    expect(splitEvenly(total, count, unit)).toEqual(want);
  });
});

describe('splitResources', () => {
  it('returns at least the minimum and never more than a limit', () => {
    const limits = [amount(0, 0), amount(5, 8)];
    expect(splitResources(amount(100, 100), limits, amount(70, 4))).toEqual([
      { requests: amount(70, 52), limits: amount(0, 0) },
      { requests: amount(5, 8), limits: amount(5, 8) },
    ]);
  });
});

describe('stepLimits', () => {
  it.each([
    ['the smaller of both', amount(200, 10), amount(100, 20), amount(100, 10)],
    ['the one that is set', amount(200, 0), amount(0, 20), amount(200, 20)],
    ['none if neither is set', amount(0, 0), amount(0, 0), amount(0, 0)],
  ])('%s', (_sentence, own, global, want) => {
    expect(stepLimits(own, global)).toEqual(want);
  });
});

describe('firstSaid', () => {
  it('chooses CPU and memory independently', () => {
    expect(firstSaid([undefined, amount(0, 5), amount(7, 9)])).toEqual(amount(7, 5));
  });
});

describe('spreadByWeight', () => {
  it('is proportional to the weights', () => {
    expect(spreadByWeight(100, [1, 3], [0, 0], 1)).toEqual([25, 75]);
  });
  it('redistributes the amount beyond a cap to the others', () => {
    expect(spreadByWeight(100, [1, 3], [0, 10], 1)).toEqual([90, 10]);
  });
  it('distributes the whole amount, unless caps prevent it', () => {
    const lists = fc.array(fc.tuple(fc.nat(50), fc.nat(60)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(500), lists, (total, pairs) => {
        const caps = pairs.map(([, cap]) => cap);
        const parts = spreadByWeight(
          total,
          pairs.map(([weight]) => weight),
          caps,
          1,
        );
        const room = caps.includes(0) ? Infinity : caps.reduce((sum, cap) => sum + cap, 0);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(Math.min(total, room));
        for (const [index, part] of parts.entries())
          expect(caps[index] === 0 || part <= (caps[index] ?? 0)).toBe(true);
      }),
    );
  });
});

describe('toRequirements', () => {
  it('writes milli CPU and binary memory, and leaves out unset values', () => {
    const requests = { cpuMillicores: 1500, memoryBytes: 2 * 1024 * MIB };
    expect(toRequirements({ requests, limits: { cpuMillicores: 0, memoryBytes: 1000 } }, 'any')).toEqual({
      requests: { cpu: '1500m', memory: '2Gi' },
      limits: { memory: '1000' },
    });
    expect(toRequirements({ requests: amount(0, 0), limits: amount(0, 0) }, 'any')).toEqual({});
  });
});

describe('what a container takes besides CPU and memory', () => {
  const none = { cpuMillicores: 0, memoryBytes: 0 };
  const requirements = (
    other: { requestBytes?: number; limitBytes?: number; devices?: Record<string, number> },
    most: number | 'any' = 'any',
  ) => {
    const { requestBytes = 0, limitBytes = 0, devices = {} } = other;
    return toRequirements({ requests: none, limits: none }, most, {
      storage: { requestBytes, limitBytes },
      devices,
    });
  };
  const KIB = 1024;

  it('is requested in the number of its limit; none of it is left out', () => {
    expect(requirements({ devices: { 'nvidia.com/gpu': 2, 'amd.com/gpu': 0 } })).toEqual({
      limits: { 'nvidia.com/gpu': '2' },
      requests: { 'nvidia.com/gpu': '2' },
    });
  });

  it.each([
    ['a limit alone, from which Kubernetes takes the request', { limitBytes: KIB }, 'any', undefined, '1Ki'],
    ['a request alone', { requestBytes: KIB }, 'any', '1Ki', undefined],
    ['both', { requestBytes: KIB, limitBytes: 2 * KIB }, 'any', '1Ki', '2Ki'],
    ['a limit below the greatest one', { limitBytes: KIB }, 4 * KIB, undefined, '1Ki'],
    ['a request, with the greatest limit', { requestBytes: KIB }, 4 * KIB, '1Ki', '4Ki'],
    ['nothing, with the greatest limit', {}, 4 * KIB, '0', '4Ki'],
  ] as const)('is ephemeral storage: %s', (_sentence, other, most, request, limit) => {
    const { requests, limits } = requirements(other, most);

    expect([requests?.['ephemeral-storage'], limits?.['ephemeral-storage']]).toEqual([request, limit]);
  });
});

describe('requests of a Pod', () => {
  const cpus = (changes: Parameters<typeof aCompileInput>[0]) =>
    compile(aCompileInput(changes)).pod.spec?.containers.map(({ resources }) =>
      Number.parseInt(resources?.requests?.['cpu'] ?? '0', 10),
    ) ?? [];
  const sum = (numbers: readonly number[]) => numbers.reduce((total, value) => total + value, 0);
  const big = (name: string, dependsOn: string[]) => aStep({ name, dependsOn, requests: amount(2000, 512) });
  const diamond = aPipeline({
    steps: [big('a', ['clone']), big('b', ['a']), big('c', ['a']), big('d', ['b', 'c'])],
  });

  it('split ignores the requests of steps', () => {
    expect(cpus({ pipeline: diamond })).toEqual([20, 20, 20, 20, 20]);
  });

  it('peak requests resources for the steps that can run at the same time', () => {
    const parts = cpus({ pipeline: diamond, settings: someSettings({ resources: 'peak' }) });
    expect(sum(parts)).toBe(4000);
    expect(parts.slice(1)).toEqual(
      [1000, 1000, 1000, 1000].map((part) => expect.closeTo(part, -1) as number),
    );
  });

  it('a pipeline can choose peak', () => {
    const metadata = { namespace: '', labels: {}, annotations: { 'hangar.dev/resources': 'peak' } };
    expect(sum(cpus({ pipeline: { ...diamond, metadata } }))).toBe(4000);
  });

  it('the policy overrides the pipeline, and that the operator’s default', () => {
    const settings = someSettings({ policies: [aPolicy({ requests: amount(40, 0) })] });
    expect(cpus({ pipeline: aPipeline({ requests: amount(60, 0) }), settings })).toEqual([20, 20]);
    expect(cpus({ pipeline: aPipeline({ requests: amount(60, 0) }) })).toEqual([30, 30]);
  });
});
