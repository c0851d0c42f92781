/** A mark of the gate, read from the log (runner/gate/PROTOCOL.md); times in milliseconds since 1970. */
export type Mark =
  | { readonly kind: 'start'; readonly atMs: number }
  | { readonly kind: 'skip'; readonly atMs: number; readonly why: string }
  /** A service with a readiness check became ready. */
  | { readonly kind: 'ready'; readonly atMs: number }
  /** `why`: the word of the exit line, absent for `ran` and for a skip. */
  | { readonly kind: 'end'; readonly atMs: number; readonly code: number; readonly why?: string }
  | { readonly kind: 'close'; readonly atMs: number };

/**
 * What is done about a log that may have ended the processes that read it. `try`: another process reads it first, after the end of its
 * container. `withhold`: it is not read.
 */
export type LogCaution = 'try' | 'withhold';

/** Whose log it is, and what must not be seen in it. */
export interface LogOrder {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The Pod's word in marks; undefined for a swapped step, which has no gate. */
  readonly nonce: string | undefined;
  /** The step's id at the server. */
  readonly stepId: number;
  readonly stepName: string;
  /** Values to hide; undefined: they are not known, so that nothing the container writes may be shown. */
  readonly masks: readonly string[] | undefined;
  /** After an adoption: lines up to then (milliseconds since 1970) were shown live by the former owner. */
  readonly shownUntilMs?: number;
  /** Absent: it is read as it comes. */
  readonly caution?: LogCaution | undefined;
  /** Aborted when another process goes on with this log: nothing of it is kept. */
  readonly leaving?: AbortSignal;
}

/** How a container's log is followed. */
export interface Following {
  onMark(mark: Mark): void;
  /** Resolves when the container is known to have ended: the log is then read to its end. */
  readonly ended: Promise<void>;
  /** Stops reading where it is. */
  readonly signal: AbortSignal;
}

/** `schema`: of the card that the step printed and the server has. `refused`: what it will never store, in words. Empty: nothing. */
export interface FinishedLog {
  readonly schema: string;
  readonly refused: string;
}

/** The log of one step, from its container to the server. */
export interface StepLogStream {
  /** A line of our own; `atMs`: when what it tells happened, milliseconds since 1970, now unless told. */
  note(text: string, atMs?: number): void;
  /** Lines go out live from now on: the server knows that the step runs. */
  goLive(): void;
  /** Reads until the log is complete, or the signal is aborted; never rejects. */
  follow(following: Following): Promise<void>;
  /** Its container has ended, and nobody answers for its log at present: it is tried again while the Pod is there. */
  readonly isOutOfReach: boolean;
  /** Sends what is left and uploads the whole, once; never rejects. */
  finish(signal: AbortSignal): Promise<FinishedLog>;
}

/** Opens logs; the runner's is the server's, that of `exec` the terminal. */
export interface StepLogs {
  open(order: LogOrder): StepLogStream;
}
