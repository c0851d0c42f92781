import { describe, expect, it } from 'vitest';
import { jsonResponse, openApiOf, query } from '../openapi/openapi.ts';
import { amount, count, flag, id, object, orNull, type Schema, text } from '../openapi/schema.ts';
import { type Answered, answerFaults, apiFaults, serviceFaults, validatorOf } from './api-faults.ts';

/** A description of one route, whose answer has one member. */
const apiWith = (
  name: string,
  member: Schema,
  isRequired = true,
  more: Readonly<Record<string, Schema>> = {},
) =>
  openApiOf(
    { title: 't', version: '1', description: 'An API.' },
    [{ path: '/a', summary: 'An answer.', responses: { 200: jsonResponse('Answer', 'the answer') } }],
    {
      Answer: isRequired
        ? object('The whole answer.', { [name]: member })
        : object('The whole answer.', {}, { [name]: member }),
      ...more,
    },
  );
const faultsOf = (name: string, member: Schema) => apiFaults(apiWith(name, member));

describe('the faults of a description', () => {
  it('are none where each member has a meaning, its unit and a valid example', () => {
    expect(faultsOf('waitSeconds', amount('seconds', 'Longest wait for a node.', 4.2))).toEqual([]);
    expect(faultsOf('stageId', id('Id of the stage.', 7))).toEqual([]);
  });

  it.each<[string, string, Schema, string]>([
    ['no meaning', 'pool', text('', 'builds'), 'Answer.pool: no sentence as meaning: ""'],
    ['half a sentence', 'pool', text('name of the pool', 'builds'), 'Answer.pool: no sentence as meaning'],
    ['no example', 'pool', { type: 'string', description: 'Name of the pool.' }, 'Answer.pool: no example'],
    [
      'an example of another type',
      'ok',
      { ...flag('Whether it is healthy.', true), examples: ['yes'] },
      'Answer.ok: the example is invalid:  must be boolean',
    ],
    [
      'another unit than in the name',
      'memoryBytes',
      count('MiB', 'Memory request.', 512),
      'Answer.memoryBytes: the name promises another unit than "MiB"',
    ],
    [
      'a unit in the name only',
      'waitMs',
      { type: 'number', description: 'Longest wait.', examples: [1] },
      'Answer.waitMs: the name promises another unit than ""',
    ],
    [
      'a unit that the name lacks',
      'wait',
      amount('seconds', 'Longest wait.', 1),
      'Answer.wait: the name lacks the unit seconds',
    ],
    [
      'another unit in the meaning',
      'waitSeconds',
      amount('seconds', 'Longest wait in minutes.', 1),
      'Answer.waitSeconds: the meaning states minutes, the unit is seconds',
    ],
    [
      'no percentile in the meaning',
      'waitP95Seconds',
      amount('seconds', 'Longest wait.', 1),
      'Answer.waitP95Seconds: no 95th percentile in the meaning',
    ],
    [
      'no meaning of null',
      'pool',
      { oneOf: [{ type: 'string' }, { type: 'null' }], description: 'Name of the pool.', examples: ['a'] },
      'Answer.pool: the meaning of null is missing',
    ],
  ])('name a member with %s', (_, name, member, fault) => {
    expect(faultsOf(name, member)).toEqual([expect.stringContaining(fault)]);
  });

  it('name an optional member that does not state what its absence means', () => {
    const pool = text('Name of the pool.', 'builds');

    expect(apiFaults(apiWith('pool', pool, false))).toEqual([
      'Answer.pool: the meaning of absence is missing',
    ]);
    expect(apiFaults(apiWith('pool', text('Name of the pool. Absent: all.', 'builds'), false))).toEqual([]);
  });

  it('name a member inside of a list, and a schema that nothing refers to', () => {
    const items = object('One pool of nodes.', { name: text('', 'builds') });
    const api = apiWith('pools', { type: 'array', description: 'All pools.', items }, true, { Lost: items });

    expect(apiFaults(api)).toEqual([
      'Answer.pools.name: no sentence as meaning: ""',
      'Lost.name: no sentence as meaning: ""',
      'Lost: nothing refers to it',
    ]);
  });

  it('name a query parameter without a valid example', () => {
    const api = apiWith('ok', flag('Whether it is healthy.', true));
    const asked = [query('hours', { ...amount('hours', 'Hours of history.', 6), examples: ['six'] })];
    const { get } = api.paths['/a'] ?? {};
    const paths = get ? { '/a': { get: { ...get, parameters: asked } } } : {};

    expect(apiFaults({ ...api, paths })).toEqual([
      expect.stringContaining('/a?hours: the example is invalid:  must be number'),
    ]);
  });
});

describe('the validator', () => {
  const wait = orNull(amount('seconds', 'Longest wait.', 4), 'nothing waited');
  const validate = validatorOf(apiWith('waitSeconds', wait));
  const answer = { $ref: '#/components/schemas/Answer' };

  it('accepts exactly what is described', () => {
    expect(validate(answer, { waitSeconds: 1 })).toEqual([]);
    expect(validate(answer, { waitSeconds: null })).toEqual([]);
  });

  it.each([
    ['a member of another type', { waitSeconds: '1' }],
    ['a missing member', {}],
    ['a member that is not described', { waitSeconds: 1, more: 1 }],
  ])('rejects %s', (_, value) => {
    expect(validate(answer, value)).not.toEqual([]);
  });
});

describe('the faults of answers', () => {
  const api = apiWith('ok', flag('Whether it is healthy.', true));
  const answer = { statusCode: 200, contentType: 'application/json; charset=utf-8', body: '{"ok":true}' };
  const faultsFor = (change: Partial<Answered>) => {
    const operation = api.paths['/a']?.get ?? { summary: '', parameters: [], responses: {} };
    return answerFaults(operation, { ...answer, ...change }, validatorOf(api));
  };

  it('are none for an answer as described', () => {
    expect(faultsFor({})).toEqual([]);
  });

  it.each<[string, Partial<Answered>, string]>([
    ['another status', { statusCode: 404 }, '404 application/json is not described'],
    ['another type', { contentType: 'text/html' }, '200 text/html is not described'],
    ['a member that is not described', { body: '{"ok":true,"more":1}' }, 'additional'],
  ])('name %s', (_, change, fault) => {
    expect(faultsFor(change)).toEqual([expect.stringContaining(fault)]);
  });

  it('name a body where none is described', () => {
    const operation = { summary: '', parameters: [], responses: { 200: { description: 'an empty body' } } };
    const validate = validatorOf(api);

    expect(answerFaults(operation, answer, validate)).toEqual(['a body is not described']);
    expect(answerFaults(operation, { ...answer, body: '' }, validate)).toEqual([]);
  });

  it('are found by the description that a service itself serves', async () => {
    const get = (body: string) => (path: string) =>
      Promise.resolve({ ...answer, body: path === '/openapi.json' ? JSON.stringify(api) : body });

    expect(await serviceFaults(get('{"ok":true}'))).toEqual([]);
    expect(await serviceFaults(get('{"ok":1}'))).toEqual([
      expect.stringContaining('/a: /ok must be boolean'),
    ]);
    expect(await serviceFaults(get('{}'), () => false)).toEqual(['no path was asked']);
  });
});
