import { describe, expect, it } from 'vitest';
import { commonEnvironment } from './common-environment.ts';
import { stageEnvironment, substitutionVariables } from './stage-environment.ts';
import { tagVariables } from './tag-versions.ts';
import {
  aBuild,
  aDetail,
  aPipeline,
  aPreparation,
  aStage,
  NOW_MS,
  someSettings,
} from './testing/a-pipeline.ts';

describe('stageEnvironment', () => {
  it('describes a plain push', async () => {
    const environment = JSON.stringify(stageEnvironment(aDetail(), NOW_MS), null, 2);
    await expect(`${environment}\n`).toMatchFileSnapshot('golden/stage-environment.json');
  });

  it('has status failure when another stage failed, and names that stage', () => {
    const stages = [
      aStage({ id: 30, name: 'lint', status: 'killed' }),
      aStage({ id: 31, status: 'failure' }),
    ];
    const failing = stageEnvironment(aDetail({ build: aBuild({ stages }) }), NOW_MS);
    expect(failing).toMatchObject({ DRONE_BUILD_STATUS: 'failure', DRONE_FAILED_STAGES: 'lint' });
  });

  it('has status success while nothing failed', () => {
    const stages = [aStage({ id: 30, status: 'skipped' })];
    const passing = stageEnvironment(aDetail({ build: aBuild({ stages }) }), NOW_MS);
    expect(passing['DRONE_BUILD_STATUS']).toBe('success');
    expect(passing).not.toHaveProperty('DRONE_FAILED_STAGES');
  });

  it.each([
    ['pull_request', 'refs/pull/42/head', { DRONE_PULL_REQUEST: '42', DRONE_PULL_REQUEST_TITLE: 'better' }],
    ['pull_request', 'refs/merge/x', { DRONE_PULL_REQUEST: '', DRONE_PULL_REQUEST_TITLE: 'better' }],
    ['push', 'refs/tags/v1', { DRONE_TAG: 'v1' }],
  ])('for event %s and ref %s has the matching variables', (event, ref, want) => {
    const all = stageEnvironment(aDetail({ build: aBuild({ event, ref, title: 'better' }) }), NOW_MS);
    const occasional = Object.entries(all).filter(([name]) => /PULL_REQUEST|DRONE_TAG/.test(name));
    expect(Object.fromEntries(occasional)).toEqual(want);
  });
});

describe('tagVariables', () => {
  it.each([
    [
      'v1.2.3-rc.1+build.5',
      {
        DRONE_SEMVER: '1.2.3-rc.1+build.5',
        DRONE_SEMVER_MAJOR: '1',
        DRONE_SEMVER_MINOR: '2',
        DRONE_SEMVER_PATCH: '3',
        DRONE_SEMVER_SHORT: '1.2.3',
        DRONE_SEMVER_PRERELEASE: 'rc.1',
        DRONE_SEMVER_BUILD: 'build.5',
      },
    ],
    ['v1.2', { DRONE_SEMVER_ERROR: '1.2 is not in dotted-tri format' }],
    ['nightly-7', { DRONE_SEMVER_ERROR: 'nightly is not in dotted-tri format' }],
    [
      '2020.01.5',
      {
        DRONE_SEMVER: '2020.1.5',
        DRONE_SEMVER_MAJOR: '2020',
        DRONE_SEMVER_MINOR: '1',
        DRONE_SEMVER_PATCH: '5',
        DRONE_SEMVER_SHORT: '2020.1.5',
        DRONE_CALVER: '2020.01.5',
        DRONE_CALVER_MAJOR_MINOR: '2020.01',
        DRONE_CALVER_MAJOR: '2020',
        DRONE_CALVER_MINOR: '01',
        DRONE_CALVER_MICRO: '5',
        DRONE_CALVER_SHORT: '2020.01.5',
      },
    ],
  ])('%s', (tag, want) => {
    expect(tagVariables(`refs/tags/${tag}`)).toEqual({ DRONE_TAG: tag, ...want });
  });

  it.each([
    ['v24.3.1-rc.2', '24.3.1', { MICRO: '1', MODIFIER: 'rc.2' }],
    ['24.3.1.2', '24.3.1.2', { MICRO: '1.2' }],
    ['2024.10.1+build.5', '2024.10.1+build.5', { MICRO: '1+build.5' }],
    ['2024.1.', '2024.1', { MICRO: '' }],
  ])('separates a calendar version at its first two dots only: %s', (tag, short, more) => {
    const variables = tagVariables(`refs/tags/${tag}`);
    const calendar = Object.fromEntries(
      Object.entries(variables).flatMap(([name, value]) =>
        name.startsWith('DRONE_CALVER_') ? [[name.slice('DRONE_CALVER_'.length), value]] : [],
      ),
    );
    expect(calendar).toMatchObject({ SHORT: short, ...more });
    expect(variables['DRONE_CALVER']).toBe(tag.replace(/^v/, ''));
    expect(Object.hasOwn(calendar, 'MODIFIER')).toBe(tag.includes('-'));
  });

  it('reads no version from a branch, and no calendar version from a small number', () => {
    expect(tagVariables('refs/heads/v1.2.3')).toEqual({});
    expect(tagVariables('refs/tags/18.04')).not.toHaveProperty('DRONE_CALVER');
    expect(tagVariables('refs/tags/19.04')).toHaveProperty('DRONE_CALVER_MICRO', '');
    expect(tagVariables('refs/tags/19.04.1-beta')).toHaveProperty('DRONE_CALVER_MODIFIER', 'beta');
    expect(tagVariables('refs/tags/1.a.3')).toHaveProperty('DRONE_SEMVER_ERROR');
  });
});

describe('layers (previous-runner §4.7.1, §4.9.2)', () => {
  const detail = aDetail({ build: aBuild({ params: { A: 'param', B: 'param', CI: 'param' } }) });
  const common = commonEnvironment({
    pipeline: aPipeline({ environment: { B: 'pipeline', GIT_AUTHOR_NAME: 'pipeline' } }),
    detail,
    prepared: aPreparation({
      environment: [
        { name: 'A', value: 'runner', mask: false },
        { name: 'R', value: 'runner', mask: false },
      ],
    }),
    settings: someSettings({
      proxies: { HTTP_PROXY: 'http://upper', http_proxy: 'http://lower', no_proxy: 'x', ALL_PROXY: '' },
      tmate: { ...someSettings().tmate, host: 'tmate.example.com', port: '22' },
    }),
    nowMs: NOW_MS,
    workspace: '/drone/src',
    workspaceVolume: 'w',
  });

  it('in containers the stage overrides parameters, and those the runner’s environment', () => {
    expect(Object.fromEntries(common)).toMatchObject({
      R: 'runner',
      A: 'param',
      B: 'pipeline',
      CI: 'true',
      GIT_AUTHOR_NAME: 'Ada Lovelace',
    });
  });

  it('in the YAML parameters override the stage', () => {
    expect(substitutionVariables(detail, { A: 'runner', R: 'runner' }, NOW_MS)).toMatchObject({
      R: 'runner',
      A: 'param',
      CI: 'param',
    });
  });

  it('proxies are set in both spellings, upper case first; empty ones are left out', () => {
    expect(common.get('http_proxy')).toBe('http://upper');
    expect(common.get('HTTP_PROXY')).toBe('http://upper');
    expect(common.get('NO_PROXY')).toBe('x');
    expect(common.has('all_proxy')).toBe(false);
  });

  it('workspace and tmate variables are set', () => {
    expect(common.get('DRONE_WORKSPACE')).toBe('/drone/src');
    expect(common.get('DRONE_TMATE_HOST')).toBe('tmate.example.com');
  });
});
