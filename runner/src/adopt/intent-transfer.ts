import { type Cluster, RESOURCE, type Target } from '@hangar/shared/kubernetes/cluster';
import type { V1Lease } from '@kubernetes/client-node';
import type { PodOrigin } from '../launch/pod-origin.ts';
import { holderOf } from '../lease/holder.ts';
import {
  type Intent,
  inherited,
  markedAnnotations,
  namespacesOf,
  openIntentsOf,
  successorsOf,
} from '../lease/lease-record.ts';
import type { ReplicaRecord } from '../lease/replica-record.ts';
import type { StageRegistry } from '../stage-registry.ts';
import type { PodWatch } from '../watch/pod-watch.ts';
import { freshOwners } from './fresh-owners.ts';

/** What the transfer works with. */
export interface IntentTransferParts {
  readonly cluster: Cluster;
  readonly lease: ReplicaRecord;
  readonly leaseNamespace: string;
  readonly podWatch: PodWatch;
  readonly origin: PodOrigin;
  readonly registry: Pick<StageRegistry, 'has'>;
}

/**
 * Takes over the stages that a dead replica recorded and that have no Pod. The own Lease records them first; a mark on the dead replica's
 * Lease, which only one replica can make, decides who has them. Interrupted at any point, the next round continues.
 */
export class IntentTransfer {
  readonly #parts: IntentTransferParts;
  /** Stages that the own Lease records and that may still become another replica's, with the name of the dead replica's Lease. */
  readonly #undecided = new Map<number, string>();

  constructor(parts: IntentTransferParts) {
    this.#parts = parts;
  }

  /** Whether that stage may still become another replica's. */
  isUndecided(stageId: number): boolean {
    return this.#undecided.has(stageId);
  }

  /**
   * Decides what can be decided by the Leases as they are listed now: by the mark, or where the dead replica runs again or its Lease is gone, by
   * whether another Lease records the stage.
   *
   * @param dead those of them whose owner does not run
   */
  decideBy(leases: readonly V1Lease[], dead: readonly V1Lease[]): void {
    const { lease: own } = this.#parts;
    for (const one of leases) this.#decideByMarks(one);
    for (const [stageId, name] of this.#undecided) {
      if (dead.some(({ metadata }) => metadata?.name === name)) continue;
      this.#undecided.delete(stageId);
      const others = leases.filter(({ metadata }) => metadata?.name !== own.name);
      const isRecorded = others.some((one) =>
        openIntentsOf(one).some((intent) => intent.stageId === stageId),
      );
      this.#decide(stageId, !isRecorded);
    }
  }

  /**
   * Takes over what a dead replica recorded, as far as that can be decided without its Pods.
   *
   * @returns its Lease as it is then
   */
  async takeOver(dead: V1Lease, signal: AbortSignal): Promise<V1Lease> {
    const { lease } = this.#parts;
    const intents = openIntentsOf(dead);
    if (intents.length === 0) return dead;
    const owners = await this.#ownersByStage(dead, signal);
    const open = intents
      .map((intent) => ({ intent, owner: owners.get(intent.stageId) }))
      .filter(({ intent, owner }) => owner !== undefined || !this.#isTriedUnderOtherName(intent))
      .map(({ intent, owner = this.#inHand(intent) }) => ({ intent, owner }));
    // A stage whose Pod is still the dead replica's is decided on the Pod, and who owns a Pod has recorded its stage.
    const decided = open.filter(({ owner }) => owner !== this.#ownerNamed(dead));
    const mine = decided.filter(({ owner }) => owner === undefined).map(({ intent }) => intent);
    const recorded = await this.#record(mine, dead, signal);
    const successors = new Map(successorsOf(dead));
    for (const { intent, owner } of decided)
      if (owner !== undefined || recorded.has(intent.stageId))
        successors.set(intent.stageId, owner ?? lease.owner);
    if (successors.size === successorsOf(dead).size) return dead;
    const marked = await this.#mark(dead, successors, signal);
    this.#decideByMarks(marked);
    return marked;
  }

  /**
   * This process may be trying to accept the same stage under its own name, and leaves it if the server has assigned it to the dead replica.
   * Only the dead replica's record shows then whose it is, so it stays there until that is decided.
   */
  #isTriedUnderOtherName({ stageId, machine }: Intent): boolean {
    const own = this.#parts.lease.intents.find((one) => one.stageId === stageId);
    return own !== undefined && own.machine !== machine;
  }

  /** Its Pod may be missing only for a moment: this process may be making it again. */
  #inHand({ stageId }: Intent): string | undefined {
    const { lease, registry } = this.#parts;
    return registry.has(stageId) ? lease.owner : undefined;
  }

  /** Whether the marks on a dead replica's Lease may still have to be read by another running replica. */
  marksOthers(dead: V1Lease, running: ReadonlySet<string>): boolean {
    return [...successorsOf(dead).values()].some(
      (successor) => successor !== this.#parts.lease.owner && running.has(successor),
    );
  }

  /** What finds no room stays where it is recorded. Returns the stages that found some. */
  async #record(
    intents: readonly Intent[],
    dead: V1Lease,
    signal: AbortSignal,
  ): Promise<ReadonlySet<number>> {
    const { lease } = this.#parts;
    const from = dead.metadata?.name ?? '';
    const isLost = holderOf(dead) !== '';
    const writes = new Map<number, Promise<void>>();
    for (const intent of intents) {
      if (lease.isFull && !lease.has(intent.stageId)) continue;
      this.#undecided.set(intent.stageId, from);
      writes.set(intent.stageId, lease.intend({ ...inherited(intent, isLost), from }, signal));
    }
    await Promise.all(writes.values());
    return new Set(writes.keys());
  }

  /** Without a response, or where another replica was faster, the next round reads whose the stages are. */
  #mark(dead: V1Lease, successors: ReadonlyMap<number, string>, signal: AbortSignal): Promise<V1Lease> {
    const { uid, resourceVersion } = dead.metadata ?? {};
    const patch = { metadata: { uid, resourceVersion, annotations: markedAnnotations(dead, successors) } };
    return this.#parts.cluster.patch<V1Lease>(this.#targetOf(dead), patch, 'merge', signal);
  }

  #decide(stageId: number, isOurs: boolean): void {
    const { lease } = this.#parts;
    if (isOurs) lease.confirm(stageId);
    else lease.settle(stageId);
  }

  #decideByMarks(dead: V1Lease): void {
    const { lease } = this.#parts;
    for (const [stageId, successor] of successorsOf(dead))
      if (this.#undecided.delete(stageId)) this.#decide(stageId, successor === lease.owner);
  }

  #ownersByStage(dead: V1Lease, signal: AbortSignal): Promise<ReadonlyMap<number, string>> {
    const stageIds = new Set(openIntentsOf(dead).map(({ stageId }) => stageId));
    return freshOwners(this.#parts, { stageIds, namespaces: namespacesOf(dead) }, signal);
  }

  #ownerNamed(lease: V1Lease): string {
    return `${this.#parts.leaseNamespace}/${lease.metadata?.name}`;
  }

  #targetOf(lease: V1Lease): Target {
    const { leaseNamespace: namespace } = this.#parts;
    return { resource: RESOURCE.leases, namespace, name: lease.metadata?.name ?? '' };
  }
}
