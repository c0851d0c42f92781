import { PAUSED_ANNOTATION } from '@hangar/shared/contract/object-keys';
import { isPaused } from '../capacity/pool-node.ts';
import type { ActOutcome, ProvisioningState } from './actuator.ts';
import { SCALED_BY_ANNOTATION } from './resources.ts';

/** The object that an act is about to change, as it was read just now. */
export interface ScaleState {
  readonly annotations: Readonly<Record<string, string>>;
  /** In nodes; undefined when nothing was ever asked for. */
  readonly nodes: number | undefined;
  readonly service: ProvisioningState;
  /** Why it isn't served; empty when it is. */
  readonly serviceText: string;
  /** Who set the number after our last write; undefined when nobody did. */
  readonly otherWriter?: string | undefined;
}

/** Bounds of all acts of one actuator. */
export interface ActRules {
  /** `NAMESPACE/NAME` of this Hangar, the same for all its replicas. */
  readonly self: string;
  /** Nothing is written; outcomes name what would be. */
  readonly dryRun: boolean;
  /** From one change to the next, in milliseconds; a raise is not held back. */
  readonly lowerPaceMs: number;
  /** More than this is never asked for. */
  readonly mostNodes: number;
}

/** The moment of an act: milliseconds on the monotonic clock. */
export interface ActMoment {
  readonly nowMs: number;
  readonly lastSetMs: number | undefined;
}

/** Owner by annotation; undefined: none. */
export const ownerOf = (annotations: Readonly<Record<string, string>>): string | undefined =>
  annotations[SCALED_BY_ANNOTATION] || undefined;

/**
 * Judges whether that number may be written: a pool has one owner, a paused one is not changed, an unserved one is not raised, and no
 * number is written twice.
 *
 * @returns why not; undefined when it may
 */
export function judgeAct(
  standing: ScaleState,
  nodes: number,
  rules: ActRules,
  moment: ActMoment,
): ActOutcome | undefined {
  return (
    outOfBounds(nodes, rules) ??
    mustNotChange(standing, rules.self) ??
    needless(standing, nodes) ??
    (rules.dryRun ? dryRun(standing, nodes) : undefined) ??
    tooSoon(standing, nodes, rules, moment)
  );
}

/** Refuses what is not a valid number of nodes, and what the settings forbid. */
export function outOfBounds(nodes: number, { mostNodes }: ActRules): ActOutcome | undefined {
  if (!Number.isSafeInteger(nodes) || nodes < 0)
    return { kind: 'refused', text: `${nodes} is not a valid number of nodes` };
  if (nodes <= mostNodes) return undefined;
  return { kind: 'refused', text: `${nodes} nodes exceed the maximum of ${mostNodes} in the settings` };
}

/** Leaves alone what is paused or has another owner: asked before every write, also before one that undoes. */
export function mustNotChange(
  { annotations, otherWriter }: Pick<ScaleState, 'annotations' | 'otherWriter'>,
  self: string,
): ActOutcome | undefined {
  const owner = ownerOf(annotations);
  if (owner !== undefined && owner !== self) {
    const cure = `remove the annotation ${SCALED_BY_ANNOTATION} there if that one is no longer running, or remove the pool from the settings of this one`;
    return { kind: 'foreign-owner', text: `the pool is scaled by ${owner}, not by ${self}: ${cure}` };
  }
  if (owner !== undefined && otherWriter !== undefined) {
    const cure = `make sure that only one of the two sets it, then remove the annotation ${SCALED_BY_ANNOTATION} so that Hangar scales it again`;
    return { kind: 'foreign-owner', text: `spec.replicas was set by ${otherWriter} after Hangar: ${cure}` };
  }
  if (!isPaused(annotations)) return undefined;
  return { kind: 'paused', text: `paused by the annotation ${PAUSED_ANNOTATION}: remove it to continue` };
}

function needless({ nodes: from, service, serviceText }: ScaleState, nodes: number): ActOutcome | undefined {
  if (from === nodes) return { kind: 'unchanged', text: `${nodes} nodes, unchanged` };
  if (service !== 'unserved' || nodes <= (from ?? 0)) return undefined;
  return { kind: 'unserved', text: `stays at ${from ?? 0} instead of ${nodes} nodes: ${serviceText}` };
}

/** The outcome of a dry run. */
export const dryRun = ({ nodes: from }: Pick<ScaleState, 'nodes'>, nodes: number): ActOutcome => ({
  kind: 'would-set',
  text: `dry run: would go from ${from ?? 'nothing'} to ${nodes} nodes`,
});

/** Holds back a lowering too soon after the last change. A raise never waits. */
export function tooSoon(
  { nodes: from }: Pick<ScaleState, 'nodes'>,
  nodes: number,
  { lowerPaceMs }: Pick<ActRules, 'lowerPaceMs'>,
  { nowMs, lastSetMs }: ActMoment,
): ActOutcome | undefined {
  const leftMs = (lastSetMs ?? Number.NEGATIVE_INFINITY) + lowerPaceMs - nowMs;
  if (nodes > (from ?? 0) || leftMs <= 0) return undefined;
  return {
    kind: 'paced',
    text: `goes down to ${nodes} nodes in ${Math.ceil(leftMs / 1000)} s at the earliest`,
  };
}
