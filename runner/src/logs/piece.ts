/** A piece of a step's log as it is passed from stage to stage: text without its newline. */
export interface Piece {
  readonly text: string;
  /** Whether a newline follows, so that this is the last (mostly the only) piece of its line. */
  readonly ends: boolean;
  /** When the node wrote the line, in nanoseconds since 1970; undefined for text that is not the container's. */
  readonly stampNs: bigint | undefined;
}

/** A piece of the node's log; lines over 48 KiB are split into several. */
export interface NodeLogPiece extends Piece {
  /** 0 for the first piece of a line. */
  readonly part: number;
}
