import { describe, expect, it } from 'vitest';
import { aBuild, aRepo } from '../compile/testing/a-pipeline.ts';
import { trustLevelOf } from './trust-level.ts';

const SLUG = aRepo().slug;

describe('trustLevelOf', () => {
  it.each([
    ['a push', { event: 'push' }, false, 'ordinary'],
    ['a push to a trusted repository', { event: 'push' }, true, 'trusted'],
    [
      'a pull request of the repository itself',
      { event: 'pull_request', sourceRepo: SLUG },
      false,
      'ordinary',
    ],
    ['the same in a trusted repository', { event: 'pull_request', sourceRepo: SLUG }, true, 'trusted'],
    ['a pull request from a fork', { event: 'pull_request', sourceRepo: 'eve/widget' }, false, 'fork'],
    ['the same to a trusted repository', { event: 'pull_request', sourceRepo: 'eve/widget' }, true, 'fork'],
    ['a pull request without a source', { event: 'pull_request', sourceRepo: '' }, true, 'fork'],
    [
      'a source that differs by case',
      { event: 'pull_request', sourceRepo: SLUG.toUpperCase() },
      true,
      'fork',
    ],
    [
      'the promotion of a pull request from a fork',
      { event: 'promote', ref: 'refs/pull/7/head', sourceRepo: 'eve/widget' },
      true,
      'fork',
    ],
    ['a promotion of a branch', { event: 'promote', sourceRepo: 'eve/widget' }, true, 'trusted'],
    [
      'a branch that is called like a pull request',
      { event: 'push', ref: 'refs/heads/refs/pull/7' },
      true,
      'trusted',
    ],
  ])('of %s', (_sentence, build, trusted, want) => {
    expect(trustLevelOf({ build: aBuild(build), repo: aRepo({ trusted }) })).toBe(want);
  });
});
