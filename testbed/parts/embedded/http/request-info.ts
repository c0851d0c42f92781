import type { Resource } from '../api/resources.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request on a resource, in the words that RBAC and the audit log use. */
export interface ResourceRequest {
  readonly verb: Verb;
  readonly resource: Resource;
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

interface PathParts {
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly plural: string;
  readonly name: string;
  readonly subresource: string;
}

/** Reads a request on a resource; undefined when the path names no kind that the server keeps. */
export function resourceRequestOf(
  method: string,
  url: URL,
  resources: readonly Resource[],
): ResourceRequest | undefined {
  const parts = partsOf(url.pathname);
  if (parts === undefined) return undefined;
  const resource = resources.find(
    ({ group, version, plural }) =>
      group === parts.group && version === parts.version && plural === parts.plural,
  );
  if (resource === undefined) return undefined;
  const { namespace, name, subresource } = parts;
  return { verb: verbOf(method, url, name), resource, namespace, name, subresource, query: url.searchParams };
}

function verbOf(method: string, url: URL, name: string): Verb {
  if (method === 'DELETE' && name === '') return 'deletecollection';
  const writing = VERBS[method];
  if (writing !== undefined) return writing;
  if (['true', '1'].includes(url.searchParams.get('watch') ?? '')) return 'watch';
  return name === '' ? 'list' : 'get';
}

function partsOf(path: string): PathParts | undefined {
  const [root, ...rest] = path.split('/').slice(1).map(decodeURIComponent);
  if (root !== 'api' && root !== 'apis') return undefined;
  const [group = '', version = '', ...below] = root === 'api' ? ['', ...rest] : rest;
  return below.length === 0 ? undefined : { group, version, ...placeOf(below) };
}

function placeOf(segments: readonly string[]): Omit<PathParts, 'group' | 'version'> {
  const [first, namespace = '', ...inside] = segments;
  const inNamespace = first === 'namespaces' && inside.length > 0 && !isNamespaceSubresource(inside);
  return inNamespace ? { namespace, ...objectOf(inside) } : { namespace: '', ...objectOf(segments) };
}

function objectOf(segments: readonly string[]): Pick<PathParts, 'plural' | 'name' | 'subresource'> {
  const [plural = '', name = '', subresource = ''] = segments;
  return { plural, name, subresource };
}

function isNamespaceSubresource(inside: readonly string[]): boolean {
  return inside.length === 1 && ['status', 'finalize'].includes(inside[0] ?? '');
}
