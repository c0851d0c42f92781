import type { Clock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { CoreV1Event, V1ObjectReference } from '@kubernetes/client-node';
import type { ActKind } from './actuator.ts';
import type { AuditedAct, AuditTrail } from './audit.ts';
import { CLUSTER_EVENTS } from './resources.ts';

/** What an {@link ActRecorder} is made of. */
export interface ActRecorderParts {
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

/** The `reason` of an Event, by what became of the act. */
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
/** No Event and no log line, unless there is trouble. */
const QUIET: ReadonlySet<ActKind> = new Set(['unchanged', 'paced', 'conflict', 'would-set']);
const GOOD: ReadonlySet<ActKind> = new Set(['set', 'shrinking', 'unchanged', 'would-set']);

type Act = Omit<AuditedAct, 'atMs'>;

/** Records acts in the audit list, in the log, and as an Event on the object. An Event that can't be written stops no act. */
export class ActRecorder {
  readonly #parts: ActRecorderParts;
  #events = 0;

  constructor(parts: ActRecorderParts) {
    this.#parts = parts;
  }

  async record(involved: V1ObjectReference, act: Act, signal: AbortSignal): Promise<void> {
    const { clock, trail, log } = this.#parts;
    const isNew = trail.record({ ...act, atMs: clock.now() });
    if (!isNew || (QUIET.has(act.kind) && act.trouble === undefined)) return;
    log.info({ ...act }, 'act');
    if (this.#parts.writesEvents?.() ?? true) await this.#writeEvent(involved, act, signal);
  }

  async #writeEvent(involved: V1ObjectReference, act: Act, signal: AbortSignal): Promise<void> {
    const namespace = involved.namespace ?? CLUSTER_EVENTS;
    const target = { resource: RESOURCE.events, namespace };
    try {
      await this.#parts.cluster.create<CoreV1Event>(target, this.#eventOf(involved, act), signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.#parts.log.warn({ err: error, actor: act.actor }, 'the Event of an act could not be written');
    }
  }

  #eventOf(involved: V1ObjectReference, act: Act): CoreV1Event {
    const at = new Date(this.#parts.clock.now());
    const { trouble } = act;
    // The Event of an act that was done names the act; where nothing was done it names the trouble.
    const isTrouble = trouble !== undefined && QUIET.has(act.kind);
    const isGood = GOOD.has(act.kind) && !isTrouble;
    const message = `${act.text}${trouble ? `; ${trouble}` : ''} (${act.because})`.slice(0, LONGEST_MESSAGE);
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: this.#eventName(involved), namespace: involved.namespace ?? CLUSTER_EVENTS },
      involvedObject: involved,
      type: isGood ? 'Normal' : 'Warning',
      reason: isTrouble ? REASON.unserved : REASON[act.kind],
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
