import type { Clock } from '@hangar/shared/clock';
import { requestOfSpec } from '@hangar/shared/kubernetes/pod-request';
import type { ObjectApi } from '../api/object-api.ts';
import { type Pod, type PodCondition, podOf, withCondition } from '../api/pod.ts';
import { PODS } from '../api/resources.ts';
import type { EventRecorder } from '../control/event-recorder.ts';
import {
  avoidedTaints,
  leastAllocatedScore,
  type Misfit,
  misfitOf,
  type NodeState,
  nodeStateOf,
  unschedulableText,
} from './fit.ts';
import { add, takesResources } from './requests.ts';

const NAME = 'default-scheduler';

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
    const pods = this.api.pods();
    const waiting = pods.filter(isWaiting).sort(byPriorityAndAge);
    if (waiting.length === 0) return;
    const byNode = Map.groupBy(pods.filter(takesResources), (pod) => pod.spec.nodeName ?? '');
    const nodes = this.api.store
      .list('nodes')
      .map((node) => nodeStateOf(node, byNode.get(node.metadata.name) ?? []));
    const states = new Map(nodes.map((node) => [node.name, node]));
    for (const pod of waiting) this.place(pod, states);
  }

  private place(pod: Pod, nodes: Map<string, NodeState>): void {
    const requests = requestOfSpec(pod.spec);
    const misfits: Misfit[] = [];
    const fitting: NodeState[] = [];
    for (const node of nodes.values()) {
      const misfit = misfitOf(pod, requests, node);
      if (misfit === undefined) fitting.push(node);
      else misfits.push(misfit);
    }
    const [best] = fitting.sort(
      (a, b) =>
        avoidedTaints(pod, a) - avoidedTaints(pod, b) ||
        leastAllocatedScore(requests, b) - leastAllocatedScore(requests, a) ||
        a.pods - b.pods,
    );
    if (best === undefined) return this.refuse(pod, unschedulableText(misfits));
    nodes.set(best.name, { ...best, requested: add(best.requested, requests), pods: best.pods + 1 });
    this.bind(pod, best.name);
  }

  private bind(pod: Pod, nodeName: string): void {
    this.write(pod, { type: 'PodScheduled', status: 'True', lastProbeTime: null }, nodeName);
    const message = `Successfully assigned ${pod.metadata.namespace ?? ''}/${pod.metadata.name} to ${nodeName}`;
    this.events.record(pod, { type: 'Normal', reason: 'Scheduled', message, component: NAME });
  }

  private refuse(pod: Pod, message: string): void {
    const before = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
    if (before?.reason === 'Unschedulable' && before.message === message) return;
    const refused = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    this.write(pod, { ...refused, lastProbeTime: null });
    this.events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message, component: NAME });
  }

  /** Binding sets the node and the condition in one write, as the binding subresource does. */
  private write(pod: Pod, condition: PodCondition, nodeName?: string): void {
    const current = this.api.store.get('pods', pod.metadata.namespace ?? '', pod.metadata.name);
    if (current === undefined || current.metadata.uid !== pod.metadata.uid) return;
    const { spec, status } = podOf(current);
    const conditions = withCondition(status.conditions ?? [], condition, this.clock.now());
    this.api.store.put(PODS.plural, {
      ...current,
      spec: nodeName === undefined ? spec : { ...spec, nodeName },
      status: { ...status, conditions },
    });
  }
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
