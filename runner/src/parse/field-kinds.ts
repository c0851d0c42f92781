/** What a field holds. `part` and `list`: a map, or a list of maps, with the fields of that part. */
export type FieldKind =
  | 'text'
  | 'whole'
  | 'switch'
  | 'bytes'
  | 'span'
  | 'texts'
  | 'numbers'
  | 'text map'
  | 'variables'
  | 'settings'
  | 'anything'
  | { readonly part: string }
  | { readonly list: string }
  /** One of these words; others are read, and mean the default. */
  | { readonly words: readonly string[] };

/** One key of a pipeline file. */
export interface Field {
  readonly kind: FieldKind;
  readonly help: string;
  /** Absent: read by this runner. `server`: read by the Drone server only. `none`: ignored with a warning. */
  readonly support?: 'server' | 'none';
}
