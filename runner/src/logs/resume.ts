import type { NodeLogPiece } from './piece.ts';
import { wholeSecond } from './stamp.ts';

/** What to do with a record. `gap-then-take`: take it, but the node rotated away the lines between it and the last one. */
export type ResumeDecision = 'take' | 'drop' | 'gap-then-take';

/**
 * How far before the last stamp a resumed stream begins. stdout and stderr are stamped separately, so a line may follow one with a
 * later stamp; a line from before `sinceTime` would never be sent again.
 */
const SLACK_SECONDS = 1;
/** Number of different stamps that are remembered to distinguish out-of-order lines from new ones. */
const REMEMBERED_STAMPS = 256;
/** Errors that the kubelet sends in place of a log, or of its rest, on a stream that it has already answered with 200. */
const UNDELIVERED =
  /^(unable to retrieve container logs|failed to (open log|read log|try resolving|get parse)|rpc error|an error occurred|context (cancell?ed|deadline exceeded))/i;
/** Errors after all that the log has so far. */
const UNWATCHED = /^failed to (create fsnotify|watch|reset seek)/i;

/** Whether a text without a stamp says that the node could not read the log, for example because containerd did not answer in time. */
export const isUndelivered = ({ stampNs, text }: NodeLogPiece): boolean =>
  stampNs === undefined && UNDELIVERED.test(text);

interface Run {
  readonly stampNs: bigint;
  lines: number;
}

/**
 * Tracks how far a container's log was read, over any number of broken streams. `sinceTime` has whole seconds only, so a resumed
 * stream repeats lines. The node's file keeps its order, so everything up to the last line taken is dropped; that line is found by its
 * stamp and its number among the lines with that stamp. If a stamp later than all taken ones comes first, the last line is no longer
 * in the file: it was rotated. Memory is bounded.
 */
export class LogCursor {
  #runs: Run[] = [];
  /** Number of pieces taken of the last line, and whether the line is complete. */
  #last: { parts: number; whole: boolean } = { parts: 0, whole: true };
  #search: { readonly lines: number; readonly latestNs: bigint; seen: number; found: boolean } | undefined;

  /** The `sinceTime` for the next stream; undefined: from the beginning. */
  sinceTime(): string | undefined {
    const last = this.#runs.at(-1);
    return last && wholeSecond(last.stampNs, SLACK_SECONDS);
  }

  /** Starts a new stream, opened with {@link sinceTime}. */
  begin(): void {
    const last = this.#runs.at(-1);
    if (!last) return;
    const same = this.#runs.filter((run) => run.stampNs === last.stampNs);
    this.#search = {
      lines: same.reduce((sum, run) => sum + run.lines, 0),
      latestNs: this.#runs.reduce((latest, run) => (run.stampNs > latest ? run.stampNs : latest), 0n),
      seen: 0,
      found: false,
    };
  }

  /** Decides on the next record; one without a stamp is taken only if it can't be the rest of an old line. */
  next(record: NodeLogPiece): ResumeDecision {
    const decision = this.#judge(record);
    if (decision !== 'drop') this.#taken(record);
    return decision;
  }

  /** Whether an unfinished line at a stream's end contains anything that was not taken. */
  isNew(tail: NodeLogPiece): boolean {
    if (tail.stampNs === undefined) return false;
    if (!this.#search) return true;
    if (!this.#search.found) return false;
    return tail.part === 0 || (!this.#last.whole && tail.part >= this.#last.parts);
  }

  #judge(record: NodeLogPiece): ResumeDecision {
    if (!this.#search) return 'take';
    if (record.stampNs === undefined) return UNWATCHED.test(record.text) ? 'take' : 'drop';
    if (this.#search.found) return this.#afterLast(record);
    if (record.part > 0) return 'drop';
    if (record.stampNs > this.#search.latestNs) return this.#resumed('gap-then-take');
    if (record.stampNs !== this.#runs.at(-1)?.stampNs) return 'drop';
    this.#search.seen++;
    this.#search.found = this.#search.seen === this.#search.lines;
    return this.#search.found ? this.#ofLastLine(record) : 'drop';
  }

  #afterLast(record: NodeLogPiece): ResumeDecision {
    return record.part === 0 ? this.#resumed('take') : this.#ofLastLine(record);
  }

  #ofLastLine(record: NodeLogPiece): ResumeDecision {
    return this.#last.whole || record.part < this.#last.parts ? 'drop' : this.#resumed('take');
  }

  #resumed(decision: ResumeDecision): ResumeDecision {
    this.#search = undefined;
    return decision;
  }

  #taken({ stampNs, part, ends }: NodeLogPiece): void {
    if (stampNs === undefined) return;
    this.#last = { parts: part + 1, whole: ends };
    if (part > 0) return;
    const last = this.#runs.at(-1);
    if (last?.stampNs === stampNs) last.lines++;
    else this.#runs.push({ stampNs, lines: 1 });
    if (this.#runs.length > 2 * REMEMBERED_STAMPS) this.#runs = this.#runs.slice(-REMEMBERED_STAMPS);
  }
}
