import type { ServerResponse } from 'node:http';
import { isRecord, type JsonRecord, recordOf } from '@hangar/shared/json';
import { mergePatch, strategicMergePatch } from '@hangar/shared/kubernetes/merge-patch';
import { withQuotaStatus } from '../admit/quota.ts';
import { hasStatus } from '../admit/strategy.ts';
import type { DeleteOptions } from '../api/deletion.ts';
import { applyJsonPatch } from '../api/json-patch.ts';
import type { ObjectApi, ObjectPart } from '../api/object-api.ts';
import type { KubeObject } from '../api/objects.ts';
import { fieldMatcher, labelMatcher, type Matcher } from '../api/selectors.ts';
import { ApiError, badRequest, methodNotAllowed, unknownKind } from '../api/status-errors.ts';
import type { RequestFacts } from '../faults/faults.ts';
import { Lists } from './lists.ts';
import { parseBody } from './read-body.ts';
import { type HttpReply, jsonReply } from './reply.ts';
import { isTrue, type ResourceRequest } from './request-info.ts';
import { revisionOf, serveWatch, type WatchParts } from './watch.ts';

/** A request with all that its handler may need. */
export interface Exchange {
  readonly request: ResourceRequest;
  readonly facts: RequestFacts;
  readonly body: string;
  readonly contentType: string;
  readonly response: ServerResponse;
}

const MOST_WATCH_MS = 60 * 60 * 1000;

/** get, list, watch, create, update, patch and delete on every kind. */
export class ObjectRoutes {
  private readonly api: ObjectApi;
  private readonly watchParts: WatchParts;
  private readonly lists: Lists;

  constructor(api: ObjectApi, watchParts: WatchParts) {
    this.api = api;
    this.watchParts = watchParts;
    this.lists = new Lists(api.store);
  }

  /** @throws {ApiError} with the API server's message */
  handle(exchange: Exchange): HttpReply {
    const { request } = exchange;
    const part = partOf(request);
    assertMethod(request);
    switch (request.verb) {
      case 'get':
        return jsonReply(this.read(request));
      case 'list':
        return jsonReply(this.list(request));
      case 'watch':
        return this.watch(exchange);
      case 'create':
        return this.create(exchange);
      case 'update':
      case 'patch':
        return this.change(exchange, part);
      case 'delete':
        return this.delete(exchange);
    }
  }

  private read(request: ResourceRequest): KubeObject {
    const object = this.shown(this.api.get(request));
    return request.subresource === 'scale' ? scaleOf(object) : object;
  }

  private shown(object: KubeObject): KubeObject {
    return object.kind === 'ResourceQuota' ? withQuotaStatus(this.api.store, object) : object;
  }

  private list(request: ResourceRequest): JsonRecord {
    const { resource, namespace, query } = request;
    this.assertNotAhead(revisionOf(query.get('resourceVersion')));
    return this.lists.list({
      resource,
      namespace,
      matches: matcherOf(request),
      selective: query.has('labelSelector') || query.has('fieldSelector'),
      limit: Number(query.get('limit') ?? 0),
      continueToken: query.get('continue') ?? '',
    });
  }

  /** A future revision: the real server waits 3 s for it and then returns this. */
  private assertNotAhead(revision = 0): void {
    const current = this.api.store.revision;
    if (revision <= current) return;
    const message = `Timeout: Too large resource version: ${revision}, current: ${current}`;
    throw new ApiError(504, 'Timeout', message, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    });
  }

  private watch({ request, facts, response }: Exchange): HttpReply {
    const { resource, namespace, query } = request;
    const timeoutSeconds = Number(query.get('timeoutSeconds') ?? 0);
    const watch = {
      facts,
      resource,
      namespace,
      matches: matcherOf(request),
      since: revisionOf(query.get('resourceVersion')),
      initialEvents: query.get('sendInitialEvents') === 'true',
      bookmarks: isTrue(query.get('allowWatchBookmarks')),
      timeoutMs: timeoutSeconds > 0 ? timeoutSeconds * 1000 : MOST_WATCH_MS,
    };
    serveWatch(this.watchParts, watch, response);
    return { kind: 'streamed' };
  }

  private create({ request, body }: Exchange): HttpReply {
    const { resource, namespace, query } = request;
    return jsonReply(this.api.create(resource, namespace, parseBody(body), { dryRun: isDryRun(query) }), 201);
  }

  private change({ request, body, contentType }: Exchange, part: ObjectPart): HttpReply {
    const parsed = parseBody(body);
    const isPatch = request.verb === 'patch';
    const isScale = request.subresource === 'scale';
    const wanted = (current: KubeObject): KubeObject => {
      const before = isScale ? scaleOf(current) : current;
      const after = isPatch ? patched(contentType, before, parsed) : (parsed as KubeObject);
      return isScale ? scaled(current, after) : after;
    };
    const options = { dryRun: isDryRun(request.query), how: isPatch ? 'patch' : 'put' } as const;
    const updated = this.api.update(request, part, wanted, options);
    return jsonReply(isScale ? scaleOf(updated) : updated);
  }

  private delete({ request, body }: Exchange): HttpReply {
    const { object, gone } = this.api.delete(request, deleteOptionsOf(request, body));
    // Pods and namespaces are returned themselves, other kinds as a Success status once they are gone.
    if (!gone || request.resource.plural === 'pods') return jsonReply(object);
    const { name, uid } = object.metadata;
    const { group, plural } = request.resource;
    const details = { name, ...(group === '' ? {} : { group }), kind: plural, uid };
    return jsonReply({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
  }
}

/** The scale subresource of a Deployment: its number, under its name and version. */
function scaleOf({ metadata, spec, status }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: recordOf(spec)['replicas'] ?? 1 },
    status: { replicas: recordOf(status)['replicas'] ?? 0 },
  } as KubeObject;
}

/** The Deployment with the number of its Scale, which is written on the version that the Scale has. */
const scaled = (deployment: KubeObject, { metadata, spec }: KubeObject): KubeObject => ({
  ...deployment,
  metadata: { ...deployment.metadata, resourceVersion: metadata.resourceVersion },
  spec: { ...recordOf(deployment['spec']), replicas: recordOf(spec)['replicas'] },
});

/** Objects are created in their collection, and changed and deleted by their name. */
function assertMethod({ verb, name }: ResourceRequest): void {
  const [onCollection, onObject] = [verb === 'create', ['update', 'patch', 'delete'].includes(verb)];
  if ((onCollection && name !== '') || (onObject && name === '')) throw methodNotAllowed();
}

function partOf({ subresource, resource }: ResourceRequest): ObjectPart {
  if (subresource === '') return 'object';
  if (subresource === 'status' && hasStatus(resource)) return 'status';
  if (subresource === 'scale' && resource.plural === 'deployments') return 'object';
  throw unknownKind();
}

function matcherOf({ resource, query, name }: ResourceRequest): Matcher {
  const byLabel = labelMatcher(query.get('labelSelector') ?? '');
  const byField = fieldMatcher(resource, query.get('fieldSelector') ?? '');
  return (object) => byLabel(object) && byField(object) && (name === '' || object.metadata.name === name);
}

function isDryRun(query: URLSearchParams): boolean {
  return query.getAll('dryRun').includes('All');
}

const ACCEPTED =
  'application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml, application/apply-patch+cbor';

function patched(contentType: string, current: KubeObject, patch: unknown): KubeObject {
  const type = contentType.split(';')[0]?.trim();
  if (type === 'application/json-patch+json') return applyJsonPatch(current, patch) as KubeObject;
  if (!isRecord(patch))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    );
  if (type === 'application/merge-patch+json') return mergePatch(current, patch) as KubeObject;
  if (type === 'application/strategic-merge-patch+json')
    return strategicMergePatch(current, patch) as KubeObject;
  const message = `the body of the request was in an unknown format - accepted media types include: ${ACCEPTED}`;
  throw new ApiError(415, 'UnsupportedMediaType', message);
}

/** Delete options may be in the body or the query; the body takes precedence. */
function deleteOptionsOf({ query }: ResourceRequest, body: string): DeleteOptions {
  const parsed = body === '' ? {} : recordOf(parseBody(body));
  const grace = parsed['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds');
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    preconditions: recordOf(parsed['preconditions']),
    dryRun: isDryRun(query) || (Array.isArray(parsed['dryRun']) && parsed['dryRun'].includes('All')),
  };
}
