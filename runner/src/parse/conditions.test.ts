import { describe, expect, it } from 'vitest';
import type { Conditions } from '../pipeline/pipeline.ts';
import { type ConditionFacts, matchesConditions, runPolicyOf } from './conditions.ts';
import { GlobMatcher } from './glob-matcher.ts';

const FACTS: ConditionFacts = {
  action: '',
  branch: 'main',
  cron: '',
  event: 'push',
  instance: 'drone.example.com',
  ref: 'refs/heads/main',
  repo: 'octocat/hello',
  target: '',
};

const include = (...globs: string[]): { include: readonly string[]; exclude: readonly string[] } => ({
  include: globs,
  exclude: [],
});
const exclude = (...globs: string[]): { include: readonly string[]; exclude: readonly string[] } => ({
  include: [],
  exclude: globs,
});

describe('matchesConditions (previous-runner §3.8.2)', () => {
  it.each<[string, Conditions, boolean]>([
    ['no conditions hold', {}, true],
    ['an include that matches', { branch: include('main') }, true],
    ['an include that does not', { branch: include('dev') }, false],
    ['any of several includes', { branch: include('dev', 'ma*') }, true],
    ['an exclude that matches', { branch: exclude('main') }, false],
    ['an exclude that does not', { branch: exclude('dev') }, true],
    ['an exclude wins over an include', { branch: { include: ['*'], exclude: ['main'] } }, false],
    ['all conditions must hold', { branch: include('main'), event: include('tag') }, false],
    ['globs over the slug', { repo: include('octocat/*') }, true],
    ['globs over the ref need two stars to cross slashes', { ref: include('refs/*') }, false],
    ['and with two stars they do', { ref: include('refs/**') }, true],
    ['an empty value is a value: stars match it', { cron: include('*') }, true],
    ['an empty value does not match a literal', { target: include('production') }, false],
    ['the instance', { instance: include('drone.example.com') }, true],
    ['paths are never compared', { paths: include('nothing/**') }, true],
    ['status is not part of the match', { status: include('failure') }, true],
    ['a malformed include never matches', { branch: include('[') }, false],
    ['a malformed exclude never matches', { branch: exclude('[') }, true],
  ])('%s', (_, conditions, want) => {
    expect(matchesConditions(conditions, FACTS, new GlobMatcher())).toBe(want);
  });
});

describe('runPolicyOf', () => {
  it.each<[string, Conditions, string]>([
    ['absent', {}, 'on-success'],
    ['both success and failure', { status: include('success', 'failure') }, 'always'],
    ['a star', { status: include('*') }, 'always'],
    ['only failure', { status: include('failure') }, 'on-failure'],
    ['only success', { status: include('success') }, 'on-success'],
    ['failure excluded', { status: exclude('failure') }, 'on-success'],
    ['success excluded', { status: exclude('success') }, 'on-failure'],
    ['neither success nor failure', { status: include('killed') }, 'on-success'],
    ['nothing in it', { status: include() }, 'on-success'],
    ['other conditions have no effect', { event: include('push') }, 'on-success'],
  ])('%s', (_, when, want) => {
    expect(runPolicyOf(when, new GlobMatcher())).toBe(want);
  });
});
