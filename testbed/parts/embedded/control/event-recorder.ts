import type { Clock } from '@hangar/shared/clock';
import type { ObjectApi } from '../api/object-api.ts';
import type { KubeObject } from '../api/objects.ts';
import { EVENTS } from '../api/resources.ts';
import { ApiError } from '../api/status-errors.ts';
import { microText, secondsText } from '../api/times.ts';

export interface EventFacts {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly component: string;
  readonly host?: string;
  readonly fieldPath?: string;
}

/** Writes core v1 Events about objects; repeats of the same are counted up, as client-go's recorder does. */
export class EventRecorder {
  private readonly clock: Clock;
  private readonly api: ObjectApi;
  private readonly known = new Map<string, string>();
  private counter = 0;

  constructor(clock: Clock, api: ObjectApi) {
    this.clock = clock;
    this.api = api;
  }

  record(about: KubeObject, facts: EventFacts): void {
    const namespace = about.metadata.namespace ?? 'default';
    const key = [about.metadata.uid, facts.reason, facts.message, facts.fieldPath].join('\0');
    try {
      const name = this.known.get(key);
      if (name !== undefined && this.countUp(namespace, name)) return;
      this.known.set(key, this.create(about, namespace, facts));
    } catch (error) {
      // A namespace that is going away takes no events: they are lost, as in a real cluster.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private countUp(namespace: string, name: string): boolean {
    if (this.api.store.get('events', namespace, name) === undefined) return false;
    this.api.update({ resource: EVENTS, namespace, name }, 'object', (event) => ({
      ...event,
      count: Number(event['count'] ?? 1) + 1,
      lastTimestamp: secondsText(this.clock.now()),
    }));
    return true;
  }

  private create(about: KubeObject, namespace: string, facts: EventFacts): string {
    this.counter += 1;
    const nowMs = this.clock.now();
    const stamp = (BigInt(Math.floor(nowMs)) * 1_000_000n + BigInt(this.counter)).toString(16);
    const name = `${about.metadata.name}.${stamp}`;
    const { name: aboutName, uid, resourceVersion } = about.metadata;
    const bySchedulerApi = facts.component === 'default-scheduler';
    this.api.create(EVENTS, namespace, {
      metadata: { name, namespace },
      involvedObject: {
        kind: about.kind,
        apiVersion: about.apiVersion,
        name: aboutName,
        ...(about.metadata.namespace === undefined ? {} : { namespace }),
        uid,
        resourceVersion,
        ...(facts.fieldPath === undefined ? {} : { fieldPath: facts.fieldPath }),
      },
      reason: facts.reason,
      message: facts.message,
      type: facts.type,
      source: bySchedulerApi
        ? {}
        : { component: facts.component, ...(facts.host === undefined ? {} : { host: facts.host }) },
      firstTimestamp: bySchedulerApi ? null : secondsText(nowMs),
      lastTimestamp: bySchedulerApi ? null : secondsText(nowMs),
      ...(bySchedulerApi ? { action: 'Binding' } : { count: 1 }),
      eventTime: bySchedulerApi ? microText(nowMs) : null,
      reportingComponent: facts.component,
      reportingInstance: facts.host ?? facts.component,
    });
    return name;
  }
}
