import type { V1Lease } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadOwners, type Observations } from './dead-owners.ts';

const lease = (name: string, version: string, spec: Partial<V1Lease['spec']> = {}): V1Lease => ({
  metadata: { name, resourceVersion: version },
  spec: { holderIdentity: name, leaseDurationSeconds: 30, ...spec },
});

type Round = readonly [number, readonly V1Lease[]];

/** Looks one after another at `[at, leases]`; names of the dead at each. */
function rounds(...all: readonly Round[]): (string | undefined)[][] {
  let before: Observations = new Map();
  return all.map(([nowMs, leases]) => {
    const { dead, observations } = deadOwners(leases, 'own', before, nowMs);
    before = observations;
    return dead.map((one) => one.metadata?.name);
  });
}

describe('deadOwners', () => {
  it.each<[string, Round[], string[]]>([
    ['one that was let go is dead at once', [[0, [lease('a', '1', { holderIdentity: '' })]]], ['a']],
    [
      'one without any holder too',
      [[0, [lease('a', '1', { holderIdentity: undefined as unknown as string })]]],
      ['a'],
    ],
    ['one without anything in it', [[0, [{ metadata: { name: 'a' } }]]], ['a']],
    ['one seen for the first time is not, however old it says it is', [[9_000_000, [lease('a', '1')]]], []],
    [
      'one that stood still for its term, not yet',
      [
        [0, [lease('a', '1')]],
        [31_000, [lease('a', '1')]],
      ],
      [],
    ],
    [
      'one that stood still for longer',
      [
        [0, [lease('a', '1')]],
        [31_001, [lease('a', '1')]],
      ],
      ['a'],
    ],
    [
      'one that was renewed in time',
      [
        [0, [lease('a', '1')]],
        [20_000, [lease('a', '2')]],
        [40_000, [lease('a', '2')]],
      ],
      [],
    ],
    [
      'one that was away from the list counts anew',
      [
        [0, [lease('a', '1')]],
        [20_000, []],
        [40_000, [lease('a', '1')]],
      ],
      [],
    ],
    [
      'our own, never',
      [
        [0, [lease('own', '1')]],
        [90_000, [lease('own', '1')]],
      ],
      [],
    ],
    [
      'one that says no term, after two minutes only',
      [
        [0, [lease('a', '1', { leaseDurationSeconds: 0 })]],
        [121_000, [lease('a', '1', { leaseDurationSeconds: 0 })]],
      ],
      [],
    ],
  ])('%s', (_, sequence, want) => {
    expect(rounds(...sequence).at(-1)).toEqual(want);
  });

  it('never calls dead who renews at least once a term, whenever the Leases are listed', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 29_999 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(gaps, (gapsMs) => {
        let nowMs = 0;
        const sequence = gapsMs.map((gapMs, index) => {
          nowMs += gapMs;
          return [nowMs, [lease('a', String(index))]] as const;
        });
        expect(rounds(...sequence).flat()).toEqual([]);
      }),
    );
  });

  it('calls dead who stopped, in the first round after term and margin, and not before', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(gaps, (gapsMs) => {
        let nowMs = 0;
        const times = [0, ...gapsMs.map((gapMs) => (nowMs += gapMs))];
        const dead = rounds(...times.map((ms) => [ms, [lease('a', '1')]] as const));
        expect(dead.map((names) => names.length > 0)).toEqual(times.map((ms) => ms > 31_000));
      }),
    );
  });
});
