import { BoundedMap } from '@hangar/shared/bounded';
import type { Load } from './admit/admit.ts';
import type { Placement } from './admit/placement.ts';

/** Where a stage of this process is. `reporting`: it has ended, and the server has not yet taken its end or its logs. */
export type StagePhase = 'preparing' | 'waiting' | 'starting' | 'running' | 'reporting';

/** One stage in the hands of this process. Times in milliseconds since 1970. */
export interface RegisteredStage {
  readonly stageId: number;
  readonly buildId: number;
  readonly buildNumber: number;
  readonly repo: string;
  readonly stageName: string;
  readonly event: string;
  readonly phase: StagePhase;
  readonly sinceMs: number;
  /** Why it waits, in words; empty when it doesn't. */
  readonly reason: string;
  readonly pod: string;
  readonly adopted: boolean;
  /** The code of the failure that ended it; absent: none did. */
  readonly failure?: string;
  /** What it takes of the budget once it is admitted. */
  readonly asks: Load;
  /** Which nodes it may be scheduled to; absent: its Pod shows that. */
  readonly placement?: Placement;
  /** The node that it was admitted to, if nodes were looked at; the scheduler may choose another one. */
  readonly node?: string | undefined;
}

/** A stage was entered or updated, or has left. */
export interface RegistryChange {
  readonly kind: 'changed' | 'left';
  /** The stage as it is now, or as it was when it left. */
  readonly entry: RegisteredStage;
}

const PHASE_ORDER: Readonly<Record<StagePhase, number>> = {
  waiting: 0,
  preparing: 1,
  starting: 2,
  running: 3,
  reporting: 4,
};

/** The order in which stages are shown: waiting ones first, then the longest in its phase. */
export const waitingFirst = (a: RegisteredStage, b: RegisteredStage): number =>
  PHASE_ORDER[a.phase] - PHASE_ORDER[b.phase] || a.sinceMs - b.sinceMs || a.stageId - b.stageId;

/** A Pod that has ended is removed within this time, unless its removal failed. */
const OVERDUE_MS = 300_000;

/** A Pod that is gone before it was dealt with is not told as gone once more, so its name would stay: so many are kept at most. */
const FINISHED_LIMIT = 10_000;

/** All stages in the hands of this process: who is in it is not begun or adopted a second time. */
export class StageRegistry {
  readonly #entries = new Map<number, RegisteredStage>();
  readonly #finished = new BoundedMap<string, number>(FINISHED_LIMIT);
  readonly #lingering = new Set<Promise<unknown>>();
  readonly #listeners = new Set<(change: RegistryChange | undefined) => void>();
  readonly #counts = new Map<StagePhase, number>();
  /** Made once for each change: several listeners read it. */
  #listed: readonly RegisteredStage[] | undefined;

  get entries(): readonly RegisteredStage[] {
    this.#listed ??= [...this.#entries.values()];
    return this.#listed;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many stages are in that phase: it is needed at each change, of which there are many. */
  countIn(phase: StagePhase): number {
    return this.#counts.get(phase) ?? 0;
  }

  has(stageId: number): boolean {
    return this.#entries.has(stageId);
  }

  /** Has it ended, and is only to be reported? */
  isReporting(stageId: number): boolean {
    return this.#entries.get(stageId)?.phase === 'reporting';
  }

  /** Adds a stage, unless it is there: false. */
  enter(entry: RegisteredStage): boolean {
    if (this.#entries.has(entry.stageId)) return false;
    this.#set(entry);
    return true;
  }

  update(stageId: number, change: Partial<RegisteredStage>): void {
    const entry = this.#entries.get(stageId);
    if (entry) this.#set({ ...entry, ...change }, entry.phase);
  }

  #set(entry: RegisteredStage, formerPhase?: StagePhase): void {
    this.#entries.set(entry.stageId, entry);
    this.#count(formerPhase, entry.phase);
    this.#tell({ kind: 'changed', entry });
  }

  #count(from: StagePhase | undefined, to: StagePhase | undefined): void {
    if (from) this.#counts.set(from, this.countIn(from) - 1);
    if (to) this.#counts.set(to, this.countIn(to) + 1);
  }

  /**
   * The Pod was dealt with: while it ends, nobody adopts it.
   *
   * @param monotonicMs now, by the monotonic clock
   */
  finish(podUid: string | undefined, monotonicMs: number): void {
    if (podUid) this.#finished.set(podUid, monotonicMs);
  }

  /**
   * Landed so long ago that its Pod ought to be gone, and its removal must have failed.
   *
   * @param monotonicMs now, by the monotonic clock
   */
  isOverdue(podUid: string, monotonicMs: number): boolean {
    return monotonicMs - (this.#finished.get(podUid) ?? monotonicMs) > OVERDUE_MS;
  }

  /** A new term of the Lease begins: a removal of the last one may have been refused. */
  forgetFinished(): void {
    this.#finished.clear();
  }

  hasLanded(podUid: string): boolean {
    return this.#finished.has(podUid);
  }

  /** The Pod is gone for good. */
  forget(podUid: string): void {
    this.#finished.delete(podUid);
  }

  leave(stageId: number): void {
    const entry = this.#entries.get(stageId);
    if (!entry) return;
    this.#entries.delete(stageId);
    this.#count(entry.phase, undefined);
    this.#tell({ kind: 'left', entry });
  }

  /** Something of a stage that leaves takes a moment more, such as the last lines of its logs; it must not reject. */
  linger(work: Promise<unknown>): void {
    this.#lingering.add(work);
    void work.then(() => {
      this.#lingering.delete(work);
      this.#tell(undefined);
    });
  }

  /** Is nothing in hand any more, not even last lines? */
  get isQuiet(): boolean {
    return this.#entries.size === 0 && this.#lingering.size === 0;
  }

  /** Hears every change, and the end of what lingered as undefined; the returned function ends it. */
  listen(listener: (change: RegistryChange | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: RegistryChange | undefined): void {
    this.#listed = undefined;
    for (const listener of this.#listeners) listener(change);
  }
}
