import { UsageError } from '@hangar/shared/program/command-error';
import { readOptions } from '@hangar/shared/program/options';
import { fakeContext } from '@hangar/shared/testing/fake-context';
import { describe, expect, it } from 'vitest';
import { aPipeline, aService, aStep } from '../../compile/testing/a-pipeline.ts';
import { matchesConditions } from '../../parse/conditions.ts';
import { GlobMatcher } from '../../parse/glob-matcher.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { EXEC_OPTIONS } from '../options.ts';
import { stepsOf } from '../testing/command-line.ts';
import { localConfigOf } from './settings.ts';
import { chooseSteps, subjectOf } from './subject.ts';

const NO_FACTS = {
  action: '',
  branch: '',
  cron: '',
  event: 'push',
  instance: '',
  ref: '',
  repo: '',
  target: '',
};
const PIPELINE = aPipeline({
  services: [aService({ name: 'redis' })],
  steps: [aStep({ name: 'a' }), aStep({ name: 'b' })],
});

/** Names of the steps that can run. */
const running = ({ clone, services, steps }: Pipeline): string[] => [
  ...(clone.disable ? [] : ['clone']),
  ...[...services, ...steps]
    .filter(({ when }) => matchesConditions(when, NO_FACTS, new GlobMatcher()))
    .map(({ name }) => name),
];

const chosen = (...args: string[]) =>
  running(chooseSteps(PIPELINE, readOptions(EXEC_OPTIONS, args).options, true));

describe('the selection of steps', () => {
  it.each([
    ['all without flags', [], ['clone', 'redis', 'a', 'b']],
    ['only the included ones, and clone', ['--include', 'b'], ['clone', 'b']],
    ['a service must be included too', ['--include', 'b', '--include', 'redis'], ['clone', 'redis', 'b']],
    ['all but the excluded ones', ['--exclude', 'a'], ['clone', 'redis', 'b']],
    ['clone can be excluded', ['--exclude', 'clone'], ['redis', 'a', 'b']],
    ['exclude wins', ['--include', 'a', '--exclude', 'a'], ['clone']],
  ])('is %s', (_, args, names) => {
    expect(chosen(...args)).toEqual(names);
  });

  it('refuses names that no step has', () => {
    expect(() => chosen('--include', 'c')).toThrow(UsageError);
    expect(() => chosen('--exclude', 'c')).toThrow('there is no step "c"; there are "redis", "a", "b"');
  });
});

describe('the selected pipeline (previous-runner §2.4)', () => {
  function subject(yaml: string, args: readonly string[] = []) {
    const { options } = readOptions(EXEC_OPTIONS, args);
    const context = fakeContext({ 'p.yml': yaml });
    const config = localConfigOf(options, context, 'from-context');
    const sources = { file: 'p.yml', options, config, stageId: 7, clone: () => false };
    return { config, subject: subjectOf(sources, context) };
  }
  const GOOD = stepsOf('- { name: a, image: alpine, commands: [true] }');

  it.each([
    ['60 minutes without a flag', [], 60],
    ['minutes of the old flag', ['--repo-timeout', '5'], 5],
    ['a span', ['--timeout', '90s'], 1.5],
    ['minutes without a unit', ['--timeout', '2'], 2],
  ])('has a limit of %s', (_, args, minutes) => {
    expect(subject(GOOD, args).subject).toMatchObject({ detail: { repo: { timeoutMinutes: minutes } } });
  });

  it('is cloned by the command’s default, or as the flag sets it', () => {
    expect(subject(GOOD).subject).toMatchObject({ pipeline: { clone: { disable: true } } });
    expect(subject(GOOD, ['--clone']).subject).toMatchObject({ pipeline: { clone: { disable: false } } });
  });

  it('is the only pipeline of a file, whatever its name; of several, one must be named', () => {
    const one = GOOD.replace('default', 'arm');
    expect(subject(one).subject).toMatchObject({ detail: { stage: { id: 7, name: 'arm' } } });
    const two = `${one}---\n${GOOD.replace('default', 'amd')}`;
    expect(() => subject(two)).toThrow(
      'several pipelines: choose one with --stage-name; there are "arm", "amd"',
    );
    expect(subject(two, ['--stage-name', 'amd']).subject).toMatchObject({ pipeline: { name: 'amd' } });
  });

  it('is not refused for errors in another pipeline, unless that can’t be parsed', () => {
    const badNeighbour = `${GOOD}---\n${stepsOf('- { name: b, image: "" }').replace('default', 'other')}`;
    expect(subject(badNeighbour).subject.kind).toBe('ready');
    expect(subject(`${GOOD}---\nsteps: [a: b: c]\n`).subject.kind).toBe('refused');
  });

  it('has a slug built from its parts, and the build data of the flags', () => {
    const args = [
      '--repo-namespace',
      'acme',
      '--repo-name',
      'widget',
      '--build-event',
      'tag',
      '--build-param',
      'A=1',
    ];
    expect(subject(GOOD, args).subject).toMatchObject({
      detail: { repo: { slug: 'acme/widget' }, build: { event: 'tag', params: { A: '1' } } },
    });
  });

  it('gets its namespace from the flag, then the context', () => {
    expect(subject(GOOD).config.compile.defaultNamespace).toBe('from-context');
    expect(subject(GOOD, ['--namespace', 'ci']).config.compile.defaultNamespace).toBe('ci');
  });

  it('accepts settings from flags in the old units', () => {
    const args = [
      '--limit-memory',
      '64',
      '--request-cpu',
      '250',
      '--volumes',
      '/a=/b:ro',
      '--gate-image',
      'g:1',
    ];
    expect(subject(GOOD, args).config.compile).toMatchObject({
      limits: { cpuMillicores: 0, memoryBytes: 64 * 1024 * 1024 },
      requests: { cpuMillicores: 250, memoryBytes: 100 * 1024 * 1024 },
      globalVolumes: [{ hostPath: '/a', containerPath: '/b', readOnly: true }],
      gateImage: 'g:1',
      placeholderImage: 'g:1',
    });
  });
});
