/** One line of a decision file: from this time on, what the pool needs. */
export interface DecisionLine {
  readonly at: number;
  readonly nodes: number;
  readonly shrinkTo: number;
}

/** A build; all are of one size, and `podsPerNode` of them fill a node. Seconds. */
export interface ExecutedJob {
  readonly arrivedAt: number;
  readonly durationSeconds: number;
}

/** What is executed, and how. */
export interface ExecutedOptions {
  /** By arrival. */
  readonly jobs: readonly ExecutedJob[];
  /** By time. */
  readonly decisions: readonly DecisionLine[];
  readonly podsPerNode: number;
  readonly bootSeconds: number;
  /** An idle node beyond the bound is closed after so long: what the service waits where no build is announced, by default. */
  readonly idleSeconds?: number;
  readonly countFrom: number;
}

/** The outcome, over the jobs and hours from `countFrom` on. */
export interface ExecutedResult {
  readonly nodeHoursPer1000Jobs: number;
  readonly waitP95Seconds: number;
  readonly unplaced: number;
}

interface Machine {
  readonly orderedAt: number;
  readonly readyAt: number;
  builds: number;
  idleSince: number;
  isMarked: boolean;
}

const TICK_SECONDS = 10;
const IDLE_SECONDS = 30;
const PUSH = 5;
const RECENT_SECONDS = 300;

interface Ending {
  readonly at: number;
  readonly machine: Machine;
}

/** Builds that end, by the second in which they end. */
class Endings {
  readonly #bySecond = new Map<number, Ending[]>();
  /** Undefined before the first look. */
  #second: number | undefined;

  add(at: number, machine: Machine): void {
    const second = Math.floor(at);
    const there = this.#bySecond.get(second);
    if (there === undefined) this.#bySecond.set(second, [{ at, machine }]);
    else there.push({ at, machine });
  }

  /** The next one that ends up to a time. */
  takeUntil(until: number): Ending | undefined {
    for (let second = this.#second ?? Math.floor(until); second <= until; second += 1) {
      this.#second = second;
      const here = this.#bySecond.get(second) ?? [];
      here.sort((one, other) => other.at - one.at);
      const next = here.at(-1);
      if (next !== undefined) return next.at <= until ? here.pop() : undefined;
      if (second + 1 <= until) this.#bySecond.delete(second);
    }
    return undefined;
  }
}

/** A pool that does what a decision file says. It shares no code with the replay that wrote the file. */
class Executor {
  readonly #options: ExecutedOptions;
  readonly #endings = new Endings();
  readonly #queue: ExecutedJob[] = [];
  readonly #waits: number[] = [];
  readonly #recent: number[] = [];
  #machines: Machine[] = [];
  #nodeSeconds = 0;
  #line = 0;

  constructor(options: ExecutedOptions) {
    this.#options = options;
  }

  run(): ExecutedResult {
    const { jobs, countFrom } = this.#options;
    const [from, to] = [jobs[0]?.arrivedAt ?? 0, jobs.at(-1)?.arrivedAt ?? 0];
    let tick = from;
    for (const job of jobs) {
      for (; tick < job.arrivedAt; tick += TICK_SECONDS) this.#tick(tick);
      this.#arrive(job);
    }
    for (const { orderedAt } of this.#machines) this.#paid(orderedAt, to);
    const counted = jobs.filter(({ arrivedAt }) => arrivedAt >= countFrom).length;
    const waits = this.#waits.toSorted((one, other) => one - other);
    return {
      nodeHoursPer1000Jobs: (this.#nodeSeconds / 3600 / counted) * 1000,
      waitP95Seconds: waits[Math.ceil(waits.length * 0.95) - 1] ?? 0,
      unplaced: this.#queue.length,
    };
  }

  #arrive(job: ExecutedJob): void {
    this.#advance(job.arrivedAt);
    this.#recent.push(job.arrivedAt);
    if (!this.#place(job, job.arrivedAt)) this.#queue.push(job);
  }

  #tick(now: number): void {
    this.#advance(now);
    this.#follow(now);
    this.#mark(now);
  }

  #paid(from: number, to: number): void {
    this.#nodeSeconds += Math.max(0, to - Math.max(from, this.#options.countFrom));
  }

  /** Ends and boots up to a time; each gives room to who waits. */
  #advance(until: number): void {
    for (;;) {
      const boot = this.#queue.length > 0 ? this.#nextBoot(until) : Infinity;
      const ended = this.#endings.takeUntil(Math.min(until, boot));
      if (ended === undefined && boot > until) return;
      if (ended !== undefined) {
        ended.machine.builds -= 1;
        if (ended.machine.builds === 0) ended.machine.idleSince = ended.at;
      }
      this.#serve(ended?.at ?? boot);
    }
  }

  /** The next time, up to `until`, at which a machine with room becomes ready after the queue was last served. */
  #nextBoot(until: number): number {
    let first = Infinity;
    for (const { readyAt, builds } of this.#machines)
      if (builds === 0 && readyAt > this.#servedAt && readyAt <= until) first = Math.min(first, readyAt);
    return first;
  }

  #servedAt = -Infinity;

  #serve(at: number): void {
    this.#servedAt = at;
    while (this.#queue[0] !== undefined && this.#place(this.#queue[0], at)) this.#queue.shift();
  }

  /** The emptiest machine, marked ones last, as the scheduler does by default. */
  #place(job: ExecutedJob, at: number): boolean {
    const cost = ({ builds, isMarked }: Machine): number =>
      builds + (isMarked ? this.#options.podsPerNode : 0);
    let best: Machine | undefined;
    for (const machine of this.#machines) {
      if (machine.readyAt > at || machine.builds >= this.#options.podsPerNode) continue;
      if (best === undefined || cost(machine) < cost(best)) best = machine;
    }
    if (best === undefined) return false;
    best.builds += 1;
    this.#endings.add(at + job.durationSeconds, best);
    if (job.arrivedAt >= this.#options.countFrom) this.#waits.push(at - job.arrivedAt);
    return true;
  }

  /** Orders what is missing, closes idle machines down to the bound. */
  #follow(now: number): void {
    const { decisions, bootSeconds, idleSeconds = IDLE_SECONDS } = this.#options;
    while ((decisions[this.#line + 1]?.at ?? Infinity) <= now) this.#line += 1;
    const line = decisions[this.#line];
    if (line === undefined || line.at > now) return;
    while (this.#machines.length < line.nodes)
      this.#machines.push({
        ...{ orderedAt: now, readyAt: now + bootSeconds, builds: 0, idleSince: now + bootSeconds },
        isMarked: false,
      });
    const surplus = Math.max(0, this.#machines.length - line.shrinkTo);
    const idle = this.#machines
      .filter(({ builds, idleSince }) => builds === 0 && idleSince <= now - idleSeconds)
      .sort((one, other) => one.idleSince - other.idleSince)
      .slice(0, surplus);
    for (const { orderedAt } of idle) this.#paid(orderedAt, now);
    if (idle.length > 0) this.#machines = this.#machines.filter((machine) => !idle.includes(machine));
  }

  /** Leaves room for the next moments unmarked, on the fullest machines. */
  #mark(now: number): void {
    while ((this.#recent[0] ?? Infinity) < now - RECENT_SECONDS) this.#recent.shift();
    const perTick = (this.#recent.length / RECENT_SECONDS) * TICK_SECONDS;
    let open = this.#queue.length + PUSH + perTick + 2 * Math.sqrt(PUSH * perTick);
    const ready = this.#machines.filter(({ readyAt }) => readyAt <= now);
    for (const machine of ready.sort((one, other) => other.builds - one.builds)) {
      const room = this.#options.podsPerNode - machine.builds;
      machine.isMarked = room > 0 && open <= 0;
      open -= room;
    }
  }
}

/** Executes a decision file on a cluster of its own: the figures must be those that the replay claims. */
export const executed = (options: ExecutedOptions): ExecutedResult => new Executor(options).run();
