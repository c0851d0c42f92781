import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { PoolNode } from '../../capacity/pool-node.ts';
import type { ClosedNodes } from './closed-nodes.ts';
import { removalBlocker } from './emptiness.ts';
import type { NodeClaim, NodePoolObject, NodePoolReading, NodeRemoval } from './node-pool-object.ts';

interface TakerParts {
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly object: NodePoolObject;
}

interface Found {
  readonly node: PoolNode;
  readonly claim: NodeClaim;
}

/** Takes closed nodes that are empty: looks, forbids replacements, removes those very NodeClaims. */
export class NodeRemover {
  readonly #parts: TakerParts;
  readonly #closed: ClosedNodes;

  constructor(parts: TakerParts, closed: ClosedNodes) {
    this.#parts = parts;
    this.#closed = closed;
  }

  /** @returns a sentence about the outcome. A node that isn't taken is open again, also when an error is thrown. */
  async take(reading: NodePoolReading, nodes: readonly PoolNode[], signal: AbortSignal): Promise<string> {
    const { object } = this.#parts;
    try {
      const found = await this.#lookAll(nodes, signal);
      if (found.length === 0) return 'none of the cordoned nodes stayed empty: all are uncordoned';
      const claims = found.map(({ claim }) => claim.metadata?.name ?? '');
      await object.hold(reading, { claims, limit: reading.limit }, signal);
      for (const { claim } of found) await object.take(claim, signal);
      return `${found.map(({ node }) => node.name).join(', ')} removed: cordoned and empty`;
    } catch (error) {
      if (!signal.aborted) await this.#reopenUnheld(nodes, signal);
      throw error;
    }
  }

  /**
   * Goes on with a taking: what was held but not removed (a crash, a lost answer) is looked at and removed, or given up.
   *
   * @returns how many of the claims are still there, or `changed` when the taking itself was: read the pool again
   */
  async push(
    reading: NodePoolReading,
    taking: NodeRemoval,
    signal: AbortSignal,
  ): Promise<number | 'changed'> {
    const { object } = this.#parts;
    const mine = (await object.claims(signal)).filter(({ metadata }) =>
      taking.claims.includes(metadata?.name ?? ''),
    );
    for (const claim of mine.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)) {
      const name = claim.status?.nodeName;
      const why = name
        ? await removalBlocker(this.#parts.cluster, { name, uid: undefined }, signal)
        : 'it has no node';
      if (why !== undefined) {
        await this.#giveUp(reading, { taking, claim, why }, signal);
        return 'changed';
      }
      await object.take(claim, signal);
    }
    return mine.length;
  }

  async #giveUp(
    reading: NodePoolReading,
    { taking, claim, why }: { taking: NodeRemoval; claim: NodeClaim; why: string },
    signal: AbortSignal,
  ): Promise<void> {
    this.#parts.log.warn({ claim: claim.metadata?.name, why }, 'a node chosen for removal stays');
    const claims = taking.claims.filter((name) => name !== claim.metadata?.name);
    await this.#parts.object.hold(reading, { ...taking, claims }, signal);
  }

  async #lookAll(nodes: readonly PoolNode[], signal: AbortSignal): Promise<readonly Found[]> {
    const claims = await this.#parts.object.claims(signal);
    const byNode = new Map(claims.map((claim) => [claim.status?.nodeName ?? '', claim]));
    const found: Found[] = [];
    for (const node of nodes) {
      const claim = byNode.get(node.name);
      const why = claim ? await removalBlocker(this.#parts.cluster, node, signal) : 'it has no NodeClaim';
      if (claim && why === undefined) found.push({ node, claim });
      else await this.#closed.reopenOccupied(node, why ?? '', signal);
    }
    return found;
  }

  /** After an error the pool shows whether the nodes were held. */
  async #reopenUnheld(nodes: readonly PoolNode[], signal: AbortSignal): Promise<void> {
    try {
      const { taking } = await this.#parts.object.read(signal);
      if (!taking) await this.#closed.reopen(nodes, 'it could not be removed', signal);
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'cordoned nodes could not be uncordoned yet');
    }
  }
}
