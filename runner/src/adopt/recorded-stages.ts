import type { V1Lease } from '@kubernetes/client-node';
import { certainIntentsOf, type Intent, serverOf } from '../lease/lease-record.ts';
import type { StageRegistry } from '../stage-registry.ts';
import { freshOwners, watchedOwners } from './fresh-owners.ts';
import type { IntentTransfer, IntentTransferParts } from './intent-transfer.ts';

/** The state of other replicas when the records are compared. */
export interface OtherReplicas {
  /** Owners whose Lease is renewed. */
  readonly running: ReadonlySet<string>;
  /** Names of Leases that are not renewed. */
  readonly deadNames: ReadonlySet<string>;
}

interface RecordedParts extends IntentTransferParts {
  readonly registry: Pick<StageRegistry, 'has'>;
  carryOn(intent: Intent): void;
}

/**
 * Number of comparisons, one a second, for which a stage without a Pod is left to another replica that has recorded it too: it may be creating
 * the Pod again. Two replicas that both wait must not do so for ever; Kubernetes accepts only one of their Pods.
 */
const SHARED_LOOKS = 30;

const idsOf = (intents: readonly Intent[]): ReadonlySet<number> =>
  new Set(intents.map(({ stageId }) => stageId));

/** The stages that the Lease of this replica records and that it is not processing. */
export class RecordedStages {
  readonly #parts: RecordedParts;
  readonly #transfer: IntentTransfer;
  /** By stage, the number of comparisons for which another replica has recorded it too. */
  #shared = new Map<number, number>();

  constructor(parts: RecordedParts, transfer: IntentTransfer) {
    this.#parts = parts;
    this.#transfer = transfer;
  }

  /**
   * Each recorded stage is in hand, has a Pod, or is continued here: also one whose Pod vanished before it was taken over. A stage whose Pod is
   * another replica's is recorded there.
   */
  async carryOn(
    others: OtherReplicas,
    leases: () => Promise<readonly V1Lease[]>,
    signal: AbortSignal,
  ): Promise<void> {
    const { namespaces } = this.#parts.lease;
    const recorded = idsOf(this.#notInHand);
    const watched = await watchedOwners(this.#parts, recorded, signal);
    const stageIds = idsOf(this.#settleOthers(recorded, watched, others));
    if (stageIds.size === 0) return;
    // Pods before Leases: who removes a Pod to make it again has recorded its stage before.
    const owners = await freshOwners(this.#parts, { stageIds, namespaces }, signal);
    const shared = this.#recordedByOthers(await leases(), others);
    const open = this.#settleOthers(stageIds, owners, others);
    this.#shared = new Map(
      open.flatMap(({ stageId: id }) => (shared.has(id) ? [[id, (this.#shared.get(id) ?? 0) + 1]] : [])),
    );
    for (const intent of open)
      if ((this.#shared.get(intent.stageId) ?? 0) % SHARED_LOOKS === 0) this.#parts.carryOn(intent);
  }

  get #notInHand(): readonly Intent[] {
    const { lease, registry } = this.#parts;
    return lease.intents.filter(
      ({ stageId }) => !registry.has(stageId) && !this.#transfer.isUndecided(stageId),
    );
  }

  /** @returns those of the stages that have no Pod and are still not processed here */
  #settleOthers(
    stageIds: ReadonlySet<number>,
    owners: ReadonlyMap<number, string>,
    { running }: OtherReplicas,
  ): readonly Intent[] {
    const { lease } = this.#parts;
    return this.#notInHand.filter(({ stageId }) => {
      if (!stageIds.has(stageId)) return false;
      const owner = owners.get(stageId);
      if (owner !== undefined && owner !== lease.owner && running.has(owner)) lease.settle(stageId);
      return owner === undefined;
    });
  }

  /** Stages that a replica which may be running has recorded. */
  #recordedByOthers(leases: readonly V1Lease[], { deadNames }: OtherReplicas): ReadonlySet<number> {
    const { lease } = this.#parts;
    const others = leases.filter(({ metadata }) => {
      const name = metadata?.name ?? '';
      return name !== lease.name && !deadNames.has(name);
    });
    const ours = others.filter((one) => serverOf(one) === lease.server);
    return new Set(ours.flatMap((one) => certainIntentsOf(one).map(({ stageId }) => stageId)));
  }
}
