import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatCpuMillicores,
  formatMemoryBytes,
  parseCpuMillicores,
  parseMemoryBytes,
  parseQuantity,
} from './quantity.ts';

describe('parseCpuMillicores', () => {
  it.each([
    ['500m', 500],
    ['2', 2000],
    ['1.1', 1100],
    ['0.1', 100],
    ['.5', 500],
    ['1e3', 1_000_000],
    ['100u', 1],
    ['1500000n', 2],
    ['1k', 1_000_000],
    ['-250m', -250],
    ['-1u', -1],
    ['0', 0],
  ])('reads %s as %d millicores', (text, want) => {
    expect(parseCpuMillicores(text)).toBe(want);
  });
});

describe('parseMemoryBytes', () => {
  it.each([
    ['2Gi', 2_147_483_648],
    ['100M', 100_000_000],
    ['1.5Ki', 1536],
    ['128974848', 128_974_848],
    ['129e6', 129_000_000],
    ['1500m', 2],
    ['1E', 1e18 > Number.MAX_SAFE_INTEGER ? undefined : 1e18],
    ['1E2', 100],
    ['4Ti', 4_398_046_511_104],
  ])('reads %s', (text, want) => {
    expect(parseMemoryBytes(text)).toBe(want);
  });

  it.each(['', 'Gi', '.', '1 Gi', '1gi', '1KB', '0x10', '1e', '1e1000', 'NaN', '+', '1_0'])(
    'refuses %j',
    (text) => {
      expect(parseMemoryBytes(text)).toBeUndefined();
    },
  );
});

describe('parseQuantity', () => {
  it.each([
    ['500m', 0.5],
    ['1Gi', 1_073_741_824],
    ['-1.5', -1.5],
    ['1n', 1e-9],
    ['8Ei', 8 * 2 ** 60],
    ['1 Gi', undefined],
    ['many', undefined],
  ])('reads %s as a number', (text, want) => {
    expect(parseQuantity(text)).toBe(want);
  });
});

describe('formatting', () => {
  it.each([
    [500, '500m'],
    [2000, '2'],
    [1500, '1500m'],
    [0, '0'],
  ])('formats %d millicores as %s', (cpuMillicores, want) => {
    expect(formatCpuMillicores(cpuMillicores)).toBe(want);
  });

  it.each([
    [2_147_483_648, '2Gi'],
    [104_857_600, '100Mi'],
    [1000, '1000'],
    [1536, '1536'],
    [0, '0'],
  ])('formats %d bytes as %s', (memoryBytes, want) => {
    expect(formatMemoryBytes(memoryBytes)).toBe(want);
  });

  it('round-trips every amount', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 50 }), (amount) => {
        expect(parseCpuMillicores(formatCpuMillicores(amount))).toBe(amount);
        expect(parseMemoryBytes(formatMemoryBytes(amount))).toBe(amount);
      }),
    );
  });

  it('parses any text without throwing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseCpuMillicores(text);
        parseMemoryBytes(text);
      }),
    );
  });
});
