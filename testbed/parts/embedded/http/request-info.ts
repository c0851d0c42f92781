import type { ApiResource } from '../api/resources.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** A request on a resource, in the terms of RBAC and the audit log. */
export interface ResourceRequest {
  readonly verb: Verb;
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly query: URLSearchParams;
}

const VERBS: Readonly<Record<string, Verb>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Reads a request on a resource; undefined when the path names no kind that the server keeps. */
export function resourceRequestOf(
  method: string,
  url: URL,
  resources: readonly ApiResource[],
): ResourceRequest | undefined {
  const [root, ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (root !== 'api' && root !== 'apis') return undefined;
  const [group, version, ...below] = root === 'api' ? ['', ...rest] : rest;
  const { namespace, plural, name = '', subresource = '' } = placeOf(below);
  const resource = resources.find(
    (one) => one.group === group && one.version === version && one.plural === plural,
  );
  if (resource === undefined) return undefined;
  const query = url.searchParams;
  return { verb: verbOf(method, query, name), resource, namespace, name, subresource, query };
}

function verbOf(method: string, query: URLSearchParams, name: string): Verb {
  const writing = VERBS[method];
  if (writing !== undefined) return writing;
  if (isTrue(query.get('watch'))) return 'watch';
  return name === '' ? 'list' : 'get';
}

/** Flags are sent as `true` by most clients and as `1` by some. */
export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}

/** `/namespaces/x/pods` is about the Pods there, `/namespaces/x/status` about the namespace itself. */
function placeOf(segments: readonly string[]) {
  const [first, namespace = '', ...inside] = segments;
  const ofNamespace = inside.length === 1 && ['status', 'finalize'].includes(inside[0] ?? '');
  const isInside = first === 'namespaces' && inside.length > 0 && !ofNamespace;
  const [plural, name, subresource] = isInside ? inside : segments;
  return { namespace: isInside ? namespace : '', plural, name, subresource };
}

/** `pods`, or `pods/log` with a subresource. */
export function qualifiedPath(plural: string, subresource: string): string {
  return subresource === '' ? plural : `${plural}/${subresource}`;
}
