import { randomUUID } from 'node:crypto';
import { BoundedMap } from '@hangar/shared/bounded';
import type { JsonRecord } from '@hangar/shared/json';
import type { KubeObject } from '../api/objects.ts';
import { type ApiResource, apiVersionOf, qualifiedName } from '../api/resources.ts';
import type { Matcher } from '../api/selectors.ts';
import { ApiError } from '../api/status-errors.ts';
import type { ObjectStore } from '../api/store.ts';

export interface ListRequest {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly matches: Matcher;
  readonly selective: boolean;
  readonly limit: number;
  readonly continueToken: string;
}

/** What is left of a list after a page, as it was when the first page was answered. */
interface Remainder {
  readonly revision: number;
  readonly items: readonly KubeObject[];
}

const MOST_TOKENS = 200;
const EXPIRED_TOKEN =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** Answers lists, whole or in pages; the pages of one list show one moment, as etcd's snapshots do. */
export class Lists {
  private readonly store: ObjectStore;
  private readonly remainders = new BoundedMap<string, Remainder>(MOST_TOKENS);

  constructor(store: ObjectStore) {
    this.store = store;
  }

  /** @throws {ApiError} 410 for a continue token that has expired */
  list(request: ListRequest): JsonRecord {
    const { resource, limit, continueToken } = request;
    const { items, revision } = continueToken === '' ? this.fresh(request) : this.remainder(continueToken);
    const page = limit > 0 ? items.slice(0, limit) : items;
    const metadata: JsonRecord = { resourceVersion: String(revision) };
    if (page.length < items.length) {
      metadata['continue'] = this.remember({ revision, items: items.slice(page.length) });
      if (!request.selective) metadata['remainingItemCount'] = items.length - page.length;
    }
    return {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata,
      items: page.map(({ apiVersion: _a, kind: _k, ...item }) => item),
    };
  }

  private fresh({ resource, namespace, matches }: ListRequest): Remainder {
    const items = this.store.list(qualifiedName(resource), namespace).filter(matches);
    return { revision: this.store.revision, items };
  }

  private remainder(token: string): Remainder {
    const found = this.remainders.get(token);
    if (found === undefined || found.revision < this.store.oldestRevision)
      throw new ApiError(410, 'Expired', EXPIRED_TOKEN);
    return found;
  }

  private remember(remainder: Remainder): string {
    const token = randomUUID();
    this.remainders.set(token, remainder);
    return token;
  }
}
