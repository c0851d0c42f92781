import type { FieldPath } from './pipeline.ts';

/** Who has to act. Only `pipeline` texts are the author's business; the others are for who runs the cluster. */
export type Blame = 'pipeline' | 'operator' | 'cluster' | 'bug';

/** Where the cause is in the pipeline file; line and column from 1. */
export interface ErrorPlace {
  readonly line: number;
  readonly column: number;
}

/** The data of an error, as another thread can send it. */
export interface ErrorFields {
  readonly code: string;
  readonly message: string;
  readonly blame: Blame;
  readonly place: ErrorPlace | undefined;
}

/**
 * A stage that can't be run as it stands. `message` is the text that the author reads on the stage.
 * `code` is one word of the closed list in `failures.ts`, used as metric label.
 */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  readonly code: string;
  readonly blame: Blame;
  readonly #place: ErrorPlace | undefined;
  readonly #at: FieldPath | undefined;

  constructor(
    code: string,
    message: string,
    options: { blame?: Blame; cause?: unknown; place?: ErrorPlace | undefined; at?: FieldPath } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.blame = options.blame ?? 'pipeline';
    this.#place = options.place;
    this.#at = options.at;
  }

  /** The same error as it was thrown elsewhere: in another thread, or where its place was not known. */
  static of({ code, message, blame, place }: ErrorFields): PipelineError {
    return new this(code, message, { blame, place });
  }

  /** Undefined if it isn't known. */
  get place(): ErrorPlace | undefined {
    return this.#place;
  }

  /** The value of the pipeline that is refused; undefined if it isn't known. */
  get at(): FieldPath | undefined {
    return this.#at;
  }
}
