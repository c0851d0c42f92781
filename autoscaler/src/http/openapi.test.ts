import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../history/ledger.ts';
import { openApi, ROUTES, type Schema } from './openapi.ts';
import { aServer, RECOMMENDATION, withAnswer } from './testing/a-server.ts';

/** The schema made strict: members that are not described are errors. */
function closed(schema: Schema): Schema {
  const { $ref, items, oneOf, properties, additionalProperties } = schema;
  const each = (members: Readonly<Record<string, Schema>>) =>
    Object.fromEntries(Object.entries(members).map(([name, member]) => [name, closed(member)]));
  return {
    ...schema,
    ...($ref ? { $ref: $ref.replace('#/components/schemas/', '') } : {}),
    ...(items ? { items: closed(items) } : {}),
    ...(oneOf ? { oneOf: oneOf.map(closed) } : {}),
    ...(additionalProperties ? { additionalProperties: closed(additionalProperties) } : {}),
    ...(properties ? { properties: each(properties), additionalProperties: false as never } : {}),
  };
}

type Validate = (value: unknown) => readonly string[];

/** The errors that the framework's own validator finds in a value. */
async function validatorOf(name: string): Promise<Validate> {
  const strict = {
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
    allErrors: true,
  } as const;
  const app = Fastify({ ajv: { customOptions: strict } });
  const { schemas } = openApi('1').components;
  for (const [$id, schema] of Object.entries(schemas)) app.addSchema({ $id, ...closed(schema) });
  let found: Validate | undefined;
  app.get('/', (request) => {
    const validate = request.compileValidationSchema({ $ref: `${name}#` });
    found = (value) =>
      validate(value) === true
        ? []
        : (validate.errors ?? []).map(
            ({ instancePath, message = '', params }) =>
              `${instancePath} ${message} ${JSON.stringify(params)}`,
          );
    return {};
  });
  await app.inject('/');
  await app.close();
  if (found === undefined) throw new Error(`${name} is no schema`);
  return found;
}

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
  ledger.audit.record({
    ...{ atMs, actor: 'node-pool builds', kind: 'set', from: undefined, to: 2 },
    ...{ because: 'one more', text: 'scaled' },
  });
  ledger.history.push({
    atMs: RECOMMENDATION.atMs,
    running: 4,
    pending: null,
    known: 0,
    buffer: 9.9,
    waitSeconds: null,
    shapes: { '4cpu-8gb': 5 },
    pools: { p: { actual: 1, wanted: 2 } },
  });
};

const asked = (path: string): string => (path.endsWith('/what-if') ? `${path}?prsPerDay=5` : path);

describe('the description', () => {
  it.each(ROUTES.map(({ path, schema }) => [path, schema]))(
    'of GET %s lists exactly the members of the answer',
    async (path, schema) => {
      const { http, ledger } = withAnswer();
      filled(ledger);
      const answer = await http.inject(asked(path));

      expect(answer.statusCode).toBe(200);
      expect((await validatorOf(schema))(answer.json())).toEqual([]);
    },
  );

  it.each(
    ROUTES.flatMap(({ path, schema, errors = {} }) =>
      Object.keys(errors).map((status) => [path, status, schema]),
    ),
  )('of GET %s has what is answered with %s', async (path = '', status, schema = '') => {
    const { http, ledger, clock } = aServer();
    ledger.stale(clock.now(), [{ weight: 'stale', text: 'old' }]);
    await clock.step(700_000);
    const answer = await http.inject(status === '400' ? `${path}?prsPerDay=x&hours=x` : path);

    expect(String(answer.statusCode)).toBe(status);
    const isProblem = String(answer.headers['content-type']).startsWith('application/problem+json');
    expect((await validatorOf(isProblem ? 'Problem' : schema))(answer.json())).toEqual([]);
  });

  it('detects a member that is missing, of another type, or not described', async () => {
    const validate = await validatorOf('Problem');
    const good = { title: 't', status: 404, detail: 'd', cure: 'c' };

    expect(validate(good)).toEqual([]);
    expect(validate({ ...good, cure: undefined })).toHaveLength(1);
    expect(validate({ ...good, status: '404' })).toHaveLength(1);
    expect(validate({ ...good, more: 1 })).toHaveLength(1);
  });

  it('is served with the version', async () => {
    const { http } = withAnswer();

    expect((await http.inject('/openapi.json')).json()).toMatchObject({
      openapi: '3.1.0',
      info: { version: '1.2.3' },
      paths: { '/api/v1/recommendations': {}, '/metrics': {} },
    });
  });
});
