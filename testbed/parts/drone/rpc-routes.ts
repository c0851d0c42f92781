import type { Endpoint } from './calls.ts';

/** Where a request under /rpc/v2 leads. */
export type Route =
  | { readonly kind: 'endpoint'; readonly endpoint: Endpoint; readonly pathId: number }
  | { readonly kind: 'nothing-to-do' }
  | { readonly kind: 'wrong-method' }
  | { readonly kind: 'unknown' };

interface Pattern {
  readonly method: string;
  readonly segments: readonly string[];
  readonly endpoint: Endpoint;
}

const pattern = (method: string, path: string, endpoint: Endpoint): Pattern => ({
  method,
  segments: path.split('/'),
  endpoint,
});

const PATTERNS: readonly Pattern[] = [
  pattern('POST', 'stage', 'request'),
  pattern('POST', 'stage/:id', 'accept'),
  pattern('GET', 'stage/:id', 'detail'),
  pattern('PUT', 'stage/:id', 'stage-update'),
  pattern('PUT', 'step/:id', 'step-update'),
  pattern('POST', 'build/:id/watch', 'watch'),
  pattern('POST', 'step/:id/logs/batch', 'log-batch'),
  pattern('POST', 'step/:id/logs/upload', 'log-upload'),
  pattern('POST', 'step/:id/card', 'card'),
  pattern('POST', 'ping', 'ping'),
];

const PREFIX = '/rpc/v2/';

/** True for paths of the RPC; `//rpc/v2/ping` is not one, it gets the web UI (drone-rpc §1.1). */
export function isRpcPath(path: string): boolean {
  return path === '/rpc/v2' || path.startsWith(PREFIX);
}

/** Finds the endpoint of a method and path (drone-rpc §2). */
export function routeRpc(method: string, path: string): Route {
  const segments = path.slice(PREFIX.length).split('/');
  // The real server declares this route with an outdated placeholder, so it matches one literal name only.
  if (segments.length === 2 && segments[0] === 'nodes' && segments[1] === ':machine')
    return { kind: 'nothing-to-do' };
  const onPath = PATTERNS.filter((candidate) => fits(candidate.segments, segments));
  const found = onPath.find((candidate) => candidate.method === method);
  if (found === undefined) return { kind: onPath.length === 0 ? 'unknown' : 'wrong-method' };
  return { kind: 'endpoint', endpoint: found.endpoint, pathId: idIn(found.segments, segments) };
}

function fits(wanted: readonly string[], given: readonly string[]): boolean {
  return (
    wanted.length === given.length &&
    wanted.every((segment, index) => (segment === ':id' ? given[index] !== '' : segment === given[index]))
  );
}

/** An id that does not parse counts as 0. */
function idIn(wanted: readonly string[], given: readonly string[]): number {
  const text = given[wanted.indexOf(':id')] ?? '';
  return /^-?\d+$/.test(text) ? Number(text) : 0;
}
