import type { ServerResponse } from 'node:http';
import type { Clock } from '@hangar/shared/clock';
import type { KubeObject } from '../api/objects.ts';
import { type ApiResource, apiVersionOf, qualifiedName } from '../api/resources.ts';
import type { Matcher } from '../api/selectors.ts';
import { ApiError, expired } from '../api/status-errors.ts';
import type { ObjectStore, StoreChange } from '../api/store.ts';
import type { ApiFaults, RequestFacts } from '../faults/faults.ts';

export interface WatchRequest {
  readonly facts: RequestFacts;
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly matches: Matcher;
  /** Undefined or 0: the current state is sent first, as ADDED. */
  readonly since: number | undefined;
  readonly initialEvents: boolean;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

export interface WatchParts {
  readonly clock: Clock;
  readonly store: ObjectStore;
  readonly faults: ApiFaults;
  readonly bookmarkIntervalMs: number;
}

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** Texts of stored objects are made once for all watchers; stored objects never change. */
const texts = new WeakMap<KubeObject, string>();

function textOf(object: KubeObject): string {
  const text = texts.get(object) ?? JSON.stringify(object);
  texts.set(object, text);
  return text;
}

/** Streams the changes of one watch until its time is over or the client leaves. */
export function serveWatch(parts: WatchParts, request: WatchRequest, response: ServerResponse): void {
  new WatchStream(parts, request, response).run();
}

class WatchStream {
  private readonly parts: WatchParts;
  private readonly request: WatchRequest;
  private readonly response: ServerResponse;
  private readonly endings: (() => void)[] = [];
  private silenced = false;
  private ended = false;
  private seenRevision = 0;

  constructor(parts: WatchParts, request: WatchRequest, response: ServerResponse) {
    this.parts = parts;
    this.request = request;
    this.response = response;
  }

  run(): void {
    const { store, clock, faults } = this.parts;
    this.response.writeHead(200, { 'content-type': 'application/json' });
    this.response.flushHeaders();
    if (!this.replay()) return this.end('clean');
    this.endings.push(
      store.subscribe((change) => this.onChange(change)),
      faults.watchOpened({
        facts: this.request.facts,
        end: (how) => this.end(how),
        silence: () => (this.silenced = true),
      }),
      clock.after(this.request.timeoutMs, () => this.end('clean')),
    );
    if (this.request.bookmarks) this.scheduleBookmark();
    this.response.on('close', () => this.end('clean'));
  }

  /** What happened before the stream began; false when that is forgotten. */
  private replay(): boolean {
    const { store } = this.parts;
    const { since, resource, namespace, initialEvents } = this.request;
    // A future revision is waited for without a message.
    this.seenRevision = Math.max(store.revision, since ?? 0);
    if (since === undefined || since === 0 || initialEvents) {
      for (const object of store.list(qualifiedName(resource), namespace)) {
        if (this.request.matches(object)) this.write('ADDED', textOf(object));
      }
      if (initialEvents) this.bookmark({ annotations: { 'k8s.io/initial-events-end': 'true' } });
      return true;
    }
    const changes = store.changesAfter(qualifiedName(resource), since);
    if (changes === 'expired') {
      this.write('ERROR', JSON.stringify(expired(since, store.oldestRevision).status));
      return false;
    }
    for (const change of changes) this.send(change);
    return true;
  }

  private onChange(change: StoreChange): void {
    // A change that was replayed already may still be under way to the listeners.
    if (change.revision <= this.seenRevision || change.resource !== qualifiedName(this.request.resource))
      return;
    const { delayMs } = this.parts.faults.watchFaults;
    if (delayMs === 0) return this.send(change);
    this.parts.clock.after(delayMs, () => this.send(change));
  }

  /** For a selector, entering it is ADDED and leaving it DELETED. */
  private send({ type, object, previous }: StoreChange): void {
    const { matches, namespace } = this.request;
    if (namespace !== '' && object.metadata.namespace !== namespace) return;
    const is = type !== 'DELETED' && matches(object);
    const was = previous !== undefined && matches(previous);
    if (is) return this.writeObject(was ? 'MODIFIED' : 'ADDED', object);
    if (!was) return;
    const { resourceVersion } = object.metadata;
    this.writeObject('DELETED', { ...previous, metadata: { ...previous.metadata, resourceVersion } });
  }

  private writeObject(type: EventType, object: KubeObject): void {
    const copies = 1 + this.parts.faults.watchFaults.duplicates;
    for (let copy = 0; copy < copies; copy += 1) this.write(type, textOf(object));
  }

  private write(type: EventType, object: string): void {
    if (this.ended || this.silenced) return;
    this.response.write(`{"type":"${type}","object":${object}}\n`);
  }

  private scheduleBookmark(): void {
    const { clock, bookmarkIntervalMs } = this.parts;
    const callOff = clock.after(bookmarkIntervalMs, () => {
      this.endings.splice(this.endings.indexOf(callOff), 1);
      this.bookmark({});
      this.scheduleBookmark();
    });
    this.endings.push(callOff);
  }

  private bookmark(more: object): void {
    const { kind } = this.request.resource;
    const resourceVersion = String(this.parts.store.revision);
    const metadata = { resourceVersion, creationTimestamp: null, ...more };
    const apiVersion = apiVersionOf(this.request.resource);
    this.write('BOOKMARK', JSON.stringify({ kind, apiVersion, metadata }));
  }

  private end(how: 'clean' | 'abrupt'): void {
    if (this.ended) return;
    this.ended = true;
    for (const ending of this.endings) ending();
    if (how === 'clean') this.response.end();
    else this.response.destroy();
  }
}

/** The revision that a request names, as a number. @throws {ApiError} 500, as the real server's slip has it */
export function revisionOf(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const revision = Number(text);
  if (Number.isInteger(revision) && revision >= 0) return revision;
  const why = `strconv.ParseUint: parsing "${text}": invalid syntax`;
  throw new ApiError(500, '', `resourceVersion: Invalid value: "${text}": ${why}`);
}
