/** Where bytes went that memory had no room for. */
export interface Place {
  readonly blocks: readonly number[];
  readonly bytes: number;
}

/** Room beside memory, for what is read once and forgotten when the process ends. */
export interface Overflow {
  /** Rejects when there is no room, or no place to write to. */
  write(bytes: Uint8Array): Promise<Place>;
  read(place: Place): Promise<Uint8Array>;
  /** The place may be used again. */
  free(place: Place): void;
}
