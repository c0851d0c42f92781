import type {
  FinishedLog,
  Following,
  LogOrder,
  Mark,
  StepLogStream,
  StepLogs,
} from '../../ports/step-logs.ts';

/** One log that a test controls: its marks, errors and delays. */
export class FakeStepLog implements StepLogStream {
  readonly order: LogOrder;
  readonly notes: string[] = [];
  isLive = false;
  isOutOfReach = false;
  isStored = false;
  /** The process ended before the server had stored it. */
  isLeft = false;
  schema = '';
  refused = '';
  /** Uploads wait until it resolves. */
  upload: Promise<void> = Promise.resolve();
  #following: Following | undefined;
  readonly #early: Mark[] = [];
  #complete = Promise.withResolvers<void>();

  constructor(order: LogOrder) {
    this.order = order;
  }

  note(text: string): void {
    this.notes.push(text);
  }

  goLive(): void {
    this.isLive = true;
  }

  get isFollowed(): boolean {
    return this.#following !== undefined;
  }

  /** Reads a mark of the gate. */
  mark(mark: Mark): void {
    if (this.#following) this.#following.onMark(mark);
    else this.#early.push(mark);
    if (mark.kind === 'close') this.#complete.resolve();
  }

  start(atMs: number): void {
    this.mark({ kind: 'start', atMs });
  }

  ready(atMs: number): void {
    this.mark({ kind: 'ready', atMs });
  }

  /** `why`: the word of the gate's exit line, if that is neither `ran` nor a skip. */
  end(code: number, atMs: number, why?: 'timed-out' | 'unready'): void {
    this.mark({ kind: 'end', code, atMs, ...(why === undefined ? {} : { why }) });
    this.mark({ kind: 'close', atMs });
  }

  skip(why: string, atMs: number): void {
    this.mark({ kind: 'skip', why, atMs });
    this.end(0, atMs);
  }

  async follow(following: Following): Promise<void> {
    this.#following = following;
    for (const mark of this.#early) following.onMark(mark);
    const aborted = new Promise<void>((resolve) => {
      if (following.signal.aborted) resolve();
      following.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([following.ended, aborted, this.#complete.promise]);
  }

  async finish(signal: AbortSignal): Promise<FinishedLog> {
    const left = new Promise<'left'>((resolve) =>
      signal.addEventListener('abort', () => resolve('left'), { once: true }),
    );
    this.isLeft = (await Promise.race([this.upload, left])) === 'left';
    this.isStored = !this.isLeft;
    return { schema: this.schema, refused: this.refused };
  }
}

/** The logs of one stage run; each exists before it is opened, so that a test can prepare it. */
export class FakeStepLogs implements StepLogs {
  readonly opened: FakeStepLog[] = [];
  readonly #prepare: (log: FakeStepLog) => void;

  constructor(prepare: (log: FakeStepLog) => void = () => undefined) {
    this.#prepare = prepare;
  }

  open(order: LogOrder): FakeStepLog {
    const log = new FakeStepLog(order);
    this.#prepare(log);
    this.opened.push(log);
    return log;
  }

  /** The log of that step, which must be open. */
  of(n: number): FakeStepLog {
    const log = this.opened.findLast(({ order }) => order.container === `step-${n}`);
    if (!log) throw new Error(`the log of step ${n} is not open`);
    return log;
  }

  isOpen(n: number): boolean {
    return this.opened.some(({ order }) => order.container === `step-${n}`);
  }
}
