/** What flows through the stages of a step's log: text without its newline, stage after stage. */
export interface Piece {
  readonly text: string;
  /** A newline follows: this is the last (mostly the only) piece of its line. */
  readonly ends: boolean;
  /** When the node wrote the line, in nanoseconds since 1970; undefined for words that are not the container's. */
  readonly stampNs: bigint | undefined;
}

/** A piece as the node's log has it; lines over 48 KiB come as several. */
export interface LogRecord extends Piece {
  /** 0 for the first piece of a line. */
  readonly part: number;
}
