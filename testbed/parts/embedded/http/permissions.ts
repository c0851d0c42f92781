import { type JsonRecord, recordOf, textOf } from '@hangar/shared/json';
import { forbidden } from '../api/status-errors.ts';
import { qualifiedPath, type ResourceRequest } from './request-info.ts';

/** A right that is taken away; what is left out matches all. */
export interface Denial {
  readonly verb?: string;
  readonly resource?: string;
  readonly namespace?: string;
}

/** Who the one user of this server is, in the refusals' texts. */
export const USER = 'system:serviceaccount:default:hangar';

/** Denied permissions: reviews report them, and requests get the real 403. Everything else is allowed. */
export class Permissions {
  private readonly denials = new Set<Denial>();

  /** Takes a right away; the returned function gives it back. */
  deny(denial: Denial): () => void {
    this.denials.add(denial);
    return () => this.denials.delete(denial);
  }

  /** @throws {ApiError} 403 with the authorizer's message */
  assertAllowed({ verb, resource, subresource, namespace, name }: ResourceRequest): void {
    const plural = qualifiedPath(resource.plural, subresource);
    if (this.allows(verb, plural, namespace)) return;
    const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
    const because = `User "${USER}" cannot ${verb} resource "${plural}" in API group "${resource.group}" ${where}`;
    throw forbidden(resource, name, because);
  }

  /** Answers a SelfSubjectAccessReview. */
  review(body: JsonRecord): JsonRecord {
    const spec = recordOf(body['spec']);
    const { verb, resource, subresource, namespace } = recordOf(spec['resourceAttributes']);
    const plural = qualifiedPath(textOf(resource), textOf(subresource));
    const allowed = this.allows(textOf(verb), plural, textOf(namespace));
    return {
      kind: 'SelfSubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: { creationTimestamp: null },
      spec,
      status: { allowed, ...(allowed ? { reason: 'embedded: allowed unless denied' } : {}) },
    };
  }

  private allows(verb: string, resource: string, namespace: string): boolean {
    return ![...this.denials].some(
      (denial) =>
        (denial.verb ?? verb) === verb &&
        (denial.resource ?? resource) === resource &&
        (denial.namespace ?? namespace) === namespace,
    );
  }
}
