import type { Clock } from '@hangar/shared/clock';
import type { ObjectApi } from '../api/object-api.ts';
import type { KubeObject } from '../api/objects.ts';
import { type Pod, type PodCondition, podOf } from '../api/pod.ts';
import { PODS } from '../api/resources.ts';
import { ApiError } from '../api/status-errors.ts';
import { secondsText } from '../api/times.ts';
import type { EventRecorder } from '../control/event-recorder.ts';
import {
  leastAllocatedScore,
  type Misfit,
  misfitOf,
  type NodeRoom,
  roomOf,
  shunnedTaints,
  unschedulableText,
} from './fit.ts';
import { add, type Requests, requestsOf, takesRoom } from './requests.ts';

const NAME = 'default-scheduler';
const NOTHING: Requests = { cpuMillicores: 0, memoryBytes: 0 };

/** Binds Pods to nodes: filters, LeastAllocated, one Pod after another by priority and age. */
export class Scheduler {
  private readonly clock: Clock;
  private readonly api: ObjectApi;
  private readonly events: EventRecorder;
  private planned = false;
  private stopped = false;
  private readonly unsubscribe: () => void;

  constructor(clock: Clock, api: ObjectApi, events: EventRecorder) {
    this.clock = clock;
    this.api = api;
    this.events = events;
    this.unsubscribe = api.store.subscribe(({ resource }) => {
      if (resource === 'pods' || resource === 'nodes') this.plan();
    });
  }

  stop(): void {
    this.stopped = true;
    this.unsubscribe();
  }

  /** One pass for any number of changes. */
  private plan(): void {
    if (this.planned) return;
    this.planned = true;
    setImmediate(() => {
      this.planned = false;
      if (!this.stopped) this.pass();
    });
  }

  private pass(): void {
    const pods = this.api.store.list('pods').map(podOf);
    const waiting = pods.filter(isWaiting).sort(byPriorityAndAge);
    if (waiting.length === 0) return;
    const rooms = roomsOf(this.api.store.list('nodes'), pods);
    for (const pod of waiting) this.place(pod, rooms);
  }

  private place(pod: Pod, rooms: Map<string, NodeRoom>): void {
    const requests = requestsOf(pod.spec);
    const misfits: Misfit[] = [];
    const fitting: NodeRoom[] = [];
    for (const room of rooms.values()) {
      const misfit = misfitOf(pod, requests, room);
      if (misfit === undefined) fitting.push(room);
      else misfits.push(misfit);
    }
    const [best] = fitting.sort(
      (a, b) =>
        shunnedTaints(pod, a) - shunnedTaints(pod, b) ||
        leastAllocatedScore(requests, b) - leastAllocatedScore(requests, a) ||
        a.pods - b.pods,
    );
    if (best === undefined) return this.refuse(pod, unschedulableText(misfits));
    rooms.set(best.name, { ...best, asked: add(best.asked, requests), pods: best.pods + 1 });
    this.bind(pod, best.name);
  }

  private bind(pod: Pod, nodeName: string): void {
    const scheduled: PodCondition = { type: 'PodScheduled', status: 'True', lastProbeTime: null };
    this.write(pod, scheduled, nodeName);
    const message = `Successfully assigned ${pod.metadata.namespace ?? ''}/${pod.metadata.name} to ${nodeName}`;
    this.events.record(pod, { type: 'Normal', reason: 'Scheduled', message, component: NAME });
  }

  private refuse(pod: Pod, message: string): void {
    const reported = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
    if (reported?.reason === 'Unschedulable' && reported.message === message) return;
    const refused = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message } as const;
    this.write(pod, { ...refused, lastProbeTime: null });
    this.events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message, component: NAME });
  }

  /** Binding sets the node and the condition in one write, as the binding subresource does. */
  private write(pod: Pod, condition: PodCondition, nodeName?: string): void {
    const current = this.api.store.get('pods', pod.metadata.namespace ?? '', pod.metadata.name);
    if (current === undefined || current.metadata.uid !== pod.metadata.uid) return;
    const { spec, status } = podOf(current);
    const conditions = withCondition(status.conditions ?? [], condition, this.clock.now());
    try {
      this.api.store.put(PODS.plural, {
        ...current,
        spec: nodeName === undefined ? spec : { ...spec, nodeName },
        status: { ...status, conditions },
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
}

/** The conditions with one replaced; its transition time moves only when its status does. */
export function withCondition(
  conditions: readonly PodCondition[],
  next: PodCondition,
  nowMs: number,
): PodCondition[] {
  const before = conditions.find(({ type }) => type === next.type);
  const lastTransitionTime =
    before?.status === next.status ? (before.lastTransitionTime ?? null) : secondsText(nowMs);
  const stamped = { ...next, lastTransitionTime };
  return before === undefined
    ? [...conditions, stamped]
    : conditions.map((condition) => (condition.type === next.type ? stamped : condition));
}

function isWaiting(pod: Pod): boolean {
  return (
    (pod.spec.nodeName ?? '') === '' &&
    (pod.spec.schedulingGates ?? []).length === 0 &&
    pod.metadata.deletionTimestamp === undefined &&
    pod.spec.schedulerName === NAME &&
    pod.status.phase === 'Pending'
  );
}

function byPriorityAndAge(a: Pod, b: Pod): number {
  return (
    (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
    a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
    a.metadata.name.localeCompare(b.metadata.name)
  );
}

function roomsOf(nodes: readonly KubeObject[], pods: readonly Pod[]): Map<string, NodeRoom> {
  const byNode = Map.groupBy(pods.filter(takesRoom), (pod) => pod.spec.nodeName ?? '');
  return new Map(
    nodes.map((node) => {
      const here = byNode.get(node.metadata.name) ?? [];
      const asked = here.map((pod) => requestsOf(pod.spec)).reduce(add, NOTHING);
      return [node.metadata.name, roomOf(node, asked, here.length)];
    }),
  );
}
