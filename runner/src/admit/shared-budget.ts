import { BoundedSet } from '@hangar/shared/bounded';
import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import { isRecord, parseJson } from '@hangar/shared/json';
import {
  type Cluster,
  ifPresent,
  isKubernetesError,
  isTransient,
  RESOURCE,
  type Target,
} from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { V1Lease, V1Pod } from '@kubernetes/client-node';
import { LABEL } from '../pipeline/compiled.ts';
import type { Applicant, Reservations } from './admission-queue.ts';
import { type Admission, admit, type Budget, type Load, NO_LOAD, plus } from './admit.ts';
import type { NodeBudget, NodeLoad } from './node-budget.ts';
import { isHeld } from './pod-load.ts';

/** The annotation with the reservations, by stage. */
export const RESERVED = 'hangar.dev/reserved';
/** The Lease that has it. */
export const BUDGET_LEASE = 'hangar-runner-budget';

type Reserved = Admission & { kind: 'admitted' | 'waiting' };

/** What the shared budget works with. */
export interface SharedBudgetParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Pick<Logger, 'warn'>;
  readonly namespace: string;
  /** What is admitted, as far as this replica sees. */
  readonly taken: () => Load;
  /** All Pods that this replica sees. */
  readonly pods: () => readonly V1Pod[];
  /** Where stages wait for room on nodes. */
  readonly nodes?: NodeBudget | undefined;
}

/** A reservation in the API; CPU in millicores, memory in bytes. */
interface Reservation {
  readonly pods: number;
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  /** Where its Pod has room, if nodes were looked at; the scheduler may choose another one. */
  readonly node?: string;
}

/** After this time every replica sees the Pod of an admitted stage: its watch would have reported an error otherwise. */
const VISIBLE_MS = 60_000;
/** Reservations of Pods that are gone are removed together after this time: a process that starts would count them for {@link VISIBLE_MS}. */
const PRUNE_MS = 5_000;
/** Between two tries of a stage that waits: what others admit is not announced. */
const RETRY_MS = 1_000;
const DEADLINE_MS = 10_000;
const MOST_REMEMBERED = 10_000;
/** Another replica wrote between our read and our write. */
const CHANGED: RetryPolicy = {
  firstDelayMs: 20,
  maxDelayMs: 500,
  shouldRetry: (error) => isTransient(error) || isKubernetesError(error, 409),
};

/**
 * The budget of all replicas. Each counts the Pods that it sees; what another has admitted a moment ago it may not see yet. So each
 * admission is first written as a reservation into one Lease, by a write that fails if another replica wrote meanwhile.
 */
export class SharedBudget implements Reservations {
  readonly #parts: SharedBudgetParts;
  readonly #budget: Budget;
  /** When each reservation was first read, in monotonic milliseconds. */
  readonly #firstReadMs = new Map<number, number>();
  readonly #ended = new BoundedSet<number>(MOST_REMEMBERED);
  #isPruning = false;
  /** Stages that this replica has reserved: it knows itself what they take. */
  readonly #own = new BoundedSet<number>(MOST_REMEMBERED);

  constructor(parts: SharedBudgetParts, budget: Budget) {
    this.#parts = parts;
    this.#budget = budget;
  }

  async reserve(stage: Applicant, ahead: readonly Applicant[] = []): Promise<Reserved> {
    try {
      const { clock } = this.#parts;
      return await withDeadline(clock, { ms: DEADLINE_MS }, (signal) =>
        retry(clock, CHANGED, signal, () => this.#tryToReserve(stage, ahead, signal)),
      );
    } catch (error) {
      this.#parts.log.warn({ err: error, stageId: stage.stageId }, 'the shared budget could not be updated');
      const text = 'the shared budget could not be read or updated';
      return { kind: 'waiting', reason: this.#usualReason, text };
    }
  }

  release(stageId: number): void {
    this.#ended.add(stageId);
  }

  /** A Pod is gone: whoever reserved its stage, it takes nothing any more. */
  podGone(pod: V1Pod): void {
    this.#ended.add(stageOf(pod));
    if (this.#isPruning) return;
    this.#isPruning = true;
    this.#parts.clock.after(PRUNE_MS, () => void this.#prune());
  }

  later(act: () => void): void {
    this.#parts.clock.after(RETRY_MS, act);
  }

  async #tryToReserve(stage: Applicant, ahead: readonly Applicant[], signal: AbortSignal): Promise<Reserved> {
    const { stageId, asks } = stage;
    const lease = await ifPresent(this.#parts.cluster.get<V1Lease>(this.#target, signal));
    const reserved = this.#current(lease);
    reserved.delete(stageId);
    const admission = this.#judge(stage, ahead, reserved);
    if (admission.kind === 'refused')
      return { kind: 'waiting', reason: this.#usualReason, text: admission.text };
    if (admission.kind === 'waiting') return admission;
    const { pods, cpuMillicores, memoryBytes } = asks;
    const { node } = admission;
    reserved.set(stageId, { pods, cpuMillicores, memoryBytes, ...(node === undefined ? {} : { node }) });
    await this.#write(lease, reserved, signal);
    this.#own.add(stageId);
    return admission;
  }

  #judge(
    { asks, placement }: Applicant,
    ahead: readonly Applicant[],
    reserved: ReadonlyMap<number, Reservation>,
  ): Admission {
    const others = this.#unseen(reserved)
      .map((one): Load => ({ ...one, pipelines: 0 }))
      .reduce(plus, NO_LOAD);
    const admission = admit(asks, plus(this.#parts.taken(), others), this.#budget);
    if (admission.kind !== 'admitted' || !this.#parts.nodes) return admission;
    const ofOthers = [...reserved].filter(([stageId]) => !this.#own.has(stageId));
    const look = this.#parts.nodes.look(new Map(ofOthers.flatMap(loadOnNode)));
    for (const one of ahead) look.judge(one);
    return look.judge({ asks, placement });
  }

  /** Never rejects: what is left is removed with the next reservation, or expires. */
  async #prune(): Promise<void> {
    this.#isPruning = false;
    const { clock, cluster } = this.#parts;
    const write = async (signal: AbortSignal): Promise<void> => {
      const lease = await ifPresent(cluster.get<V1Lease>(this.#target, signal));
      const current = this.#current(lease);
      if (current.size < reservationsOf(lease).size) await this.#write(lease, current, signal);
    };
    await withDeadline(clock, { ms: DEADLINE_MS }, write).catch(() => undefined);
  }

  /** Reservations that may matter to anybody, by stage. */
  #current(lease: V1Lease | undefined): Map<number, Reservation> {
    const nowMs = this.#parts.clock.monotonicMs();
    const read = reservationsOf(lease);
    for (const stageId of read.keys()) if (this.#ended.has(stageId)) read.delete(stageId);
    for (const stageId of this.#firstReadMs.keys()) if (!read.has(stageId)) this.#firstReadMs.delete(stageId);
    for (const stageId of read.keys()) {
      const firstMs = this.#firstReadMs.get(stageId) ?? nowMs;
      this.#firstReadMs.set(stageId, firstMs);
      if (nowMs - firstMs >= VISIBLE_MS) read.delete(stageId);
    }
    return read;
  }

  /** Reservations of stages that `taken` does not contain. */
  #unseen(reserved: ReadonlyMap<number, Reservation>): readonly Reservation[] {
    const seen = new Set(this.#parts.pods().filter(isReleased).map(stageOf));
    return [...reserved]
      .filter(([stageId]) => !seen.has(stageId) && !this.#own.has(stageId))
      .map(([, reservation]) => reservation);
  }

  async #write(
    lease: V1Lease | undefined,
    reserved: ReadonlyMap<number, Reservation>,
    signal: AbortSignal,
  ): Promise<void> {
    const { cluster, namespace } = this.#parts;
    const annotations = { [RESERVED]: JSON.stringify(Object.fromEntries(reserved)) };
    if (!lease) {
      const metadata = { name: BUDGET_LEASE, namespace, annotations };
      const whole: V1Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
      await cluster.create({ resource: RESOURCE.leases, namespace }, whole, signal);
      return;
    }
    const { uid, resourceVersion } = lease.metadata ?? {};
    await cluster.patch(this.#target, { metadata: { uid, resourceVersion, annotations } }, 'merge', signal);
  }

  /** Where it is not known which part of the budget a stage waits for. */
  get #usualReason(): 'budget-nodes' | 'budget-pods' {
    return this.#parts.nodes ? 'budget-nodes' : 'budget-pods';
  }

  get #target(): Target {
    return { resource: RESOURCE.leases, namespace: this.#parts.namespace, name: BUDGET_LEASE };
  }
}

const stageOf = ({ metadata }: V1Pod): number => Number(metadata?.labels?.[LABEL.stageId]);

/** Our gate does not hold it any more, whatever became of it since. */
const isReleased = (pod: V1Pod): boolean => !isHeld(pod);

const loadOnNode = ([stageId, { node, ...asks }]: readonly [number, Reservation]): [number, NodeLoad][] =>
  node === undefined ? [] : [[stageId, { node, asks }]];

/** What can't be read (somebody edited it) counts as nothing. */
function reservationsOf(lease: V1Lease | undefined): Map<number, Reservation> {
  const value = parseJson(lease?.metadata?.annotations?.[RESERVED] ?? '');
  const entries = Object.entries(isRecord(value) ? value : {});
  return new Map(
    entries.flatMap(([stageId, one]): [number, Reservation][] => {
      const { pods, cpuMillicores, memoryBytes, node } = Object(one) as Record<string, unknown>;
      const isWhole = [pods, cpuMillicores, memoryBytes].every((amount) => typeof amount === 'number');
      const place = typeof node === 'string' ? { node } : {};
      return isWhole
        ? [[Number(stageId), { pods, cpuMillicores, memoryBytes, ...place } as Reservation]]
        : [];
    }),
  );
}
