import type { ErrorPlace } from '../pipeline/pipeline-error.ts';

/** A YAML document as a tree: scalars keep their text, aliases share nodes, merges are expanded. Lines count in the whole file. */
export type YamlNode = YamlScalar | YamlSeq | YamlMap;

interface Placed extends ErrorPlace {
  /** Number of nodes and characters below, aliases counted each time: the cost of traversing them. */
  readonly weight: number;
  readonly depth: number;
}

export interface YamlScalar extends Placed {
  readonly kind: 'scalar';
  readonly text: string;
  readonly plain: boolean;
  /** Explicit tag in its short form (`!!int`, `!x`); empty if there is none. */
  readonly tag: string;
}

export interface YamlSeq extends Placed {
  readonly kind: 'seq';
  readonly items: readonly YamlNode[];
}

export interface YamlMap extends Placed {
  readonly kind: 'map';
  /** In source order; of equal keys only the last. */
  readonly entries: readonly (readonly [key: YamlNode, value: YamlNode])[];
}
