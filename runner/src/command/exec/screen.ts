import type { Logger } from '@hangar/shared/logger';
import { type Paint, painter, type Style } from '@hangar/shared/program/style';

/** Receives the screen's text. */
export type Print = (text: string) => void;

/** The kind of output: whether colours are enabled, and whether it is a terminal, on which lines are overwritten. */
export interface ScreenOptions {
  readonly colour: boolean;
  readonly isTerminal: boolean;
}

const STEP_COLOURS = ['green', 'yellow', 'blue', 'magenta', 'cyan'] as const satisfies readonly Style[];
/** Resets the styles that a step's text has left on. */
const RESET = '\u001b[0m';
const LONGEST_PREFIX = 24;

/** The output while a pipeline runs: each line with its step before it, in the step's colour. */
export class Screen {
  readonly #print: Print;
  readonly #options: ScreenOptions;
  readonly #paint: Paint;
  #names: readonly string[] = [];
  #width = 0;

  constructor(print: Print, options: ScreenOptions) {
    this.#print = print;
    this.#options = options;
    this.#paint = painter(options.colour);
  }

  /** Sets the names of the steps that will write, in their order. */
  begin(names: readonly string[]): void {
    this.#names = names;
    this.#width = Math.min(LONGEST_PREFIX, Math.max(0, ...names.map((name) => shown(name).length)));
  }

  /** Prints a line of a step, without its newline. */
  line(step: string, text: string): void {
    this.#print(`${this.#prefix(step)} ${this.#visible(text)}${this.#options.colour ? RESET : ''}`);
  }

  /** Prints a message of the runner about a step. */
  note(step: string, text: string): void {
    this.#print(`${this.#prefix(step)} ${this.dim(`- ${text}`)}`);
  }

  /** Prints a message of the runner about the run. */
  say(text: string): void {
    this.#print(this.dim(text));
  }

  /** Prints preformatted lines. */
  write(text: string): void {
    this.#print(text);
  }

  /** Applies the common colour of a status. */
  status(status: string, text: string): string {
    if (status === 'success') return this.#paint('green', text);
    return status === 'skipped' || status === 'pending' ? this.dim(text) : this.#paint('red', text);
  }

  dim(text: string): string {
    return this.#paint('dim', text);
  }

  bold(text: string): string {
    return this.#paint('bold', text);
  }

  #prefix(step: string): string {
    const colour = STEP_COLOURS[Math.max(0, this.#names.indexOf(step)) % STEP_COLOURS.length] ?? 'green';
    return this.#paint(colour, `${shown(step).padEnd(this.#width)} |`);
  }

  /**
   * On a terminal, text after a carriage return would overwrite the rest of the line, with our prefix: only the last part is printed there.
   */
  #visible(text: string): string {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    return this.#options.isTerminal ? line.slice(line.lastIndexOf('\r') + 1) : line;
  }
}

/** Removes what could move the cursor or break the columns from a name. */
export function shown(name: string): string {
  const plain = name.replace(/\p{Cc}/gu, '?');
  return plain.length > LONGEST_PREFIX ? `${plain.slice(0, LONGEST_PREFIX - 1)}~` : plain;
}

/** The runner's log for `exec`: only messages that may need action, as plain text; all of them with `verbose`. */
export function screenLogger(say: (text: string) => void, verbose: boolean): Logger {
  const words = (fields: object, text: string): string => {
    const reason =
      'err' in fields && fields.err instanceof Error
        ? fields.err.message
        : 'reason' in fields && typeof fields.reason === 'string'
          ? fields.reason
          : '';
    return reason === '' ? text : `${text}: ${reason}`;
  };
  const serious = (fields: object, text: string): void => say(words(fields, text));
  const detail = (fields: object, text: string): void => {
    if (verbose) say(words(fields, text));
  };
  const logger: Logger = { debug: detail, info: detail, warn: serious, error: serious, child: () => logger };
  return logger;
}
