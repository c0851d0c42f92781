import type { Target } from '@hangar/shared/kubernetes/cluster';
import { type FakeCall, FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import type { KubernetesObject } from '@kubernetes/client-node';

/** The attributes of an access review. */
export interface AccessAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

interface Question extends KubernetesObject {
  readonly spec?: { readonly resourceAttributes?: AccessAttributes };
}

const REVIEWS = 'selfsubjectaccessreviews';

/** A fake API server that answers access reviews, and rejects what is denied: `patch nodes`, `patch nodepools/scale`. */
export class ReviewingCluster extends FakeCluster {
  readonly denied = new Set<string>();
  readonly asked: AccessAttributes[] = [];

  constructor() {
    super();
    this.intercept((call) => {
      const right = rightOf(call);
      if (this.denied.has(right)) throw refusal(403, 'Forbidden', `may not ${right}`);
    });
  }

  /** Write requests, without access reviews and the leader's Lease. */
  get writes(): readonly FakeCall[] {
    return this.calls.filter(
      ({ verb, target }) =>
        ['create', 'patch', 'remove'].includes(verb) && ![REVIEWS, 'leases'].includes(target.resource.plural),
    );
  }

  override async create<T extends KubernetesObject>(
    target: Target,
    object: T,
    signal: AbortSignal,
  ): Promise<T> {
    if (target.resource.plural !== REVIEWS) return super.create(target, object, signal);
    const { resourceAttributes: asked } = (object as Question).spec ?? {};
    const name = `review-${this.asked.length}`;
    if (asked) this.asked.push(asked);
    const answer = await super.create(target, { ...object, metadata: { name } }, signal);
    return { ...answer, status: { allowed: asked !== undefined && !this.denied.has(textOf(asked)) } };
  }
}

const textOf = ({ verb, resource, subresource }: AccessAttributes): string =>
  `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;

/** A request as a right: `delete nodeclaims`. */
export function rightOf({ verb, target: { resource, subresource } }: FakeCall): string {
  const kind = verb === 'remove' ? 'delete' : verb;
  return `${kind} ${resource.plural}${subresource === undefined ? '' : `/${subresource}`}`;
}
