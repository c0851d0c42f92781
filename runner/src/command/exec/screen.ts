/** Where the screen's text goes. */
export type Print = (text: string) => void;

/** Who reads it: colours for people who want them, and whether lines are overwritten as on a terminal. */
export interface ScreenOptions {
  readonly colour: boolean;
  readonly isTerminal: boolean;
}

const GREEN = 32;
const STEP_COLOURS = [GREEN, 33, 34, 35, 36];
const RED = 31;
const BOLD = 1;
const DIM = 2;
const LONGEST_PREFIX = 24;

/** What is shown while a pipeline runs: each line with its step before it, in the step's colour. */
export class Screen {
  readonly #print: Print;
  readonly #options: ScreenOptions;
  #names: readonly string[] = [];
  #width = 0;

  constructor(print: Print, options: ScreenOptions) {
    this.#print = print;
    this.#options = options;
  }

  /** Names the steps that will write, in their order. */
  begin(names: readonly string[]): void {
    this.#names = names;
    this.#width = Math.min(LONGEST_PREFIX, Math.max(0, ...names.map((name) => shown(name).length)));
  }

  /** A line of a step, without its newline. */
  line(step: string, text: string): void {
    this.#print(`${this.#prefix(step)} ${this.#visible(text)}${this.#options.colour ? '\u001b[0m' : ''}`);
  }

  /** A word of our own about a step. */
  note(step: string, text: string): void {
    this.#print(`${this.#prefix(step)} ${this.dim(`- ${text}`)}`);
  }

  /** A word of our own about the whole. */
  say(text: string): void {
    this.#print(this.dim(text));
  }

  /** Lines that are laid out already. */
  write(text: string): void {
    this.#print(text);
  }

  /** An `SGR` code around a text, where colours are wanted. */
  #paint(code: number, text: string): string {
    return this.#options.colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  /** In the colour that a status has for everybody. */
  status(status: string, text: string): string {
    if (status === 'success') return this.#paint(GREEN, text);
    return status === 'skipped' || status === 'pending' ? this.dim(text) : this.#paint(RED, text);
  }

  dim(text: string): string {
    return this.#paint(DIM, text);
  }

  bold(text: string): string {
    return this.#paint(BOLD, text);
  }

  #prefix(step: string): string {
    const colour = STEP_COLOURS[Math.max(0, this.#names.indexOf(step)) % STEP_COLOURS.length] ?? GREEN;
    return this.#paint(colour, `${shown(step).padEnd(this.#width)} |`);
  }

  /** A terminal would let what stands behind a carriage return cover the rest, our prefix too: only the last is shown there. */
  #visible(text: string): string {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    return this.#options.isTerminal ? line.slice(line.lastIndexOf('\r') + 1) : line;
  }
}

/** A name that can't move the cursor or break the columns. */
export function shown(name: string): string {
  const plain = name.replace(/\p{Cc}/gu, '?');
  return plain.length > LONGEST_PREFIX ? `${plain.slice(0, LONGEST_PREFIX - 1)}~` : plain;
}
