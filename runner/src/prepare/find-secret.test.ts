import { describe, expect, it } from 'vitest';
import { aBuild, aDetail, aRepo } from '../compile/testing/a-pipeline.ts';
import { findSecret } from './find-secret.ts';

// The example of drone-rpc §6.6.
const KEY = 'O1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6';
const DATA = 'AAECAwQFBgcICQoLqpQ10ZmFMln1E07yBFxsjzaTn0jCG1capZ4=';

interface Build {
  readonly event?: string;
  readonly ref?: string;
  readonly sourceRepo?: string;
  readonly private?: boolean;
}

/** The answer for an encrypted secret of the file. */
function encrypted(build: Build) {
  const { private: isPrivate = false, ...of } = build;
  const repo = aRepo({ slug: 'acme/widget', private: isPrivate, secret: KEY });
  const detail = aDetail({ repo, build: aBuild({ sourceRepo: '', ref: 'refs/heads/main', ...of }) });
  const documents = [{ name: 'token', data: DATA, get: undefined }];
  return findSecret('token', { detail, documents, runnerSecrets: {}, plugin: undefined });
}

const WITHHELD = { missing: expect.stringContaining('not available to pull requests') as unknown };
const GIVEN = { value: 'hunter-two' };

describe('an encrypted secret of a public repository', () => {
  it.each<[string, Build]>([
    ['a pull request from a fork', { event: 'pull_request', sourceRepo: 'eve/widget' }],
    ['a pull request from an unknown source', { event: 'pull_request', sourceRepo: '' }],
    ['a pull request from the repository', { event: 'pull_request', sourceRepo: 'acme/widget' }],
    [
      'the ref of a pull request from an unknown source, whatever the event',
      { event: 'custom', ref: 'refs/pull/7/head', sourceRepo: '' },
    ],
    [
      'the ref of a merge request from a fork, whatever the event',
      { event: 'promote', ref: 'refs/merge-requests/7/head', sourceRepo: 'eve/widget' },
    ],
  ])('is withheld from %s', async (_, build) => {
    expect(await encrypted(build)).toEqual(WITHHELD);
  });

  it.each<[string, Build]>([
    ['a push', { event: 'push' }],
    ['a branch with the name of such a ref', { event: 'push', ref: 'refs/heads/refs/pull/7/head' }],
    ['a fork, in a private repository', { event: 'pull_request', sourceRepo: 'eve/widget', private: true }],
    ['an unknown source, in a private repository', { event: 'pull_request', sourceRepo: '', private: true }],
  ])('near miss: is given to %s', async (_, build) => {
    expect(await encrypted(build)).toEqual(GIVEN);
  });
});
