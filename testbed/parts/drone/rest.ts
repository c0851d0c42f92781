import type { IncomingMessage, ServerResponse } from 'node:http';
import { unescape } from 'node:querystring';
import type { BuildRequest } from './build-request.ts';
import { decodeObject, GoJsonError, type JsonShape, parseGoJson } from './go-json.ts';
import { readBodyBytes, send } from './http-edge.ts';
import { BuildRefused } from './pipelines.ts';
import { plain, type RpcReply } from './rpc.ts';
import { type BuildView, isBuildOver, type LogView } from './views.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_WAIT_MS = 60_000;
const MAX_LISTED = 1000;

const BUILD_REQUEST = {
  yaml: 'string',
  repo: 'raw',
  event: 'string',
  params: 'map',
  secrets: 'map',
  trusted: 'bool',
  timeoutMinutes: 'int',
  build: 'raw',
} as const satisfies JsonShape;

/** What the REST interface needs from its server. */
export interface RestBuilds {
  readonly url: string;
  builds(): BuildView[];
  build(buildId: number): BuildView;
  createBuild(request: BuildRequest): BuildView;
  cancel(buildId: number): boolean;
  waitForBuild(buildId: number, options: { readonly timeoutMs: number }): Promise<BuildView>;
  logView(buildId: number, stepName: string, stageName: string): LogView;
  restart(): void;
}

interface RestCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** True for the paths that are meant for people and their scripts. */
export function isRestPath(path: string): boolean {
  return path.startsWith('/api/');
}

/** Answers the small REST interface: builds, their logs, cancel, restart. Errors are `{"message": ...}`. */
export async function serveRest(
  server: RestBuilds,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '/').split('?', 2);
  const body = (await readBodyBytes(request, MAX_BODY_BYTES)).toString();
  const method = request.method ?? 'GET';
  if (method !== 'GET' && isForeign(request.headers.origin, server))
    return send(response, refused(403, 'another site is not allowed to change anything here'));
  if (method === 'POST' && path === '/api/restart') {
    // The answer leaves first; a restart cuts all connections, this one too.
    response.once('close', () => server.restart());
    return send(response, plain(204, ''));
  }
  send(response, await answer(server, { method, path, query: new URLSearchParams(query), body }));
}

/** Browsers send the origin of a change; without this any page could start pipelines on this machine. */
function isForeign(origin: string | undefined, { url }: RestBuilds): boolean {
  return origin !== undefined && origin !== url && origin !== url.replace('127.0.0.1', 'localhost');
}

const json = (status: number, value: unknown): RpcReply => ({
  status,
  body: Buffer.from(`${JSON.stringify(value)}\n`),
  headers: { 'content-type': 'application/json; charset=utf-8' },
});

const refused = (status: number, message: string): RpcReply => json(status, { message });

async function answer(server: RestBuilds, call: RestCall): Promise<RpcReply> {
  const [known, id, step] = /^\/api\/builds(?:\/([^/]+)(?:\/steps\/([^/]+)\/log)?)?$/.exec(call.path) ?? [];
  if (known === undefined)
    return refused(404, 'unknown path; builds are at /api/builds, logs at /api/builds/ID/steps/STEP/log');
  if (id === undefined) return collection(server, call);
  const build = server.builds().find((candidate) => String(candidate.id) === id);
  if (build === undefined) return refused(404, `there is no build ${id}`);
  if (step !== undefined) return stepLog(server, build, unescape(step), call);
  switch (call.method) {
    case 'GET':
      return json(200, await perhapsWait(server, build, call.query));
    case 'DELETE':
      return json(200, { cancelled: server.cancel(build.id) });
    default:
      return refused(405, 'use GET or DELETE');
  }
}

function collection(server: RestBuilds, { method, query, body }: RestCall): RpcReply {
  switch (method) {
    case 'GET':
      return json(200, server.builds().slice(0, Number(query.get('limit') ?? MAX_LISTED)));
    case 'POST':
      try {
        return json(201, server.createBuild(readRequest(body)));
      } catch (error) {
        if (error instanceof BuildRefused || error instanceof GoJsonError) return refused(400, error.message);
        throw error;
      }
    default:
      return refused(405, 'use GET or POST');
  }
}

/** With `?wait=SECONDS` the answer is sent at the build's end, or after that time with its current state. */
async function perhapsWait(server: RestBuilds, build: BuildView, query: URLSearchParams): Promise<BuildView> {
  const waitMs = Math.min(Number(query.get('wait') ?? 0) * 1000, MAX_WAIT_MS);
  if (!(waitMs > 0) || isBuildOver(build)) return build;
  return await server.waitForBuild(build.id, { timeoutMs: waitMs }).catch(() => server.build(build.id));
}

/** A step is named by its name, or by its id. */
function stepLog(server: RestBuilds, build: BuildView, wanted: string, call: RestCall): RpcReply {
  if (call.method !== 'GET') return refused(405, 'use GET');
  const wantedStage = call.query.get('stage');
  const found = build.stages
    .filter((stage) => wantedStage === null || stage.name === wantedStage)
    .flatMap((stage) => stage.steps.map((step) => ({ stage, step })))
    .find(({ step }) => step.name === wanted || String(step.id) === wanted);
  if (found === undefined) return refused(404, `build ${build.id} has no step ${wanted} yet`);
  return json(200, server.logView(build.id, found.step.name, found.stage.name));
}

function readRequest(body: string): BuildRequest {
  const { repo, build, event, timeoutMinutes, ...rest } = decodeObject(
    parseGoJson(body),
    BUILD_REQUEST,
    'build',
  );
  if (rest.yaml === '') throw new BuildRefused('yaml is missing; send {"yaml": "kind: pipeline\\n..."}');
  return {
    ...rest,
    ...(event === '' ? {} : { event }),
    ...(timeoutMinutes === 0 ? {} : { timeoutMinutes }),
    repo: asMembers(repo, 'repo'),
    build: asMembers(build, 'build'),
  };
}

function asMembers(value: unknown, place: string): Record<string, unknown> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BuildRefused(`${place} must be an object`);
  return value as Record<string, unknown>;
}
