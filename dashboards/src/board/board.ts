/** Units by Grafana's names; `suffix:` ones are appended to the number, after a space that Grafana adds. */
export type PanelUnit =
  | 'none'
  | 's'
  | 'bytes'
  | 'percentunit'
  | 'reqps'
  | 'suffix:/min'
  | 'suffix:/h'
  | 'suffix:cores'
  | 'suffix:h'
  | 'suffix:node-hours'
  | WholeUnit;

/** Units of what can only be counted: their axes have whole numbers. */
export const WHOLE_UNITS = [
  'suffix:nodes',
  'suffix:Pods',
  'suffix:stages',
  'suffix:runners',
  'suffix:conditions',
] as const;

type WholeUnit = (typeof WHOLE_UNITS)[number];

/** One Prometheus query. */
export interface Query {
  /** PromQL; may contain `$variables` of the board and `$__rate_interval`, `$__range`. */
  readonly expr: string;
  /** The legend of a series; `{{label}}` is replaced by the label's value. */
  readonly legend: string;
  /** A reference line: dashed, never filled or stacked. */
  readonly isLimit?: true;
  /** Why a healthy installation may have no data for this query. Without it an empty result is an error. */
  readonly mayBeEmpty?: string;
}

/** The color from this value on. */
export interface Threshold {
  readonly from: number;
  readonly color: 'green' | 'orange' | 'red';
}

/** Colors by Grafana's names. */
export type Color = 'green' | 'blue' | 'yellow' | 'orange' | 'red' | 'purple';

/** One panel of a board. */
export interface Panel {
  /** A question or a short statement. */
  readonly title: string;
  /** What is shown, and what a bad value would mean. */
  readonly description: string;
  /** `stat`: the last value, large. `lines`, `areas` (stacked): over time. `table`: the labels of the last values. */
  readonly kind: 'stat' | 'lines' | 'areas' | 'table';
  readonly unit: PanelUnit;
  readonly queries: readonly [Query, ...Query[]];
  /** Bounds between good and bad values; drawn as lines where the panel is over time. */
  readonly thresholds?: readonly Threshold[];
  /** Fixed colors by series name; others get Grafana's default colors. */
  readonly colors?: Readonly<Record<string, Color>>;
  /** Texts shown in place of values. */
  readonly words?: Readonly<Record<string, string>>;
  /** Columns of a table: labels, in order. */
  readonly columns?: readonly string[];
  /** Out of the 24 columns of a board. */
  readonly width: 4 | 6 | 8 | 12 | 24;
}

/** Panels under one heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Closed until the user opens it: its queries do not run before. */
  readonly isCollapsed?: true;
}

/** Moments that are marked on every plot of a board. */
export interface BoardEvent {
  readonly name: string;
  /** PromQL; the event lasts while it has a result. */
  readonly expr: string;
  /** Shown at the mark; `{{label}}` is replaced by the label's value. */
  readonly text: string;
  readonly color: Color;
}

/** A selection for the user, filled with the values of a label. */
export interface BoardVariable {
  readonly name: string;
  readonly label: string;
  /** The Prometheus query in Grafana's form: `label_values(metric, label)`. */
  readonly query: string;
}

/** A whole board as plain data: Grafana's JSON, the tests and the images are generated from it. */
export interface Board {
  /** The stable uid in Grafana, and the file's name. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly BoardVariable[];
  readonly events: readonly BoardEvent[];
  readonly rows: readonly Row[];
}

/** All panels of a board. */
export const panelsOf = ({ rows }: Board): readonly Panel[] => rows.flatMap(({ panels }) => panels);

/** One query per value of a label, so that areas stack in this order and not alphabetically. */
export function inOrder(
  words: readonly [string, ...string[]],
  select: (word: string) => { sum(): { readonly text: string } },
): readonly [Query, ...Query[]] {
  const query = (word: string): Query => ({ expr: select(word).sum().text, legend: word });
  const [first, ...rest] = words;
  return [query(first), ...rest.map(query)];
}
