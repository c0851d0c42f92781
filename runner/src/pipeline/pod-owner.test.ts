import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from './compiled.ts';
import { isBeforeAdoption } from './pod-owner.ts';

const pod = (adoptions?: string): V1Pod => ({
  metadata: { annotations: adoptions === undefined ? {} : { [ANNOTATION.adoptions]: adoptions } },
});

describe('a Pod as the watch shows it', () => {
  it.each([
    ['as it was before it was taken over', undefined, '1', true],
    ['as it was before it was taken over again', '1', '2', true],
    ['as this replica has it', '1', '1', false],
    ['as it never changed hands', undefined, undefined, false],
    ['after another replica took it over', '2', '1', false],
    ['with a number that somebody has edited', 'many', undefined, false],
  ])('%s', (_what, seen, known, isBefore) => {
    expect(isBeforeAdoption(pod(seen), pod(known))).toBe(isBefore);
  });
});
