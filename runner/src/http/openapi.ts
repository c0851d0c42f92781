import {
  JSON_TYPE,
  jsonResponse,
  type OpenApi,
  openApiOf,
  query,
  type Route,
  type RouteResponse,
} from '@hangar/shared/openapi/openapi';
import { id } from '@hangar/shared/openapi/schema';
import { SCHEMAS } from './answer-schemas.ts';

const UNAUTHORIZED = { 401: jsonResponse('Error', 'the credentials are missing or wrong') };

/** The dashboard's pages: HTML, or JSON for a request whose `Accept` header begins with `application/json`. */
const page = (schema: string): RouteResponse => ({
  description: 'the page, or JSON if the `Accept` header begins with `application/json`',
  content: { [JSON_TYPE]: schema, 'text/html': undefined },
});

/** All routes except the pages that only people read. */
export const ROUTES: readonly Route[] = [
  {
    path: '/healthz',
    summary: 'Always 200: for probes in existing manifests. Any method is allowed.',
    responses: { 200: { description: 'an empty body', content: {} } },
  },
  {
    path: '/livez',
    summary: 'Liveness: whether a restart would help.',
    responses: { 200: jsonResponse('Health', 'live'), 503: jsonResponse('Health', 'a restart would help') },
  },
  {
    path: '/readyz',
    summary: 'Readiness: whether this replica accepts new work.',
    responses: { 200: jsonResponse('Health', 'ready'), 503: jsonResponse('Health', 'not ready') },
  },
  {
    path: '/metrics',
    summary: 'Metrics for Prometheus.',
    responses: { 200: { description: 'the metrics', content: { 'text/plain': undefined } } },
  },
  {
    path: '/demand',
    summary: 'Work that the scheduler cannot see yet. Each replica reports only its own stages: add them up.',
    responses: { 200: jsonResponse('Demand', 'the answer'), ...UNAUTHORIZED },
  },
  {
    path: '/stages',
    summary: 'Every stage that this replica is working on.',
    responses: { 200: jsonResponse('Stages', 'the answer'), ...UNAUTHORIZED },
  },
  {
    path: '/',
    summary: 'The dashboard: stages that run and wait, and the latest that have ended.',
    responses: { 200: page('Dashboard'), ...UNAUTHORIZED },
  },
  {
    path: '/view',
    summary: 'One stage of the dashboard, with its steps.',
    parameters: [
      query('id', id('Id of the stage at the Drone server.', 2), true),
      query('step', id('Number of the step whose log the page shows. Absent: a failed or running one.', 2)),
    ],
    responses: {
      200: page('StageView'),
      ...UNAUTHORIZED,
      404: jsonResponse('Error', 'this replica does not know the stage'),
    },
  },
  {
    path: '/logs',
    summary: "The latest records of the runner's own log.",
    responses: { 200: page('Log'), ...UNAUTHORIZED },
  },
];

/** The OpenAPI 3.1 description of the runner's HTTP endpoints. */
export const openApi = (version: string): OpenApi =>
  openApiOf(
    { title: 'hangar-runner', version, description: 'Read-only: no request changes anything.' },
    ROUTES,
    SCHEMAS,
  );
