/** Units as Grafana names them; `suffix:` ones are written behind the number as they stand. */
export type Unit =
  | 'none'
  | 's'
  | 'bytes'
  | 'percentunit'
  | 'reqps'
  | 'suffix: /min'
  | 'suffix: /h'
  | 'suffix: cores'
  | 'suffix: nodes'
  | 'suffix: Pods'
  | 'suffix: stages';

/** One question to Prometheus. */
export interface Query {
  /** PromQL; `$variables` of the board and `$__rate_interval`, `$__range` may stand in it. */
  readonly expr: string;
  /** What a series of the answer is called; `{{label}}` stands for the label's value. */
  readonly legend: string;
  /** A line to compare with: dashed, never filled or stacked. */
  readonly isLimit?: true;
  /** Why a healthy installation may have no answer to this. Without it an empty answer is a mistake. */
  readonly mayBeEmpty?: string;
}

/** From this value on, this colour. */
export interface Threshold {
  readonly from: number;
  readonly color: 'green' | 'orange' | 'red';
}

/** Colours as Grafana names them. */
export type Color = 'green' | 'blue' | 'yellow' | 'orange' | 'red' | 'purple';

/** One picture of a board. */
export interface Panel {
  /** Asks or answers something. */
  readonly title: string;
  /** What is shown, and what a bad answer would mean. */
  readonly description: string;
  /** `stat`: the last value, large. `lines`, `areas` (stacked): over time. `table`: the labels of the last values. */
  readonly kind: 'stat' | 'lines' | 'areas' | 'table';
  readonly unit: Unit;
  readonly queries: readonly [Query, ...Query[]];
  /** Where values turn from good to bad; drawn as lines where the panel is over time. */
  readonly thresholds?: readonly Threshold[];
  /** Series of that name in that colour; others as they come. */
  readonly colors?: Readonly<Record<string, Color>>;
  /** Words in place of values. */
  readonly words?: Readonly<Record<string, string>>;
  /** Columns of a table: labels, in order. */
  readonly columns?: readonly string[];
  /** Of the 24 columns of a board. */
  readonly width: 4 | 6 | 8 | 12 | 24;
}

/** Panels under one heading, which is a question of its own. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A list that the reader chooses from, filled by the values of a label. */
export interface BoardVariable {
  readonly name: string;
  readonly label: string;
  /** As Grafana asks Prometheus: `label_values(metric, label)`. */
  readonly query: string;
}

/** A whole board, as plain data: Grafana's JSON, the tests and the pictures are made of it. */
export interface Board {
  /** Stable address in Grafana, and the file's name. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly BoardVariable[];
  readonly rows: readonly Row[];
}

/** All panels of a board. */
export const panelsOf = ({ rows }: Board): readonly Panel[] => rows.flatMap(({ panels }) => panels);

/** A query for each word of a label, so that areas stack in this order and not by the alphabet. */
export function inOrder(
  words: readonly [string, ...string[]],
  select: (word: string) => { sum(): { readonly text: string } },
): readonly [Query, ...Query[]] {
  const query = (word: string): Query => ({ expr: select(word).sum().text, legend: word });
  const [first, ...rest] = words;
  return [query(first), ...rest.map(query)];
}
