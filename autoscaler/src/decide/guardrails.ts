import { nodesWithin } from '../capacity/node-spec.ts';
import type { Resources } from '../capacity/shape.ts';
import { counted } from './counted.ts';
import type { Floor } from './floors.ts';

/** Bounds that hold whatever the demand is. */
export interface Guardrails {
  readonly minNodes: number;
  /** The reason for `minNodes`, where it is a calendar floor. */
  readonly minBecause?: string;
  readonly maxNodes: number;
  /** Nodes that a pool may grow at once. */
  readonly stepUp: number;
  /** Nodes that a pool may shrink at once. */
  readonly stepDown: number;
  /** A pool is not scaled down within this time after it was scaled up. */
  readonly coolDownMs: number;
  /** The limit for all nodes of a pool together. Infinite: no bound. */
  readonly quota: Resources;
}

/** The current state of a pool. */
export interface PoolSizeState {
  /** Nodes that exist or are being created. */
  readonly nodes: number;
  /** When it last grew by our decision; undefined: never. */
  readonly grewAtMs: number | undefined;
  readonly nowMs: number;
  /** What one node has. */
  readonly node: Resources;
}

/** A number of nodes after the guardrails, and the guardrails that changed it, as text. */
export interface Guarded {
  readonly nodes: number;
  readonly held: readonly string[];
}

type Rail = (nodes: number, standing: PoolSizeState, rails: Guardrails) => Guarded | undefined;

const nodesOf = (count: number): string => counted(count, 'node');

/** The order matters: the operator's bounds come last, so that nothing overrides them. */
const RAILS: readonly Rail[] = [
  (nodes, { nodes: now, grewAtMs, nowMs }, { coolDownMs }) => {
    if (nodes >= now || grewAtMs === undefined) return undefined;
    const leftMs = grewAtMs + coolDownMs - nowMs;
    // A clock that was set back must not freeze a pool for longer than one cool-down.
    if (leftMs <= 0 || leftMs > coolDownMs) return undefined;
    return { nodes: now, held: [`scale-down is in cooldown for another ${Math.ceil(leftMs / 1000)} s`] };
  },
  (nodes, { nodes: now }, { stepUp }) =>
    nodes > now + stepUp
      ? { nodes: now + stepUp, held: [`at most ${nodesOf(stepUp)} added at once`] }
      : undefined,
  (nodes, { nodes: now }, { stepDown }) =>
    nodes < now - stepDown
      ? { nodes: now - stepDown, held: [`at most ${nodesOf(stepDown)} removed at once`] }
      : undefined,
  (nodes, { node }, { quota }) => {
    const most = nodesWithin(quota, node);
    return nodes > most ? { nodes: most, held: [`the quota allows ${nodesOf(most)}`] } : undefined;
  },
  (nodes, _standing, { minNodes, minBecause }) => {
    if (nodes >= minNodes) return undefined;
    const why = minBecause === undefined ? '' : ` (${minBecause})`;
    return { nodes: minNodes, held: [`at least ${nodesOf(minNodes)}${why}`] };
  },
  (nodes, _standing, { maxNodes }) =>
    nodes > maxNodes ? { nodes: maxNodes, held: [`at most ${nodesOf(maxNodes)}`] } : undefined,
];

/** The guardrails at a given time: a calendar floor is a minimum while it holds. @see floorAt */
export function withFloor(rails: Guardrails, floor: Floor | undefined): Guardrails {
  if (floor === undefined || floor.nodes <= rails.minNodes) return rails;
  return { ...rails, minNodes: floor.nodes, minBecause: floor.text };
}

/**
 * Holds a wanted size within the guardrails.
 *
 * @param wanted whole nodes ≥ 0
 * @returns whole nodes from minNodes to maxNodes (the smaller of both when they contradict)
 */
export function guarded(wanted: number, standing: PoolSizeState, rails: Guardrails): Guarded {
  return RAILS.reduce<Guarded>(
    (so, rail) => {
      const next = rail(so.nodes, standing, rails);
      return next === undefined ? so : { nodes: next.nodes, held: [...so.held, ...next.held] };
    },
    { nodes: wanted, held: [] },
  );
}
