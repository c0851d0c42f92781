import { PAUSED_ANNOTATION } from '@hangar/shared/contract/object-keys';
import type { Taint } from './scheduling.ts';

/** A node of a pool as the watch knows it; frozen for one tick. */
export interface PoolNode {
  readonly name: string;
  readonly uid: string;
  /** Of the Node object, so that a write on it can be refused when it is stale. */
  readonly resourceVersion: string;
  readonly taints: readonly Taint[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ready: boolean;
  readonly unschedulable: boolean;
  /** Cordoned, or closed by a hard taint that is neither ours nor the pool's own. */
  readonly closed?: boolean;
  /** Who scales its pool, as far as the node tells: `NodePool builds`, `Cluster Autoscaler`, `Cluster API`. */
  readonly scaler?: string | undefined;
  /** Pods bound to it that haven't ended, but for those of DaemonSets, the node's own and our placeholders. */
  readonly builds: number;
  /** How many more Pods of the typical request fit. */
  readonly room: number;
  /** When its last build is expected to end, in seconds since 1970; undefined: it holds none, or nobody knows. */
  readonly emptyAt?: number | undefined;
  /** When it was created, by the monotonic clock in milliseconds; negative before the process began. */
  readonly createdMs?: number;
  /** Since when it holds no build, by the monotonic clock in milliseconds; undefined while it holds one. */
  readonly emptySinceMs?: number | undefined;
}

/** Closes a node that is about to be taken: no Pod may come any more. */
export const CLOSING_TAINT = { key: 'hangar.dev/closing', effect: 'NoSchedule' } as const satisfies Taint;

/** Has somebody asked us to leave this object alone? */
export function isPaused(annotations: Readonly<Record<string, string>> | undefined): boolean {
  const value = annotations?.[PAUSED_ANNOTATION];
  return value !== undefined && value !== 'false';
}

/** Is it the same taint to the scheduler? It knows them by key and effect. */
export const isTaint = (one: Pick<Taint, 'key' | 'effect'>, other: Pick<Taint, 'key' | 'effect'>): boolean =>
  one.key === other.key && one.effect === other.effect;

/** Does the node carry that taint? */
export const hasTaint = ({ taints }: Pick<PoolNode, 'taints'>, taint: Taint): boolean =>
  taints.some((one) => isTaint(one, taint));
