import {
  jsonResponse,
  type OpenApi,
  openApiOf,
  query,
  type Route,
  type RouteResponse,
} from '@hangar/shared/openapi/openapi';
import { amount, texts } from '@hangar/shared/openapi/schema';
import { MAX_PRS_PER_DAY } from '../model/nodes-for.ts';
import { BOOT_SCHEMAS } from './boot-schemas.ts';
import { COMMON_SCHEMAS } from './common-schemas.ts';
import { HISTORY_SCHEMAS } from './history-schemas.ts';
import { MODEL_SCHEMAS } from './model-schemas.ts';
import { PROBLEM_TYPE } from './problem.ts';
import { RECOMMENDATION_SCHEMAS } from './recommendation-schemas.ts';

const problem = (description: string): RouteResponse => ({
  description,
  content: { [PROBLEM_TYPE]: 'Problem' },
});
const NO_DECISION = { 503: problem('no decision yet') };
const INVALID = { 400: problem('the request is invalid: the member `parameter` names the part') };
const answer = (schema: string): RouteResponse => jsonResponse(schema, 'the answer');

/** The prefix of all paths except health, metrics and documents. */
export const API_PREFIX = '/api/v1';

/** All routes except pages and this description. */
export const ROUTES: readonly Route[] = [
  {
    path: `${API_PREFIX}/recommendations`,
    summary: 'Recommended number of nodes, now and for the lead time, with reasons.',
    responses: { 200: answer('Recommendation'), ...NO_DECISION },
  },
  {
    path: `${API_PREFIX}/what-if`,
    summary: 'Number of nodes for a number of PRs a day, by the published model and by learned parameters.',
    parameters: [
      query(
        'prsPerDay',
        { ...amount('PRs per day', 'Number of PRs.', 500), minimum: 0, maximum: MAX_PRS_PER_DAY },
        true,
      ),
      query(
        'shape',
        texts(
          'Shapes of nodes: `4cpu-8gb`, `8cpu-16gb`, or allocatable CPU and memory. Absent: both published shapes.',
          ['4cpu-8gb', 'cpu=16,memory=32Gi'],
        ),
      ),
    ],
    responses: { 200: answer('WhatIf'), ...INVALID },
  },
  {
    path: `${API_PREFIX}/model`,
    summary: 'Parameters of the model: assumed, learned, and their confidence intervals.',
    responses: { 200: answer('Model') },
  },
  {
    path: `${API_PREFIX}/demand`,
    summary: 'Demand now and over time, with recommended and actual nodes and waits.',
    parameters: [
      query('hours', {
        ...amount('hours', 'Length of the history. Absent: 6.', 3),
        minimum: 0.01,
        maximum: 24,
      }),
    ],
    responses: { 200: answer('DemandHistory'), ...INVALID },
  },
  {
    path: `${API_PREFIX}/forecast`,
    summary: 'The buffer for builds that are not known yet, and the accuracy of the forecast.',
    responses: { 200: answer('Forecast'), ...NO_DECISION },
  },
  {
    path: `${API_PREFIX}/pools`,
    summary: 'Pools: actual and recommended.',
    responses: { 200: answer('Pools'), ...NO_DECISION },
  },
  {
    path: `${API_PREFIX}/boots`,
    summary: 'How long the boot of a node takes by phase, what a minute of it costs, and what shortens it.',
    responses: { 200: answer('Boots') },
  },
  {
    path: `${API_PREFIX}/decisions`,
    summary: 'Decisions and their outcomes, latest first.',
    responses: { 200: answer('Decisions') },
  },
  {
    path: '/readyz',
    summary: 'Readiness: whether a valid recommendation exists.',
    responses: { 200: jsonResponse('Health', 'ready'), 503: jsonResponse('Health', 'not ready') },
  },
  {
    path: '/livez',
    summary: 'Liveness: whether the process makes progress.',
    responses: { 200: jsonResponse('Health', 'live'), 503: jsonResponse('Health', 'a restart would help') },
  },
  {
    path: '/metrics',
    summary: 'Metrics for Prometheus.',
    responses: { 200: { description: 'the metrics', content: { 'text/plain': undefined } } },
  },
];

/** The OpenAPI 3.1 description of the API. */
export const openApi = (version: string): OpenApi =>
  openApiOf(
    { title: 'hangar-autoscaler', version, description: 'Read-only: no request changes anything.' },
    ROUTES,
    { ...RECOMMENDATION_SCHEMAS, ...MODEL_SCHEMAS, ...HISTORY_SCHEMAS, ...BOOT_SCHEMAS, ...COMMON_SCHEMAS },
  );
