import { describe, expect, it } from 'vitest';
import type { PipelineStep } from '../pipeline/pipeline.ts';
import { inspectManifest, parseManifest } from './manifest.ts';

const textOf = (list: 'steps' | 'services', field: string): string =>
  `kind: pipeline\ntype: kubernetes\n${list}:\n- name: a\n  image: b\n  ${field}\n`;

const stepOf = (field: string): PipelineStep | undefined =>
  parseManifest(textOf('steps', field)).pipelines[0]?.steps[0];

const serviceOf = (field: string): PipelineStep | undefined =>
  parseManifest(textOf('services', field)).pipelines[0]?.services[0];

/** The errors with their places; the field is in line 6, its value from column 3 on. */
const errorsOf = (field: string): readonly string[] =>
  inspectManifest(textOf('steps', field)).flatMap(({ errors, typeErrors }) =>
    [...typeErrors, ...errors].map(({ line, column, message }) => `${line}:${column} ${message}`),
  );

describe('the timeout of a step', () => {
  it.each([
    ['timeout: 10m', 600_000],
    ['timeout: 1h30m', 5_400_000],
    ['timeout: "250ms"', 250],
    ['timeout: 365d', 31_536_000_000],
  ])('%s', (field, ms) => {
    expect(stepOf(field)?.timeoutMs).toBe(ms);
  });

  it.each(['timeout:', 'timeout: null', 'user: 1'])('is absent: %s', (field) => {
    expect(stepOf(field)).not.toHaveProperty('timeoutMs');
  });

  it.each([
    ['a number without a unit', 'timeout: 600', '"600"'],
    ['nothing', 'timeout: 0s', '"0s"'],
    ['less than a millisecond', 'timeout: 0.2ms', '"0.2ms"'],
    ['a word', 'timeout: soon', '"soon"'],
    ['a negative one', 'timeout: -5m', '"-5m"'],
    ['more than a year', 'timeout: 366d', '"366d"'],
  ])('refuses %s', (_, field, shown) => {
    expect(errorsOf(field)).toEqual([
      `6:12 yaml: timeout ${shown} is not a duration of more than 0 and at most 365d: write a number with a unit, such as 90s or 10m`,
    ]);
  });

  it('refuses a list', () => {
    expect(errorsOf('timeout: [10m]')).toEqual(['6:12 yaml: cannot unmarshal !!seq into duration']);
  });
});

describe('the retry of a step', () => {
  it.each([
    ['retry: {attempts: 3}', { attempts: 3, backoffMs: 1_000 }],
    [
      'retry: {attempts: 10, exit_codes: [1, 75, 124, 255], backoff: 60s}',
      { attempts: 10, exitCodes: [1, 75, 124, 255], backoffMs: 60_000 },
    ],
    ['retry: {attempts: 2, exit_codes:, backoff: null}', { attempts: 2, backoffMs: 1_000 }],
  ])('%s', (field, retry) => {
    expect(stepOf(field)?.retry).toEqual(retry);
  });

  it('is absent', () => {
    expect(stepOf('retry:')).not.toHaveProperty('retry');
  });

  it.each([
    ['one attempt', '{attempts: 1}', '6:21 yaml: retry.attempts must be a whole number from 2 to 10'],
    ['eleven attempts', '{attempts: 11}', '6:21 yaml: retry.attempts must be a whole number from 2 to 10'],
    ['half an attempt', '{attempts: 2.5}', '6:21 yaml: retry.attempts must be a whole number from 2 to 10'],
    [
      'no attempts',
      '{backoff: 1s}',
      '6:10 yaml: retry has no attempts: set how often the step may run, from 2 to 10',
    ],
    ['a word', '{attempts: many}', '6:21 yaml: cannot unmarshal !!str `many` into int'],
    ['a number', '3', '6:10 yaml: cannot unmarshal !!int `3` into retry'],
    [
      'code 78',
      '{attempts: 2, exit_codes: [1, 78]}',
      '6:40 yaml: retry.exit_codes contains 78, which is no failure: it ends the pipeline early with success',
    ],
    [
      'code 256',
      '{attempts: 2, exit_codes: [256]}',
      '6:37 yaml: an exit code of retry.exit_codes must be a whole number from 1 to 255',
    ],
    [
      'code 0',
      '{attempts: 2, exit_codes: [0]}',
      '6:37 yaml: an exit code of retry.exit_codes must be a whole number from 1 to 255',
    ],
    [
      'no code',
      '{attempts: 2, exit_codes: []}',
      '6:36 yaml: retry.exit_codes is empty: name at least one exit code, or leave the field out to run the step again after every failure',
    ],
    [
      'a code without a list',
      '{attempts: 2, exit_codes: 75}',
      '6:36 yaml: cannot unmarshal !!int `75` into []int',
    ],
    [
      'a pause of more than a minute',
      '{attempts: 2, backoff: 61s}',
      '6:33 yaml: retry.backoff "61s" is not a duration of more than 0 and at most 1m: write a number with a unit, such as 90s or 10m',
    ],
  ])('refuses %s', (_, value, error) => {
    expect(errorsOf(`retry: ${value}`)).toEqual([error]);
  });
});

describe('the readiness of a service', () => {
  it.each([
    ['ready: {tcp: 5432}', { tcp: 5432, timeoutMs: 60_000 }],
    ['ready: {tcp: 65535, timeout: 90s}', { tcp: 65_535, timeoutMs: 90_000 }],
    [
      'ready: {http: {port: 8080, path: /healthz}}',
      { http: { port: 8080, path: '/healthz' }, timeoutMs: 60_000 },
    ],
    ['ready: {http: {port: 1}}', { http: { port: 1, path: '/' }, timeoutMs: 60_000 }],
    ['ready: {exec: [pg_isready, -q]}', { exec: ['pg_isready', '-q'], timeoutMs: 60_000 }],
    ['ready: {exec: [true], tcp: null}', { exec: ['true'], timeoutMs: 60_000 }],
  ])('%s', (field, ready) => {
    expect(serviceOf(field)?.ready).toEqual(ready);
  });

  it.each([
    [
      'two checks',
      '{tcp: 1, exec: [a]}',
      '6:10 yaml: ready has tcp and exec: set exactly one of tcp, http and exec',
    ],
    [
      'no check',
      '{timeout: 1s}',
      '6:10 yaml: ready has no check: set exactly one of tcp, http and exec, such as tcp: 5432',
    ],
    ['port 0', '{tcp: 0}', '6:16 yaml: ready.tcp must be a whole number from 1 to 65535'],
    ['port 65536', '{tcp: 65536}', '6:16 yaml: ready.tcp must be a whole number from 1 to 65535'],
    [
      'an HTTP port 0',
      '{http: {port: 0}}',
      '6:24 yaml: ready.http.port must be a whole number from 1 to 65535',
    ],
    ['no HTTP port', '{http: {path: /}}', '6:17 yaml: ready.http has no port: set the port of the service'],
    [
      'a path without a slash',
      '{http: {port: 1, path: healthz}}',
      '6:33 yaml: ready.http.path must begin with / and contain neither spaces nor characters outside of ASCII, such as /healthz',
    ],
    [
      'a path with a space',
      '{http: {port: 1, path: "/a b"}}',
      '6:33 yaml: ready.http.path must begin with / and contain neither spaces nor characters outside of ASCII, such as /healthz',
    ],
    [
      'no program',
      '{exec: []}',
      '6:17 yaml: ready.exec has no program: write a list such as [pg_isready, -q]',
    ],
    [
      'a command line as text',
      '{exec: pg_isready -q}',
      '6:17 yaml: cannot unmarshal !!str `pg_isre...` into []string',
    ],
    [
      'a timeout without a unit',
      '{tcp: 1, timeout: 60}',
      '6:28 yaml: ready.timeout "60" is not a duration of more than 0 and at most 365d: write a number with a unit, such as 90s or 10m',
    ],
  ])('refuses %s', (_, value, error) => {
    expect(errorsOf(`ready: ${value}`)).toEqual([error]);
  });

  it('warns of a key that it does not know', () => {
    expect(parseManifest(textOf('services', 'ready: {tcp: 1, timout: 5s}')).warnings).toEqual([
      'line 6: unknown key `timout` of ready is ignored; did you mean `timeout`?',
    ]);
  });
});

it('names all wrong values at once', () => {
  expect(() =>
    parseManifest(textOf('steps', 'timeout: 5\n  retry: {attempts: 1, exit_codes: [78]}')),
  ).toThrow(/timeout "5"[^]*retry\.attempts[^]*contains 78/);
});

describe('the parallelism of a pipeline', () => {
  const textOfPipeline = (field: string): string =>
    `kind: pipeline\ntype: kubernetes\nsteps:\n- name: a\n  image: b\n${field}\n`;
  const parallelismOf = (field: string) => parseManifest(textOfPipeline(field)).pipelines[0]?.parallelism;

  it('is a number of steps, or absent', () => {
    expect(parallelismOf('parallelism: 2')).toBe(2);
    expect(['parallelism:', 'name: a'].map(parallelismOf)).toEqual([undefined, undefined]);
  });

  it.each(['0', '-1', '1.5', '1001'])('refuses %s', (text) => {
    const [found] = inspectManifest(textOfPipeline(`parallelism: ${text}`)).flatMap(
      ({ typeErrors }) => typeErrors,
    );
    expect([found?.line, found?.column, found?.message]).toEqual([
      6,
      14,
      'yaml: parallelism must be a whole number from 1 to 1000',
    ]);
  });
});
