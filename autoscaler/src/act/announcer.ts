import type { Clock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { CoreV1Event, V1ObjectReference } from '@kubernetes/client-node';
import type { ActKind } from './actuator.ts';
import type { AuditNews, AuditTrail } from './audit.ts';
import { CLUSTER_EVENTS } from './resources.ts';

/** What every act needs beside its object. */
export interface Announcing {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly trail: AuditTrail;
  /** Which replica this is, for Events. */
  readonly instance?: string;
  /** May Events be written now? Without it they are. */
  writesEvents?(): boolean;
}

const LONGEST_MESSAGE = 1_000;

/** Events say in one CamelCase word what happened. */
const REASON: Readonly<Record<ActKind, string>> = {
  set: 'Scaled',
  'would-set': 'WouldScale',
  unchanged: 'Unchanged',
  shrinking: 'Shrinking',
  paused: 'Paused',
  'foreign-owner': 'ForeignOwner',
  paced: 'Paced',
  unserved: 'Unserved',
  absent: 'Absent',
  refused: 'Refused',
  conflict: 'Conflict',
};
const QUIET: ReadonlySet<ActKind> = new Set(['unchanged', 'paced', 'conflict', 'would-set']);
const GOOD: ReadonlySet<ActKind> = new Set(['set', 'shrinking', 'unchanged', 'would-set']);

/** Writes acts down: in the audit list, the log, and as an Event on the object. An Event that can't be written stops nothing. */
export class Announcer {
  readonly #parts: Announcing;
  #events = 0;

  constructor(parts: Announcing) {
    this.#parts = parts;
  }

  async announce(
    about: V1ObjectReference,
    news: Omit<AuditNews, 'atMs'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, trail, log } = this.#parts;
    const isNews = trail.record({ ...news, atMs: clock.now() });
    if (!isNews || (QUIET.has(news.kind) && news.trouble === undefined)) return;
    log.info({ ...news }, 'act');
    if (this.#parts.writesEvents?.() ?? true) await this.#event(about, news, signal);
  }

  async #event(about: V1ObjectReference, news: Omit<AuditNews, 'atMs'>, signal: AbortSignal): Promise<void> {
    const namespace = about.namespace ?? CLUSTER_EVENTS;
    const target = { resource: RESOURCE.events, namespace };
    try {
      await this.#parts.cluster.create<CoreV1Event>(target, this.#eventOf(about, news), signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.#parts.log.warn({ err: error, actor: news.actor }, 'the Event of an act could not be written');
    }
  }

  #eventOf(about: V1ObjectReference, news: Omit<AuditNews, 'atMs'>): CoreV1Event {
    const at = new Date(this.#parts.clock.now());
    const { trouble } = news;
    // An act is told as what it is; where nothing was done the trouble is the news.
    const isTrouble = trouble !== undefined && QUIET.has(news.kind);
    const isGood = GOOD.has(news.kind) && !isTrouble;
    const message = `${news.text}${trouble ? `; ${trouble}` : ''} (${news.because})`.slice(
      0,
      LONGEST_MESSAGE,
    );
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: this.#eventName(about), namespace: about.namespace ?? CLUSTER_EVENTS },
      involvedObject: about,
      type: isGood ? 'Normal' : 'Warning',
      reason: isTrouble ? REASON.unserved : REASON[news.kind],
      message,
      source: { component: 'hangar-autoscaler' },
      reportingComponent: 'hangar-autoscaler',
      reportingInstance: this.#parts.instance ?? '',
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
  }

  /** As Kubernetes names its own: the object's name and the moment. */
  #eventName({ name = 'pool' }: V1ObjectReference): string {
    this.#events += 1;
    return `${name.slice(0, 200)}.${this.#parts.clock.now().toString(16)}.${this.#events.toString(16)}`;
  }
}
