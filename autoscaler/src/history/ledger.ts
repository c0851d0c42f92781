import { AuditTrail } from '../act/audit.ts';
import type { Condition } from '../capacity/condition.ts';
import type { Recommendation } from '../decide/recommendation.ts';
import { Ring } from './ring.ts';

/** One tick, for plots. Null: unknown at that time. */
export interface HistoryPoint {
  readonly atMs: number;
  readonly running: number | null;
  readonly pending: number | null;
  readonly known: number | null;
  readonly buffer: number | null;
  /** Longest wait for a node of the Pods that found one since the point before, in seconds; null: none did. */
  readonly waitSeconds: number | null;
  readonly shapes: Readonly<Record<string, number>>;
  readonly pools: Readonly<Record<string, { readonly actual: number; readonly desired: number }>>;
}

/** A change that was decided for a pool, and what became of it. */
export interface DecisionEntry {
  readonly atMs: number;
  readonly pool: string;
  readonly fromNodes: number;
  readonly toNodes: number;
  /** As in the recommendation: what should exist, and down to which number empty nodes may be closed. */
  readonly needNodes: number;
  readonly shrinkToNodes: number;
  /** `dry-run`, or a kind of the actor's own. */
  readonly outcome: string;
  readonly note: string;
  readonly because: readonly string[];
}

/** A day at ticks of ten seconds. */
const MOST_POINTS = 8_640;
const MOST_DECISIONS = 500;

/** What the service knows and has done, for whoever asks. */
export class Ledger {
  readonly history = new Ring<HistoryPoint>(MOST_POINTS);
  readonly decisions = new Ring<DecisionEntry>(MOST_DECISIONS);
  /** Every act, and every reason why there was none. */
  readonly audit = new AuditTrail();
  /** The last good one. */
  recommendation: Recommendation | undefined;
  /** Since when nothing newer could be decided; undefined: it is true to the data. */
  staleSinceMs: number | undefined;
  conditions: readonly Condition[] = [];
  /** When a tick last ended, by a clock that never jumps. */
  tickedMs: number | undefined;

  /** Age of the last good recommendation; undefined: there is none. */
  ageMs(nowMs: number): number | undefined {
    return this.recommendation && nowMs - this.recommendation.atMs;
  }

  /** A good recommendation. */
  decided(recommendation: Recommendation, conditions: readonly Condition[]): void {
    this.recommendation = recommendation;
    this.conditions = conditions;
    this.staleSinceMs = undefined;
  }

  /** Nothing true could be decided: what was good stays and is marked. */
  stale(atMs: number, conditions: readonly Condition[]): void {
    this.conditions = conditions;
    this.staleSinceMs ??= atMs;
  }
}
