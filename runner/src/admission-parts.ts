import type { V1Pod } from '@kubernetes/client-node';
import { AdmissionQueue } from './admit/admission-queue.ts';
import { type Budget, type Load, NO_LOAD, plus } from './admit/admit.ts';
import { lookAtNodes, type NodeBudget, type NodeView } from './admit/node-budget.ts';
import { nodeLoads } from './admit/node-loads.ts';
import { loadOf } from './admit/pod-load.ts';
import { SharedBudget, type SharedBudgetParts } from './admit/shared-budget.ts';
import type { RunnerConfig } from './config/runner-config.ts';
import type { PodOrigin } from './launch/pod-origin.ts';
import { LABEL } from './pipeline/compiled.ts';
import type { RegisteredStage, StageRegistry } from './stage-registry.ts';
import { isKeeping } from './watch/kept-step.ts';
import type { NodeWatch } from './watch/node-watch.ts';
import type { PodWatch } from './watch/pod-watch.ts';

function budgetOf(config: RunnerConfig): Budget {
  const { budgetCpuMillicores, budgetMemoryBytes, budgetPods } = config.admission;
  return {
    pipelines: config.runner.capacity,
    cpuMillicores: budgetCpuMillicores,
    memoryBytes: budgetMemoryBytes,
    pods: budgetPods,
  };
}

/** What is known of what is admitted. Pods that no runner made count nowhere, whatever their labels are. */
interface Known {
  readonly origin: PodOrigin;
  readonly podWatch: PodWatch;
  readonly registry: StageRegistry;
  /** Where stages wait for room on nodes (`HANGAR_BUDGET_NODES`). */
  readonly nodes?: (NodeView & Pick<NodeWatch, 'listen'>) | undefined;
}

const ownPods = ({ origin, podWatch }: Known): readonly V1Pod[] => origin.known(podWatch.pods);

/** Finds out of each Pod whether a runner made it. What can't be determined now is with the Pod's next change, or when it is taken over. */
export function judgeEachPod(origin: PodOrigin, podWatch: PodWatch): void {
  const { signal } = new AbortController();
  const judge = (pod: V1Pod): void => void origin.isOurs(pod, signal).catch(() => undefined);
  podWatch.listen(({ kind, object }) => kind !== 'gone' && judge(object));
}

/** The admission queue. Where a budget is set, all replicas share it by reservations in a Lease, if there is a place for that. */
export function queueOf(
  config: RunnerConfig,
  known: Known,
  shared: Pick<SharedBudgetParts, 'clock' | 'cluster' | 'log' | 'namespace'> | undefined,
): AdmissionQueue {
  const budget = budgetOf(config);
  const load = (): Load => taken(known);
  const limit = config.admission.repositoryPipelines;
  const perRepository = limit === undefined ? undefined : { limit, running: runningOf(known) };
  const nodes = known.nodes && nodeBudgetOf(known, known.nodes);
  const { pods, cpuMillicores, memoryBytes } = budget;
  const isShared = (pods ?? cpuMillicores ?? memoryBytes ?? nodes) !== undefined;
  const reservations =
    shared && isShared
      ? new SharedBudget({ ...shared, taken: load, pods: () => ownPods(known), nodes }, budget)
      : undefined;
  known.podWatch.listen(
    ({ kind, object }) => kind === 'gone' && known.origin.isKnown(object) && reservations?.podGone(object),
  );
  const queue = new AdmissionQueue(load, budget, { reservations, perRepository, nodes });
  known.nodes?.listen(() => queue.next());
  return queue;
}

/** Pipelines of a repository that run: of this replica, and of others by their Pods. */
function runningOf(known: Known): (repo: string) => number {
  const { registry } = known;
  return (repo) => {
    const own = registry.entries.filter((entry) => entry.repo === repo && isAdmitted(entry));
    const others = ownPods(known).filter(
      (pod) =>
        pod.metadata?.annotations?.['io.drone.repo.slug'] === repo &&
        loadOf(pod).pods > 0 &&
        !isKeeping(pod) &&
        !registry.has(Number(pod.metadata.labels?.[LABEL.stageId])),
    );
    return own.length + others.length;
  };
}

const nodeBudgetOf = (known: Known, nodes: NodeView): NodeBudget => ({
  look: (reserved = new Map()) => {
    const own = known.registry.entries.filter(isAdmitted);
    return lookAtNodes(nodes, nodeLoads({ own, pods: ownPods(known), reserved }));
  },
});

const isAdmitted = ({ phase }: RegisteredStage): boolean => phase === 'starting' || phase === 'running';

/** What is admitted: this replica's stages by what they ask for, and every other Pod of a runner that the scheduler may have. */
function taken(known: Known): Load {
  const { registry } = known;
  const own = registry.entries.filter(isAdmitted);
  // A stage that only waits to be reported takes what its Pod still takes: nothing once that has ended.
  const isOther = (stageId: number): boolean => !registry.has(stageId) || registry.isReporting(stageId);
  const others = ownPods(known).filter((pod) => isOther(Number(pod.metadata?.labels?.[LABEL.stageId])));
  return [...own.map((entry) => entry.asks), ...others.map(loadOf)].reduce(plus, NO_LOAD);
}
