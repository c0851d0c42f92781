import { exampleAddress } from '@hangar/shared/openapi/api-text';
import { apiFaults, validatorOf } from '@hangar/shared/testing/api-faults';
import { routesOf } from '@hangar/shared/testing/routes-of';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../history/ledger.ts';
import { openApi } from './openapi.ts';
import { PROBLEM_TYPE } from './problem.ts';
import { aServer, RECOMMENDATION, withAnswer } from './testing/a-server.ts';

const API = openApi('1.2.3');
const validate = validatorOf(API);

const filled = (ledger: Ledger): void => {
  ledger.decisions.push({
    atMs: 0,
    pool: 'p',
    fromNodes: 1,
    toNodes: 2,
    needNodes: 2,
    shrinkToNodes: 2,
    outcome: 'dry-run',
    note: '',
    because: [],
  });
  const { atMs } = RECOMMENDATION;
  const act = { atMs, actor: 'node-pool builds', from: undefined, because: 'one more', text: 'scaled' };
  ledger.audit.record({ ...act, kind: 'set', to: 2 });
  ledger.audit.record({ ...act, kind: 'unchanged', to: 3, trouble: 'no node was added within 10 minutes' });
  ledger.history.push({
    atMs: RECOMMENDATION.atMs,
    running: 4,
    pending: null,
    known: 0,
    buffer: 9.9,
    waitSeconds: null,
    shapes: { '4cpu-8gb': 5 },
    pools: { p: { actual: 1, desired: 2 } },
  });
};

const responses = Object.entries(API.paths).flatMap(([path, { get }]) =>
  Object.entries(get.responses).flatMap(([status, { content = {} }]) =>
    Object.entries(content).map(([type, { schema }]) => ({ path, get, status, type, schema })),
  ),
);
const good = responses.filter(({ status, schema }) => status === '200' && schema);
const bad = responses.filter(({ status }) => status !== '200');

describe('the description', () => {
  it('has a meaning, a unit and a valid example of every member and every query parameter', () => {
    expect(apiFaults(API)).toEqual([]);
  });

  it.each(good)(
    'of GET $path lists exactly the members of the answer',
    async ({ path, get, schema = {} }) => {
      const { http, ledger } = withAnswer();
      filled(ledger);
      const answer = await http.inject(`/${exampleAddress(path, get)}`);

      expect(answer.statusCode).toBe(200);
      expect(validate(schema, answer.json())).toEqual([]);
    },
  );

  it.each(bad)(
    'of GET $path has what is answered with $status',
    async ({ path, status, type, schema = {} }) => {
      const { http, ledger, clock } = aServer();
      ledger.stale(clock.now(), [{ weight: 'stale', text: 'old' }]);
      await clock.step(700_000);
      const answer = await http.inject(status === '400' ? `${path}?prsPerDay=x&hours=x` : path);

      expect(String(answer.statusCode)).toBe(status);
      expect(String(answer.headers['content-type']).split(';')[0]).toBe(type);
      expect(validate(schema, answer.json())).toEqual([]);
    },
  );

  it('of a recommendation that is no longer valid lists exactly its members', async () => {
    const { http, ledger, clock } = withAnswer();
    ledger.stale(clock.now(), [{ weight: 'stale', text: 'old' }]);
    const answer = (await http.inject('/api/v1/recommendations')).json<object>();

    expect(answer).toHaveProperty('staleSince');
    expect(validate({ $ref: '#/components/schemas/Recommendation' }, answer)).toEqual([]);
  });

  it('has the problems of other paths too', async () => {
    const answer = await aServer().http.inject('/nope');

    expect(answer.headers['content-type']).toContain(PROBLEM_TYPE);
    expect(validate({ $ref: '#/components/schemas/Problem' }, answer.json())).toEqual([]);
  });

  it('lists every path of the service that is no page, and no other', () => {
    const pages = /^\/(page\/.*|api|openapi\.json|)$/;

    expect(routesOf(aServer).filter((path) => !pages.test(path))).toEqual(Object.keys(API.paths).sort());
  });

  it('is served with the version', async () => {
    const { http } = withAnswer();

    expect((await http.inject('/openapi.json')).json()).toEqual(JSON.parse(JSON.stringify(API)));
  });
});
