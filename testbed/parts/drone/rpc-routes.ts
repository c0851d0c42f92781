import type { Endpoint } from './calls.ts';

/** Where a request under /rpc/v2 leads. */
export type Route =
  | { readonly kind: 'endpoint'; readonly endpoint: Endpoint; readonly pathId: number }
  | { readonly kind: 'nothing-to-do' }
  | { readonly kind: 'wrong-method' }
  | { readonly kind: 'unknown' };

const ROUTES: readonly (readonly [method: string, path: RegExp, endpoint: Endpoint])[] = [
  ['POST', /^stage$/, 'request'],
  ['POST', /^stage\/([^/]+)$/, 'accept'],
  ['GET', /^stage\/([^/]+)$/, 'detail'],
  ['PUT', /^stage\/([^/]+)$/, 'stage-update'],
  ['PUT', /^step\/([^/]+)$/, 'step-update'],
  ['POST', /^build\/([^/]+)\/watch$/, 'watch'],
  ['POST', /^step\/([^/]+)\/logs\/batch$/, 'log-batch'],
  ['POST', /^step\/([^/]+)\/logs\/upload$/, 'log-upload'],
  ['POST', /^step\/([^/]+)\/card$/, 'card'],
  ['POST', /^ping$/, 'ping'],
];

const PREFIX = '/rpc/v2/';

/** True for paths of the RPC; `//rpc/v2/ping` is not one, it gets the web UI (drone-rpc §1.1). */
export function isRpcPath(path: string): boolean {
  return `${path}/`.startsWith(PREFIX);
}

/** Finds the endpoint of a method and path (drone-rpc §2). */
export function routeRpc(method: string, path: string): Route {
  const below = path.slice(PREFIX.length);
  // The real server declares this route with an outdated placeholder, so it matches one literal name only.
  if (below === 'nodes/:machine') return { kind: 'nothing-to-do' };
  const onPath = ROUTES.filter(([, pattern]) => pattern.test(below));
  const [, pattern, endpoint] = onPath.find(([wanted]) => wanted === method) ?? [];
  if (endpoint === undefined) return { kind: onPath.length === 0 ? 'unknown' : 'wrong-method' };
  // An id that does not parse counts as 0.
  const [, id = ''] = pattern?.exec(below) ?? [];
  return { kind: 'endpoint', endpoint, pathId: /^-?\d+$/.test(id) ? Number(id) : 0 };
}
