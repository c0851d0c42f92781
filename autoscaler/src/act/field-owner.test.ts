import type { V1ManagedFieldsEntry } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { SetterMemory, settersOf } from './field-owner.ts';

const entry = (
  manager: string,
  fieldsV1: object = { 'f:spec': { 'f:replicas': {} } },
): V1ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  fieldsV1,
});

describe('who sets the number', () => {
  it('is whoever owns the field, and nobody who owns others', () => {
    const status = entry('karpenter', { 'f:status': { 'f:replicas': {} } });
    expect(settersOf([entry('kubectl'), status, entry('hangar', { 'f:metadata': {} })])).toEqual(['kubectl']);
    expect(settersOf(undefined)).toEqual([]);
  });
});

describe('somebody else', () => {
  const SELF = 'ci/hangar';
  /** Owner by annotation and setters, one reading after the other. */
  type Reading = readonly [string | undefined, ...string[]];

  it.each<[string, readonly Reading[], string | undefined]>([
    ['who made it before us is nobody', [[SELF, 'kubectl']], undefined],
    [
      'who made it, while we hold it without having set it',
      [
        [undefined, 'kubectl'],
        [SELF, 'kubectl'],
      ],
      undefined,
    ],
    [
      'nobody, while it is ours',
      [
        [SELF, 'kubectl'],
        [SELF, 'hangar'],
      ],
      undefined,
    ],
    [
      'who set it after us',
      [
        [SELF, 'hangar'],
        [SELF, 'kubectl'],
      ],
      'kubectl',
    ],
    [
      'who set it after us, still',
      [
        [SELF, 'hangar'],
        [SELF, 'kubectl'],
        [SELF, 'kubectl'],
      ],
      'kubectl',
    ],
    [
      'who applies the same number beside us',
      [
        [SELF, 'hangar'],
        [SELF, 'hangar', 'argocd'],
      ],
      undefined,
    ],
    [
      'nobody, once we set it again',
      [
        [SELF, 'hangar'],
        [SELF, 'kubectl'],
        [SELF, 'hangar'],
      ],
      undefined,
    ],
    [
      'nobody, once it was given back to us',
      [
        [SELF, 'hangar'],
        [SELF, 'kubectl'],
        [undefined, 'kubectl'],
        [SELF, 'kubectl'],
      ],
      undefined,
    ],
  ])('%s', (_, readings, who) => {
    const memory = new SetterMemory();
    const said = readings.map(([owner, ...setters]) => memory.otherWriter(owner, setters));
    expect(said.at(-1)).toBe(who);
  });
});
