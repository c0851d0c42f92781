import type { Clock } from '@hangar/shared/clock';
import type { ObjectApi } from '../api/object-api.ts';
import type { KubeObject } from '../api/objects.ts';
import { EVENTS } from '../api/resources.ts';
import { unlessRefused } from '../api/status-errors.ts';
import { rfc3339Micros, rfc3339Seconds } from '../api/times.ts';

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

  /** A namespace that is going away takes no events: they are lost, as in a real cluster. */
  record(about: KubeObject, facts: EventFacts): void {
    const namespace = about.metadata.namespace ?? 'default';
    const key = [about.metadata.uid, facts.reason, facts.message, facts.fieldPath].join('\0');
    const name = this.known.get(key) ?? '';
    unlessRefused(() => {
      if (this.api.store.get('events', namespace, name) !== undefined) this.countUp(namespace, name);
      else this.known.set(key, this.create(about, namespace, facts));
    });
  }

  private countUp(namespace: string, name: string): void {
    this.api.update({ resource: EVENTS, namespace, name }, 'object', (event) => ({
      ...event,
      count: Number(event['count'] ?? 1) + 1,
      lastTimestamp: rfc3339Seconds(this.clock.now()),
    }));
  }

  private create(about: KubeObject, namespace: string, facts: EventFacts): string {
    this.counter += 1;
    const nowMs = this.clock.now();
    const stamp = (BigInt(Math.floor(nowMs)) * 1_000_000n + BigInt(this.counter)).toString(16);
    const name = `${about.metadata.name}.${stamp}`;
    const { type, reason, message, component, host, fieldPath } = facts;
    const { kind, apiVersion, metadata } = about;
    const { name: aboutName, namespace: within, uid, resourceVersion } = metadata;
    const at = rfc3339Seconds(nowMs);
    this.api.create(EVENTS, namespace, {
      metadata: { name, namespace },
      involvedObject: {
        kind,
        apiVersion,
        name: aboutName,
        namespace: within,
        uid,
        resourceVersion,
        fieldPath,
      },
      ...{ reason, message, type },
      // The scheduler writes by the newer API of events, all others by the older one.
      ...(component === 'default-scheduler'
        ? {
            source: {},
            firstTimestamp: null,
            lastTimestamp: null,
            eventTime: rfc3339Micros(nowMs),
            action: 'Binding',
          }
        : { source: { component, host }, firstTimestamp: at, lastTimestamp: at, eventTime: null, count: 1 }),
      reportingComponent: component,
      reportingInstance: host ?? component,
    });
    return name;
  }
}
