import { BoundedMap } from '@hangar/shared/bounded';
import { type Admission, admit, type Budget, type Load } from './admit.ts';

/** A budget that several replicas share: what one admits, the others count before they can see its Pod. */
export interface Reservations {
  /** Counts the stage for all replicas, or returns what it waits for. Never rejects. */
  reserve(
    stage: Pick<QueuedStage, 'stageId' | 'asks'>,
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
}

/** One stage in the queue. */
export interface QueuedStage {
  readonly stageId: number;
  readonly repo: string;
  readonly event: string;
  readonly asks: Load;
  /** Hears each new reason to wait. */
  waits(admission: Admission & { kind: 'waiting' }): void;
  /** Called at the very moment of admission: what it asks for must count in `taken()` from here on. */
  admitted(): void;
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
 * passed over for one that would fit, or a large pipeline would wait for ever. What is taken is asked anew at each turn.
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

  constructor(taken: () => Load, budget: Budget, { reservations, perRepository }: QueueOptions = {}) {
    this.#taken = taken;
    this.#budget = budget;
    this.#reservations = reservations;
    this.#perRepository = perRepository;
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
        if (admission.kind === 'admitted') queued.admitted();
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
    while (!this.#isReserving) {
      const [head, ...rest] = this.#inOrder().filter((one) => !this.#isLimited(one));
      if (!head) return;
      const admission = admit(head.asks, this.#taken(), this.#budget);
      if (admission.kind === 'waiting') return tellWaiting(head, rest, admission);
      if (admission.kind === 'admitted' && this.#reservations)
        return void this.#reserve(head, this.#reservations);
      if (admission.kind === 'admitted') this.#count(head, rest);
      head.decided(admission);
    }
  }

  async #reserve(head: Entry, reservations: Reservations): Promise<void> {
    this.#isReserving = true;
    const admission = await reservations.reserve(head);
    const rest = this.#inOrder().filter((one) => one !== head);
    const hasLeft = !this.#entries.includes(head);
    if (admission.kind === 'waiting') {
      if (!hasLeft) tellWaiting(head, rest, admission);
      return reservations.later(() => this.#reserveAgain());
    }
    this.#isReserving = false;
    if (hasLeft) reservations.release(head.stageId);
    else {
      this.#count(head, rest);
      head.decided(admission);
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

  #count(head: Entry, rest: readonly Entry[]): void {
    for (const one of rest) if (one.repo === head.repo && one.order < head.order) one.overtaken += 1;
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
