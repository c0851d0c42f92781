type Schema = Readonly<Record<string, unknown>>;

const object = (properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...more,
});
const list = (items: Schema): Schema => ({ type: 'array', items });
const text: Schema = { type: 'string' };
const number: Schema = { type: 'number' };
const whole: Schema = { type: 'integer', minimum: 0 };
const flag: Schema = { type: 'boolean' };
const time: Schema = { type: 'string', format: 'date-time' };
const words = list(text);
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const maybe = (schema: Schema): Schema => ({ oneOf: [schema, { type: 'null' }] });

const levels = object({ low: whole, high: whole });
const byShape: Schema = { type: 'object', additionalProperties: levels };
const resources = object({ cpu: text, memory: text });

const SCHEMAS: Readonly<Record<string, Schema>> = {
  Problem: object({ title: text, status: whole, detail: text, cure: text }),
  Demand: object({
    runningPods: whole,
    pendingPods: whole,
    knownStages: whole,
    bufferPods: number,
    lowerBound: flag,
  }),
  Buffer: object({ pods: number, by: { enum: ['rule', 'forecast'] }, because: text }),
  Shape: object({
    shape: text,
    nodesNow: whole,
    nodesAhead: whole,
    waitP95Seconds: maybe(number),
    tooLargeShare: number,
    allocatable: object({ cpu: text, memory: text, pods: whole }),
    source: text,
    because: words,
  }),
  Pool: object({
    pool: text,
    owner: text,
    actualNodes: whole,
    readyNodes: whole,
    emptyNodes: whole,
    wantedNodes: whole,
    spareNodes: whole,
    tooLargeShare: number,
    because: words,
  }),
  Recommendation: object({
    at: time,
    ageSeconds: number,
    stale: flag,
    staleSince: time,
    conditions: list(object({ weight: { enum: ['stale', 'partial', 'note'] }, text })),
    leadSeconds: number,
    objectiveWaitP95Seconds: number,
    demand: ref('Demand'),
    typicalPod: resources,
    buffer: ref('Buffer'),
    shapes: list(ref('Shape')),
    pools: list(ref('Pool')),
    because: words,
  }),
  WhatIf: object({
    prsPerDay: number,
    shapes: byShape,
    assumes: object({}),
    nodes: object({}),
    parameters: list(object({ name: text, meaning: text, source: text, reading: text })),
    calibrated: object({ shapes: byShape, assumes: object({}), days: whole, because: text }),
  }),
  Quantity: object({
    name: text,
    meaning: text,
    unit: text,
    value: number,
    low90: number,
    high90: number,
    prior: number,
    priorSource: text,
    data: maybe(object({ value: number, days: whole })),
    lowerBound: flag,
    because: text,
  }),
  Model: object({
    learned: list(ref('Quantity')),
    parameters: list(object({ name: text, meaning: text, source: text, reading: text })),
    table: list(object({ prsPerDay: whole, published: byShape, calibrated: byShape })),
  }),
  Point: object({
    at: time,
    running: maybe(whole),
    pending: maybe(whole),
    known: maybe(whole),
    buffer: maybe(number),
    waitSeconds: maybe(number),
    shapes: { type: 'object', additionalProperties: whole },
    pools: { type: 'object', additionalProperties: object({ actual: whole, wanted: whole }) },
  }),
  DemandHistory: object({ stale: flag, now: maybe(ref('Demand')), history: list(ref('Point')) }),
  Forecast: object({ leadSeconds: number, buffer: ref('Buffer'), meanMissPods: maybe(number) }),
  Pools: object({ pools: list(ref('Pool')) }),
  Decisions: object({
    decisions: list(
      object({
        at: time,
        pool: text,
        fromNodes: whole,
        toNodes: whole,
        outcome: text,
        note: text,
        because: words,
      }),
    ),
  }),
  Health: object({ ok: flag, reasons: words, conditions: words }),
};

const json = (schema: string, description: string): Schema => ({
  description,
  content: { 'application/json': { schema: ref(schema) } },
});
const problem = (description: string): Schema => ({
  description,
  content: { 'application/problem+json': { schema: ref('Problem') } },
});

interface Route {
  readonly path: string;
  readonly summary: string;
  readonly schema: string;
  readonly parameters?: readonly Schema[];
  readonly errors?: Readonly<Record<string, Schema>>;
}

const query = (name: string, schema: Schema, description: string, required = false): Schema => ({
  name,
  in: 'query',
  required,
  description,
  schema,
});
const NONE_YET = { 503: problem('nothing is decided yet') };

/** What is served as JSON, for people and programs: the routes are made of nothing else, a test holds both together. */
export const ROUTES: readonly Route[] = [
  {
    path: '/recommendation',
    summary: 'How many nodes, now and for the lead time, and why.',
    schema: 'Recommendation',
    errors: NONE_YET,
  },
  {
    path: '/what-if',
    summary: 'How many nodes so many PRs a day need, by the published model and by what was learned.',
    schema: 'WhatIf',
    parameters: [
      query('prsPerDay', { type: 'number', minimum: 0, maximum: 1_000_000 }, 'Pull requests a day.', true),
      query(
        'shape',
        list(text),
        '4cpu-8gb, 8cpu-16gb, or a shape such as cpu=16,memory=32Gi; both published ones when absent.',
      ),
    ],
    errors: { 400: problem('the question makes no sense') },
  },
  { path: '/model', summary: 'What is assumed, what was learned and how sure that is.', schema: 'Model' },
  {
    path: '/demand',
    summary: 'Demand now and over time, with recommended and actual nodes and waits.',
    schema: 'DemandHistory',
    parameters: [
      query('hours', { type: 'number', minimum: 0.01, maximum: 24 }, 'How far back; 6 when absent.'),
    ],
    errors: { 400: problem('the question makes no sense') },
  },
  {
    path: '/forecast',
    summary: 'The buffer for what nobody knows yet, and how well it was foretold.',
    schema: 'Forecast',
    errors: NONE_YET,
  },
  { path: '/pools', summary: 'Pools as they are and as they should be.', schema: 'Pools', errors: NONE_YET },
  {
    path: '/decisions',
    summary: 'What was decided and what became of it, latest first.',
    schema: 'Decisions',
  },
  {
    path: '/readyz',
    summary: 'Whether a true recommendation stands.',
    schema: 'Health',
    errors: { 503: json('Health', 'it does not') },
  },
  {
    path: '/livez',
    summary: 'Whether a restart would help.',
    schema: 'Health',
    errors: { 503: json('Health', 'it would') },
  },
];

/** Under which all but health is served too. */
export const API_PREFIX = '/api/v1';

/** The description of all of this as OpenAPI 3.1. */
export function openApi(version: string): Schema {
  const paths = ROUTES.map(({ path, summary, schema, parameters = [], errors = {} }) => [
    path,
    { get: { summary, parameters, responses: { 200: json(schema, 'the answer'), ...errors } } },
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'hangar-autoscaler',
      version,
      description: `Reads only. Every path but /readyz and /livez is served under ${API_PREFIX} too.`,
    },
    paths: {
      ...Object.fromEntries(paths),
      '/metrics': {
        get: {
          summary: 'Metrics for Prometheus.',
          responses: { 200: { description: 'text', content: { 'text/plain': {} } } },
        },
      },
    },
    components: { schemas: SCHEMAS },
  };
}
