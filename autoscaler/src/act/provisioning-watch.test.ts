import { describe, expect, it } from 'vitest';
import { judgeProvisioning, type ProvisioningMemory, type ProvisioningSigns } from './provisioning-watch.ts';

const BOOT_MS = 180_000;

/** Judges one look after the other: [at ms, asked, there?, progress]. */
function judge(...looks: readonly (readonly [number, number, boolean, string])[]): string {
  let memory: ProvisioningMemory | undefined;
  let service = 'none';
  for (const [nowMs, asked, isThere, progress] of looks) {
    const signs: ProvisioningSigns = { isThere, progress };
    ({ service, memory } = judgeProvisioning(memory, asked, signs, { nowMs, bootMs: BOOT_MS }));
  }
  return service;
}

describe('whether somebody serves a buffer', () => {
  it.each([
    ['nothing is asked for', 'served', [[0, 0, false, '']]],
    ['all is there', 'served', [[0, 3, true, '']]],
    ['it was just asked for', 'coming', [[0, 3, false, '']]],
    [
      'nothing moved for a boot time',
      'coming',
      [
        [0, 3, false, ''],
        [BOOT_MS, 3, false, ''],
      ],
    ],
    [
      'nothing moved for longer',
      'unserved',
      [
        [0, 3, false, ''],
        [BOOT_MS + 1, 3, false, ''],
      ],
    ],
    [
      'a node came meanwhile',
      'coming',
      [
        [0, 3, false, '1'],
        [9, 3, false, '2'],
        [BOOT_MS + 1, 3, false, '2'],
      ],
    ],
    [
      'more is asked for, in vain',
      'unserved',
      [
        [0, 3, false, ''],
        [9, 4, false, ''],
        [BOOT_MS + 1, 5, false, ''],
      ],
    ],
    [
      'it was there and is eaten up',
      'coming',
      [
        [0, 3, false, ''],
        [9, 3, true, ''],
        [BOOT_MS + 1, 3, false, ''],
      ],
    ],
  ] as const)('%s: %s', (_, service, looks) => {
    expect(judge(...looks)).toBe(service);
  });
});
