import { BoundedMap } from '@hangar/shared/bounded';
import { type Admission, admit, type Budget, type Load } from './admit.ts';
import type { NodeBudget, NodeLook } from './node-budget.ts';
import type { Placement } from './placement.ts';

/** What a stage needs to be admitted. */
export type Applicant = Pick<QueuedStage, 'stageId' | 'asks' | 'placement'>;

/** A budget that several replicas share: what one admits, the others count before they can see its Pod. */
export interface Reservations {
  /**
   * Counts the stage for all replicas, or returns what it waits for. Never rejects.
   *
   * @param ahead stages that wait for nodes, which this one must not take from them
   */
  reserve(
    stage: Applicant,
    ahead: readonly Applicant[],
  ): Promise<Admission & { kind: 'admitted' | 'waiting' }>;
  /** The stage was reserved and does not run. */
  release(stageId: number): void;
  /** Calls that when a reservation may be tried again. */
  later(act: () => void): void;
}

/** How many pipelines of one repository may run at once. */
export interface RepositoryLimit {
  readonly limit: number;
  /** How many of that repository run now. */
  running(repo: string): number;
}

/** What not every queue has. */
export interface QueueOptions {
  /** Where the budget is shared with other replicas. */
  readonly reservations?: Reservations | undefined;
  readonly perRepository?: RepositoryLimit | undefined;
  /** Where stages wait for room on nodes. */
  readonly nodes?: NodeBudget | undefined;
}

/** One stage in the queue. */
export interface QueuedStage {
  readonly stageId: number;
  readonly repo: string;
  readonly event: string;
  readonly asks: Load;
  readonly placement: Placement;
  /** Hears each new reason to wait. */
  waits(admission: Admission & { kind: 'waiting' }): void;
  /**
   * Called at the very moment of admission: what it asks for must count in `taken()` from here on.
   *
   * @param node where it has room, if nodes were looked at
   */
  admitted(node?: string): void;
}

interface Entry extends QueuedStage {
  readonly order: number;
  /** Admissions of its own repository that went before it though they came later. */
  overtaken: number;
  said: string;
  readonly decided: (admission: Admission & { kind: 'admitted' | 'refused' }) => void;
}

/** Someone is waiting at the other end of these: a person who promoted, then one with an open pull request, then the rest. */
const PRIORITY: Readonly<Record<string, number>> = {
  promote: 0,
  rollback: 0,
  custom: 0,
  pull_request: 1,
  tag: 1,
  push: 2,
  cron: 3,
};
const USUAL_PRIORITY = 2;

/** So often may later ones with better events go before one of the same repository: nobody waits for ever. */
const PATIENCE = 8;
/** Repositories whose last turn is remembered; the oldest are forgotten, which is the same as never. */
const REMEMBERED = 1_000;

/**
 * The queue before admission: round robin over repositories, within one by event and then first come. Whose turn it is, is never
 * passed over for one that would fit, or a large pipeline would wait for ever. One that waits for nodes is passed over only by those
 * that go to other nodes. What is taken is asked anew at each turn.
 */
export class AdmissionQueue {
  readonly #taken: () => Load;
  readonly #budget: Budget;
  readonly #turns = new BoundedMap<string, number>(REMEMBERED);
  #entries: Entry[] = [];
  #order = 0;
  #next = 0;
  #turning = false;
  #again = false;
  /** A reservation is being made, or was refused a moment ago. */
  #isReserving = false;
  readonly #reservations: Reservations | undefined;
  readonly #perRepository: RepositoryLimit | undefined;
  readonly #nodes: NodeBudget | undefined;

  constructor(taken: () => Load, budget: Budget, { reservations, perRepository, nodes }: QueueOptions = {}) {
    this.#taken = taken;
    this.#budget = budget;
    this.#reservations = reservations;
    this.#perRepository = perRepository;
    this.#nodes = nodes;
  }

  /** How many wait. */
  get length(): number {
    return this.#entries.length;
  }

  /** Resolves with `admitted` or `refused`; rejects with the signal's reason when it is aborted. */
  enter(queued: QueuedStage, signal: AbortSignal): Promise<Admission & { kind: 'admitted' | 'refused' }> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const leave = (): void => {
        this.#remove(entry);
        reject(signal.reason as Error);
        this.next();
      };
      const decided: Entry['decided'] = (admission) => {
        this.#remove(entry);
        signal.removeEventListener('abort', leave);
        if (admission.kind === 'admitted') queued.admitted(admission.node);
        resolve(admission);
      };
      const entry: Entry = { ...queued, order: this.#order++, overtaken: 0, said: '', decided };
      signal.addEventListener('abort', leave, { once: true });
      this.#entries.push(entry);
      this.next();
    });
  }

  /**
   * Something may have become free: looks from the head on. One admission is decided at a time, since each changes what is taken.
   * Who hears of a decision may call this again: that is a further look, not a look within the look.
   */
  next(): void {
    this.#again = true;
    if (this.#turning) return;
    this.#turning = true;
    try {
      while (this.#again) {
        this.#again = false;
        this.#look();
      }
    } finally {
      this.#turning = false;
    }
  }

  #look(): void {
    while (!this.#isReserving && this.#decideNext());
  }

  /** Decides about the first that need not wait. @returns whether another may follow */
  #decideNext(): boolean {
    const inOrder = this.#inOrder().filter((one) => !this.#isLimited(one));
    const nodes = this.#nodes?.look();
    const ahead: Entry[] = [];
    for (const [place, entry] of inOrder.entries()) {
      const admission = this.#judge(entry, nodes);
      if (admission.kind !== 'waiting') return this.#decide(entry, admission, ahead);
      if (admission.reason !== 'budget-nodes') {
        tellWaiting(entry, inOrder.slice(place + 1), admission);
        return false;
      }
      tell(entry, admission);
      ahead.push(entry);
    }
    return false;
  }

  #judge({ asks, placement }: Entry, nodes: NodeLook | undefined): Admission {
    const admission = admit(asks, this.#taken(), this.#budget);
    return admission.kind === 'admitted' && nodes ? nodes.judge({ asks, placement }) : admission;
  }

  #decide(
    entry: Entry,
    admission: Admission & { kind: 'admitted' | 'refused' },
    ahead: readonly Entry[],
  ): boolean {
    if (admission.kind === 'admitted' && this.#reservations) {
      void this.#reserve(entry, ahead, this.#reservations);
      return false;
    }
    if (admission.kind === 'admitted') this.#count(entry);
    entry.decided(admission);
    return true;
  }

  async #reserve(entry: Entry, ahead: readonly Entry[], reservations: Reservations): Promise<void> {
    this.#isReserving = true;
    const admission = await reservations.reserve(entry, ahead);
    const hasLeft = !this.#entries.includes(entry);
    if (admission.kind === 'waiting') {
      const behind = this.#inOrder().filter((one) => one !== entry && !ahead.includes(one));
      if (!hasLeft) tellWaiting(entry, behind, admission);
      return reservations.later(() => this.#reserveAgain());
    }
    this.#isReserving = false;
    if (hasLeft) reservations.release(entry.stageId);
    else {
      this.#count(entry);
      entry.decided(admission);
    }
    this.next();
  }

  #reserveAgain(): void {
    this.#isReserving = false;
    this.next();
  }

  /** Others go before a stage whose repository runs as many as it may. */
  #isLimited(entry: Entry): boolean {
    const limits = this.#perRepository;
    if (!limits) return false;
    const { limit } = limits;
    const count = limits.running(entry.repo);
    if (count < limit) return false;
    const text = `${count} pipelines of this repository run, and the limit is ${limit}`;
    tell(entry, { kind: 'waiting', reason: 'repository', text });
    return true;
  }

  #remove(entry: Entry): void {
    this.#entries = this.#entries.filter((one) => one !== entry);
  }

  #count(head: Entry): void {
    for (const one of this.#entries) if (one.repo === head.repo && one.order < head.order) one.overtaken += 1;
    this.#turns.set(head.repo, this.#next++);
  }

  #inOrder(): Entry[] {
    const lastTurn = (one: Entry): number => this.#turns.get(one.repo) ?? -1;
    return [...this.#entries].sort(
      (a, b) => lastTurn(a) - lastTurn(b) || priorityOf(a) - priorityOf(b) || a.order - b.order,
    );
  }
}

const priorityOf = (one: Entry): number =>
  one.overtaken >= PATIENCE ? -1 : (PRIORITY[one.event] ?? USUAL_PRIORITY);

function tellWaiting(head: Entry, rest: readonly Entry[], admission: Admission & { kind: 'waiting' }): void {
  tell(head, admission);
  for (const [place, one] of rest.entries())
    tell(one, {
      kind: 'waiting',
      reason: 'queue',
      text: `${place + 1} pipelines are ahead of this one in the queue; the first waits because ${admission.text}`,
    });
}

/** Each new text once. */
function tell(entry: Entry, admission: Admission & { kind: 'waiting' }): void {
  if (entry.said === admission.text) return;
  entry.said = admission.text;
  entry.waits(admission);
}
