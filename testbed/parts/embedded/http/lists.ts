import { randomUUID } from 'node:crypto';
import type { JsonRecord, KubeObject } from '../api/objects.ts';
import { apiVersionOf, qualifiedName, type Resource } from '../api/resources.ts';
import type { Matcher } from '../api/selectors.ts';
import { ApiError } from '../api/status-errors.ts';
import type { Store } from '../api/store.ts';

export interface ListRequest {
  readonly resource: Resource;
  readonly namespace: string;
  readonly matches: Matcher;
  readonly selective: boolean;
  readonly limit: number;
  readonly continueToken: string;
}

interface Rest {
  readonly revision: number;
  readonly items: readonly KubeObject[];
}

const MOST_TOKENS = 200;

/** Answers lists, whole or in pages; the pages of one list show one moment, as etcd's snapshots do. */
export class Lists {
  private readonly store: Store;
  private readonly rests = new Map<string, Rest>();

  constructor(store: Store) {
    this.store = store;
  }

  /** @throws {ApiError} 410 for a continue token that has expired */
  list(request: ListRequest): JsonRecord {
    const { items, revision } =
      request.continueToken === '' ? this.fresh(request) : this.rest(request.continueToken);
    const page = request.limit > 0 ? items.slice(0, request.limit) : items;
    const metadata: JsonRecord = { resourceVersion: String(revision) };
    if (page.length < items.length) {
      metadata['continue'] = this.remember({ revision, items: items.slice(page.length) });
      if (!request.selective) metadata['remainingItemCount'] = items.length - page.length;
    }
    const { resource } = request;
    return {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata,
      items: page.map(({ apiVersion: _a, kind: _k, ...item }) => item),
    };
  }

  private fresh({ resource, namespace, matches }: ListRequest): Rest {
    const items = this.store.list(qualifiedName(resource), namespace).filter(matches);
    return { revision: this.store.revision, items };
  }

  private rest(token: string): Rest {
    const found = this.rests.get(token);
    if (found !== undefined && found.revision >= this.store.oldestRevision) return found;
    throw new ApiError(
      410,
      'Expired',
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    );
  }

  private remember(rest: Rest): string {
    const token = Buffer.from(
      JSON.stringify({ v: 'meta.k8s.io/v1', rv: rest.revision, start: randomUUID() }),
    ).toString('base64url');
    this.rests.set(token, rest);
    for (const oldest of [...this.rests.keys()].slice(0, -MOST_TOKENS)) this.rests.delete(oldest);
    return token;
  }
}
