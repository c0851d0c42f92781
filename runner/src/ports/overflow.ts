/** Where bytes went that memory had no room for. */
export interface SpilledBytes {
  readonly blocks: readonly number[];
  readonly bytes: number;
}

/** Room beside memory, for what is read once and forgotten when the process ends. */
export interface Overflow {
  /** Rejects when there is no room, or no place to write to. */
  write(bytes: Uint8Array): Promise<SpilledBytes>;
  read(place: SpilledBytes): Promise<Uint8Array>;
  /** The place may be used again. */
  free(place: SpilledBytes): void;
}
