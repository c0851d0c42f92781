import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { lintAll, lintPipeline } from '../lint/lint.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { matchesConditions, runPolicyOf } from './conditions.ts';
import { GlobMatcher } from './glob-matcher.ts';
import { parseManifest } from './manifest.ts';
import { substitute } from './substitute.ts';
import { yamlValues } from './testing/arbitraries.ts';

const EXAMPLE = `kind: pipeline
type: kubernetes
name: build
x-base: &base
  image: golang:1.22
  environment: {CGO_ENABLED: 0, TOKEN: {from_secret: token}}
platform: {os: linux, arch: amd64}
trigger: {branch: [main]}
clone: {depth: 50}
services:
- name: redis
  image: redis:7
steps:
- name: test
  <<: *base
  commands:
  - go test ./...
  - echo "\${DRONE_COMMIT:0:8} $\${HOME}"
  volumes: [{name: cache, path: /cache}]
- name: publish
  image: plugins/docker
  settings: {repo: octocat/hello, tags: [latest, "1.0"], auth: {a: [1, 2]}}
  when: {event: {include: [push], exclude: [pull_request]}, status: [success, failure]}
  depends_on: [test]
  resources: {limits: {cpu: 500, memory: 512MiB}}
volumes:
- name: cache
  temp: {medium: memory, size_limit: 100MB}
tolerations:
- {key: ci, operator: Exists, toleration_seconds: 5}
---
kind: secret
name: token
get: {path: ci/token, name: value}
`;

const FACTS = {
  action: '',
  branch: 'main',
  cron: '',
  event: 'push',
  instance: '',
  ref: 'refs/heads/main',
  repo: 'a/b',
  target: '',
};
const CONTEXT = { trusted: false, slug: 'a/b', namespaceRules: { prod: ['a/*'] } };

/** Everything that parse and lint do with a file; only PipelineError may be thrown. */
function throughAllRooms(text: string): string {
  try {
    const manifest = parseManifest(substitute(text, { DRONE_COMMIT: 'abcdef0123' }));
    const verdicts = manifest.pipelines.map((pipeline) => {
      const problems = lintAll(pipeline, CONTEXT);
      expect(lintPipeline(pipeline, CONTEXT)).toEqual(problems[0]);
      const policies = pipeline.steps.map(({ when }) => [
        matchesConditions(when, FACTS, new GlobMatcher()),
        runPolicyOf(when, new GlobMatcher()),
      ]);
      return [problems, policies];
    });
    return JSON.stringify([manifest, verdicts]);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return String(error);
  }
}

const endsWell = (text: string): void => {
  expect(throughAllRooms(text)).toBe(throughAllRooms(text));
};

const KEYS = [
  'kind',
  'type',
  'name',
  'steps',
  'services',
  'volumes',
  'image',
  'commands',
  'environment',
  'settings',
  'when',
  'branch',
];
const MORE_KEYS = [
  'include',
  'exclude',
  'from_secret',
  'temp',
  'host',
  'path',
  'resources',
  'limits',
  'memory',
  '<<',
  '__proto__',
];
const TEXTS = [
  ...['pipeline', 'kubernetes', 'yes', '~', '0x1f', '1.5GiB', '/run/drone'],
  ...['..', '*', '[a', '${x', '!!int x', '&a', '*a'],
];
const tree = yamlValues(fc.oneof(fc.constantFrom(...KEYS, ...MORE_KEYS), fc.string()), TEXTS);

/** Far above the usual duration, so that the tests pass on a busy machine. */
const TIMEOUT_MS = 120_000;

describe('for any file', { timeout: TIMEOUT_MS }, () => {
  it('the example has no problem except its memory volume', () => {
    expect(throughAllRooms(EXAMPLE)).toContain('untrusted repositories cannot mount in-memory volumes');
  });

  it('only PipelineError is thrown: any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), endsWell), { numRuns: 100 });
  });

  it('only PipelineError is thrown: any YAML tree', () => {
    const property = fc.property(tree, (value) => endsWell(stringify(value)));
    fc.assert(property, { numRuns: 100 });
  });

  it('only PipelineError is thrown: any tree in the place of a pipeline', () => {
    const property = fc.property(fc.dictionary(fc.constantFrom(...KEYS), tree), (value) =>
      endsWell(stringify({ ...value, kind: 'pipeline', type: 'kubernetes' })),
    );
    fc.assert(property, { numRuns: 100 });
  });

  it('only PipelineError is thrown: a real file with parts removed, duplicated and replaced', () => {
    const at = fc.nat({ max: EXAMPLE.length });
    const piece = fc.oneof(
      fc.constantFrom(
        '\n',
        ' ',
        '- ',
        ': ',
        '{',
        '}',
        '[',
        ']',
        '&base ',
        '*base',
        '<<: ',
        '---\n',
        '"',
        '|',
        '${',
      ),
      fc.string({ maxLength: 3 }),
    );
    const edits = fc.array(fc.tuple(at, at, piece), { minLength: 1, maxLength: 4 });
    const property = fc.property(edits, (list) => {
      const text = list.reduce(
        (done, [from, length, put]) => done.slice(0, from) + put + done.slice(from + (length % 20)),
        EXAMPLE,
      );
      endsWell(text);
    });
    fc.assert(property, { numRuns: 100 });
  });

  it.each([
    ['nested lists', '['.repeat(50_000)],
    ['nested maps', '{a: '.repeat(10_000)],
    ['nested dashes', '- '.repeat(20_000)],
    ['nested lines', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['anchors without end', '&a '.repeat(10_000)],
    ['tags without end', '!'.repeat(200_000)],
    ['an open quote', `a: "${'x\n'.repeat(100_000)}`],
    ['separators without end', '---\n'.repeat(5_000)],
    [
      'steps by alias',
      `kind: pipeline\ntype: kubernetes\nsteps: [&s {name: a, image: b},${'*s,'.repeat(10_000)}]`,
    ],
  ])('parsing terminates with a short message: %s', (_, text) => {
    expect(throughAllRooms(text).length).toBeLessThan(2000);
  });
});
