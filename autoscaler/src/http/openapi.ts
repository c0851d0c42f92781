/** The subset of JSON Schema used here. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: 'query';
  readonly required: boolean;
  readonly description: string;
  readonly schema: Schema;
}

interface Response {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

/** One operation. */
export interface Operation {
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Readonly<Record<string, Response>>;
}

/** The subset of OpenAPI 3.1 used here. */
export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** All members are required except the optional ones. */
const object = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
/** An object whose keys are names, such as shapes or pools. */
const map = (each: Schema): Schema => ({ type: 'object', additionalProperties: each });
const list = (items: Schema): Schema => ({ type: 'array', items });
const text: Schema = { type: 'string' };
const number: Schema = { type: 'number' };
const whole: Schema = { type: 'integer', minimum: 0 };
const flag: Schema = { type: 'boolean' };
const time: Schema = { type: 'string', format: 'date-time' };
const texts = list(text);
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const maybe = (schema: Schema): Schema => ({ oneOf: [schema, { type: 'null' }] });

const levels = object({ low: whole, high: whole });
const byShape = map(levels);
/** Null: no Pod of the calibrated size fits such a node. */
const cellsByShape = map(object({ low: maybe(whole), high: maybe(whole) }));
const resources = object({ cpu: text, memory: text });
const quota = object({ cpu: text, memory: text, pods: whole });
const assumes = object({
  podRequest: resources,
  daemonSets: resources,
  runnerCapacity: levels,
  quota: object({ low: quota, high: quota }),
});
const note = { name: text, meaning: text, source: text, reading: text };
const valueSchema: Schema = { oneOf: [number, resources] };

const SCHEMAS: Readonly<Record<string, Schema>> = {
  Problem: object({ title: text, status: whole, detail: text, cure: text, parameter: text }, ['parameter']),
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
    cost: maybe(ref('Cost')),
    because: texts,
  }),
  Cost: object({ perHour: number, perDay: number, perMonth: number, per1000Prs: maybe(number) }),
  RequestClass: object({
    request: resources,
    runningPods: whole,
    pendingPods: whole,
    knownStages: whole,
    share: number,
    fitsShapes: texts,
    tooLargeForShapes: texts,
    fitsPools: texts,
  }),
  Mix: object({
    parts: list(object({ shape: text, nodes: whole, perHour: number })),
    cost: ref('Cost'),
    waitP95Seconds: maybe(number),
    tooLargeShare: number,
    because: texts,
  }),
  Spend: object({
    perHourNow: number,
    today: number,
    countedFrom: time,
    maxPerDay: maybe(number),
    unpricedPools: texts,
  }),
  Advice: object({
    engine: text,
    pool: text,
    setting: text,
    now: text,
    better: text,
    saves: object({
      nodeHoursShare: maybe(number),
      waitP95Seconds: maybe(number),
      basis: { enum: ['replay', 'published', 'none'] },
      text,
    }),
    because: text,
  }),
  Pool: object({
    pool: text,
    owner: text,
    actualNodes: whole,
    readyNodes: whole,
    emptyNodes: whole,
    wantedNodes: whole,
    needNodes: whole,
    shrinkToNodes: whole,
    shortNodes: whole,
    spareNodes: whole,
    nodePerHour: maybe(number),
    waitP95Seconds: maybe(number),
    tooLargeShare: number,
    because: texts,
  }),
  Recommendation: object(
    {
      at: time,
      validUntil: time,
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
      requestClasses: list(ref('RequestClass')),
      currency: text,
      mix: maybe(ref('Mix')),
      spend: maybe(ref('Spend')),
      advice: list(ref('Advice')),
      because: texts,
    },
    ['staleSince'],
  ),
  WhatIf: object({
    prsPerDay: number,
    shapes: byShape,
    assumes,
    nodes: map(
      object({
        cpu: text,
        memory: text,
        pods: whole,
        podsThatFit: whole,
        podsCounted: number,
        source: text,
      }),
    ),
    parameters: list(object({ ...note, value: valueSchema })),
    calibrated: object({ shapes: byShape, assumes, days: whole, because: text }),
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
    parameters: list(object({ ...note, published: valueSchema, used: valueSchema })),
    table: list(object({ prsPerDay: whole, published: cellsByShape, calibrated: cellsByShape })),
  }),
  Point: object({
    at: time,
    running: maybe(whole),
    pending: maybe(whole),
    known: maybe(whole),
    buffer: maybe(number),
    waitSeconds: maybe(number),
    shapes: map(whole),
    pools: map(object({ actual: whole, wanted: whole })),
  }),
  DemandHistory: object({ stale: flag, now: maybe(ref('Demand')), history: list(ref('Point')) }),
  CurvePoint: object({
    waitPrice: number,
    nodeHoursPerDay: number,
    waitMinutesPerDay: number,
    waitMeanSeconds: number,
    waitP95Seconds: number,
  }),
  Curve: object({
    ...{ at: time, days: number, builds: whole, waitPrice: maybe(number) },
    points: list(ref('CurvePoint')),
  }),
  Forecast: object({
    ...{ leadSeconds: number, buffer: ref('Buffer'), meanMissPods: maybe(number) },
    curve: maybe(ref('Curve')),
  }),
  Pools: object({ pools: list(ref('Pool')) }),
  Act: object({
    at: time,
    lastAt: time,
    times: whole,
    actor: text,
    kind: text,
    from: maybe(whole),
    to: whole,
    text,
    because: text,
  }),
  Decisions: object({
    acts: list(ref('Act')),
    decisions: list(
      object({
        at: time,
        pool: text,
        fromNodes: whole,
        toNodes: whole,
        needNodes: whole,
        shrinkToNodes: whole,
        outcome: text,
        note: text,
        because: texts,
      }),
    ),
  }),
  Health: object({ ok: flag, reasons: texts, conditions: texts }),
};

const json = (schema: string, description: string): Response => ({
  description,
  content: { 'application/json': { schema: ref(schema) } },
});
const problem = (description: string): Response => ({
  description,
  content: { 'application/problem+json': { schema: ref('Problem') } },
});

interface Route {
  readonly path: string;
  readonly summary: string;
  readonly schema: string;
  readonly parameters?: readonly Parameter[];
  readonly errors?: Readonly<Record<string, Response>>;
}

const query = (name: string, schema: Schema, description: string, required = false): Parameter => ({
  name,
  in: 'query',
  required,
  description,
  schema,
});
const NONE_YET = { 503: problem('no decision yet') };
const NONSENSE = { 400: problem('the request is invalid: the member parameter names the part') };

/** The prefix of all paths except health, metrics and documents. */
export const API_PREFIX = '/api/v1';

/** All JSON routes; a test compares routes, answers and this list. */
export const ROUTES: readonly Route[] = [
  {
    path: `${API_PREFIX}/recommendations`,
    summary: 'Recommended number of nodes, now and for the lead time, with reasons.',
    schema: 'Recommendation',
    errors: NONE_YET,
  },
  {
    path: `${API_PREFIX}/what-if`,
    summary: 'Number of nodes for a number of PRs a day, by the published model and by learned parameters.',
    schema: 'WhatIf',
    parameters: [
      query('prsPerDay', { type: 'number', minimum: 0, maximum: 1_000_000 }, 'Pull requests a day.', true),
      query(
        'shape',
        list(text),
        '4cpu-8gb, 8cpu-16gb, or a shape such as cpu=16,memory=32Gi; default: both published ones.',
      ),
    ],
    errors: NONSENSE,
  },
  {
    path: `${API_PREFIX}/model`,
    summary: 'Parameters of the model: assumed, learned, and their confidence intervals.',
    schema: 'Model',
  },
  {
    path: `${API_PREFIX}/demand`,
    summary: 'Demand now and over time, with recommended and actual nodes and waits.',
    schema: 'DemandHistory',
    parameters: [
      query('hours', { type: 'number', minimum: 0.01, maximum: 24 }, 'Hours of history; 6 by default.'),
    ],
    errors: NONSENSE,
  },
  {
    path: `${API_PREFIX}/forecast`,
    summary: 'The buffer for unannounced work, and the accuracy of the forecast.',
    schema: 'Forecast',
    errors: NONE_YET,
  },
  {
    path: `${API_PREFIX}/pools`,
    summary: 'Pools: actual and recommended.',
    schema: 'Pools',
    errors: NONE_YET,
  },
  {
    path: `${API_PREFIX}/decisions`,
    summary: 'Decisions and their outcomes, latest first.',
    schema: 'Decisions',
  },
  {
    path: '/readyz',
    summary: 'Readiness: whether a current recommendation exists.',
    schema: 'Health',
    errors: { 503: json('Health', 'not ready') },
  },
  {
    path: '/livez',
    summary: 'Liveness.',
    schema: 'Health',
    errors: { 503: json('Health', 'not alive') },
  },
];

const METRICS: Operation = {
  summary: 'Metrics for Prometheus.',
  parameters: [],
  responses: { 200: { description: 'the metrics', content: { 'text/plain': {} } } },
};

/** The OpenAPI 3.1 description of the API. */
export function openApi(version: string): OpenApi {
  const paths = ROUTES.map(
    ({ path, summary, schema, parameters = [], errors = {} }): [string, { get: Operation }] => [
      path,
      { get: { summary, parameters, responses: { 200: json(schema, 'the answer'), ...errors } } },
    ],
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'hangar-autoscaler',
      version,
      description: 'Read-only: no request changes anything.',
    },
    paths: { ...Object.fromEntries(paths), '/metrics': { get: METRICS } },
    components: { schemas: SCHEMAS },
  };
}
