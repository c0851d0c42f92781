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
  const group = root === 'apis' ? rest.shift() : '';
  const version = rest.shift();
  if ((root !== 'api' && root !== 'apis') || group === undefined || version === undefined) return undefined;
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && !isNamespaceSubresource(rest);
  const namespace = inNamespace ? (rest[1] ?? '') : '';
  const [plural = '', name = '', subresource = ''] = inNamespace ? rest.slice(2) : rest;
  if (plural === '') return undefined;
  return { group, version, namespace, plural, name, subresource };
}

function isNamespaceSubresource(rest: readonly string[]): boolean {
  return rest.length === 3 && ['status', 'finalize'].includes(rest[2] ?? '');
}
