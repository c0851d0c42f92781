import type { FieldPath } from './pipeline.ts';
import { shortText } from './short-text.ts';

/** Who has to act. Only `pipeline` texts are the author's business; the others are for who runs the cluster. */
export type Blame = 'pipeline' | 'operator' | 'cluster' | 'bug';

/** Where the cause is in the pipeline file; line and column from 1. */
export interface ErrorPlace {
  readonly line: number;
  readonly column: number;
}

/** One value of a pipeline that is refused: why, and where it is. */
export interface RefusedValue {
  readonly message: string;
  /** Empty if it is not in the file. */
  readonly at: FieldPath;
}

/** The values of a pipeline that are refused together. */
export interface RefusedValues {
  /** What holds for all of them; empty for a single one whose message is complete. */
  readonly title: string;
  readonly values: readonly RefusedValue[];
}

const MOST_SHOWN = 20;
/** A message may contain a value of the file, and Drone and the cluster keep it: most are far shorter. */
const LONGEST_MESSAGE = 10_000;
/** The same for one value of a list. */
const LONGEST_LINE = 400;

/** The text of an error that lists refused values. @param places of the values, in the same order, as far as they are known */
function refusalText(
  { title, values }: RefusedValues,
  places: readonly (ErrorPlace | undefined)[] = [],
): string {
  const longest = title === '' ? LONGEST_MESSAGE : LONGEST_LINE;
  const lines = values.slice(0, MOST_SHOWN).map(({ message: whole }, index) => {
    const place = places[index];
    const message = shortText(whole, longest);
    return place === undefined ? message : `line ${place.line}, column ${place.column}: ${message}`;
  });
  const more = values.length - MOST_SHOWN;
  const all = [...lines, ...(more > 0 ? [`and ${more} more`] : [])];
  return title === '' ? all.join('\n') : [title, ...all].join('\n- ');
}

/** The data of an error, as another process can send it. */
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
  readonly #refused: RefusedValues | undefined;

  constructor(
    code: string,
    message: string,
    options: { blame?: Blame; cause?: unknown; place?: ErrorPlace | undefined; refused?: RefusedValues } = {},
  ) {
    super(shortText(message, LONGEST_MESSAGE), { cause: options.cause });
    this.code = code;
    this.blame = options.blame ?? 'pipeline';
    this.#place = options.place;
    this.#refused = options.refused;
  }

  /** The same error as it was thrown elsewhere: in another process, or where its place was not known. */
  static of({ code, message, blame, place }: ErrorFields): PipelineError {
    return new this(code, message, { blame, place });
  }

  /** Undefined if it isn't known. */
  get place(): ErrorPlace | undefined {
    return this.#place;
  }

  /** An error that lists refused values. */
  static refusing(code: string, refused: RefusedValues, blame: Blame): PipelineError {
    return new this(code, refusalText(refused), { blame, refused });
  }

  /** The values of the pipeline that are refused; undefined if the error is about something else. */
  get refused(): RefusedValues | undefined {
    return this.#refused;
  }

  /** The same error with the place of each refused value in its message. @param places in the order of the values; undefined: not in the file */
  static placed(error: PipelineError, places: readonly (ErrorPlace | undefined)[]): PipelineError {
    const { code, blame, refused } = error;
    return refused === undefined ? error : new this(code, refusalText(refused, places), { blame, refused });
  }
}
