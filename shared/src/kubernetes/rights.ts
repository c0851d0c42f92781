import type { KubernetesObject } from '@kubernetes/client-node';
import { type Cluster, RESOURCE } from './cluster.ts';

/** A permission in the Kubernetes API that a program needs. */
export interface ApiRight {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  /** API group; empty = core. */
  readonly group: string;
  /** Plural, with its subresource if any: `pods/log`. */
  readonly resource: string;
  /** For one object; absent: for all. */
  readonly name?: string;
}

/** A rule of a Role, as RBAC writes it. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Absent: all objects. */
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Converts rights to rules, one per resource, in the order of the list, without duplicates. Pure. */
export function rulesOf(rights: readonly ApiRight[]): readonly Rule[] {
  const byResource = Map.groupBy(rights, ({ group, resource }) => `${group}/${resource}`);
  return [...byResource.values()].map((those) => {
    const names = new Set(those.flatMap(({ name }) => name ?? []));
    return {
      apiGroups: [...new Set(those.map(({ group }) => group))],
      resources: [...new Set(those.map(({ resource }) => resource))],
      ...(names.size > 0 ? { resourceNames: [...names] } : {}),
      verbs: [...new Set(those.map(({ verb }) => verb))],
    };
  });
}

/** Formats a rule on one line, ready to paste under `rules:` of a Role. Pure. */
export function ruleLine({ apiGroups, resources, resourceNames, verbs }: Rule): string {
  const list = (words: readonly string[]): string => `[${words.map((word) => word || '""').join(', ')}]`;
  const names = resourceNames ? `resourceNames: ${list(resourceNames)}, ` : '';
  return `{ apiGroups: ${list(apiGroups)}, resources: ${list(resources)}, ${names}verbs: ${list(verbs)} }`;
}

interface AccessReview extends KubernetesObject {
  readonly spec?: unknown;
  readonly status?: { readonly allowed?: boolean };
}

/**
 * Asks the API server whether this process has a right; every user may ask (SelfSubjectAccessReview, authorization.k8s.io/v1).
 *
 * @param namespace empty: all namespaces
 * @throws {KubernetesError} if there is no response, or the server does not serve such reviews
 */
export async function isAllowed(
  cluster: Cluster,
  right: ApiRight,
  namespace: string,
  signal: AbortSignal,
): Promise<boolean> {
  const [resource, subresource] = right.resource.split('/');
  const { verb, group, name } = right;
  const attributes = { verb, group, resource, subresource, ...(name === undefined ? {} : { name }) };
  const answer = await cluster.create<AccessReview>(
    { resource: RESOURCE.accessReviews },
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: namespace === '' ? attributes : { ...attributes, namespace } },
    },
    signal,
  );
  return answer.status?.allowed === true;
}
