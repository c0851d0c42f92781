import type { MetricSpec } from '@hangar/shared/contract/runner-metrics';

/** Grafana's rate interval: a few scrapes, or the width of a pixel. */
export const WINDOW = '$__rate_interval';

/** Labels that Prometheus adds to scraped series. */
type TargetLabel = 'cluster' | 'namespace' | 'job' | 'instance';

/** The labels of a metric in Prometheus. */
type LabelOf<S extends MetricSpec> = S['labels'][number] | TargetLabel;

/** A label value, one of several, or none of several. */
type Match = string | { readonly operator: '=~' | '!~'; readonly words: readonly string[] };

type Where<S extends MetricSpec> = Readonly<Partial<Record<LabelOf<S>, Match>>>;

type Kind<K extends MetricSpec['kind']> = MetricSpec & { readonly kind: K };

/** Any of these values. */
export const labelIn = (...words: readonly string[]): Match => ({ operator: '=~', words });

/** None of these values. */
export const labelNotIn = (...words: readonly string[]): Match => ({ operator: '!~', words });

/** An instant vector, typed with the labels that it may be grouped by. `text` is PromQL. */
export class Vector<L extends string> {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  sum(...by: readonly L[]): Vector<L> {
    return this.#aggregated('sum', by);
  }

  max(...by: readonly L[]): Vector<L> {
    return this.#aggregated('max', by);
  }

  count(...by: readonly L[]): Vector<L> {
    return this.#aggregated('count', by);
  }

  #aggregated(operator: string, by: readonly L[]): Vector<L> {
    const grouping = by.length === 0 ? ' ' : ` by (${by.join(', ')}) `;
    return new Vector(`${operator}${grouping}(${this.text})`);
  }
}

function matchers<S extends MetricSpec>(scope: string, where?: Where<S>): string {
  const own = Object.entries<Match | undefined>(where ?? {}).flatMap(([label, match]) => {
    if (match === undefined) return [];
    return typeof match === 'string'
      ? [`${label}="${match}"`]
      : [`${label}${match.operator}"${match.words.join('|')}"`];
  });
  const all = [...(scope === '' ? [] : [scope]), ...own].join(', ');
  return all === '' ? '' : `{${all}}`;
}

/**
 * Queries over metrics of the typed contract: renaming a metric or label there is a compile error here. The kind of a metric
 * (counter, gauge, histogram) determines the available queries.
 */
export class Select {
  readonly #scope: string;

  /** @param scope matchers that are added to every series, such as `namespace=~"$namespace"`; empty: none */
  constructor(scope: string) {
    this.#scope = scope;
  }

  /** The value of a gauge. */
  gauge<const S extends Kind<'gauge'>>(spec: S, where?: Where<S>): Vector<LabelOf<S>> {
    return new Vector(`${spec.name}${matchers(this.#scope, where)}`);
  }

  /** The rate per second over a window such as `5m`. */
  rate<const S extends Kind<'counter'>>(spec: S, window: string, where?: Where<S>): Vector<LabelOf<S>> {
    return new Vector(`rate(${spec.name}${matchers(this.#scope, where)}[${window}])`);
  }

  /** The increase within a window. */
  increase<const S extends Kind<'counter'>>(spec: S, window: string, where?: Where<S>): Vector<LabelOf<S>> {
    return new Vector(`increase(${spec.name}${matchers(this.#scope, where)}[${window}])`);
  }

  /** The value of counters that have appeared within a window: `increase` counts from the first sample on, and misses it. */
  begun<const S extends Kind<'counter'>>(spec: S, window: string, where?: Where<S>): Vector<LabelOf<S>> {
    const series = `${spec.name}${matchers(this.#scope, where)}`;
    return new Vector(`${series} unless ${series} offset ${window}`);
  }

  /** The number of observations per second. */
  observed(spec: Kind<'histogram'>, window: string): Vector<TargetLabel> {
    return new Vector(`rate(${spec.name}_count${matchers(this.#scope)}[${window}])`);
  }

  /** A quantile of a histogram's observations within a window. Labels of the result: `by`. */
  quantile<const S extends Kind<'histogram'>>(
    quantile: number,
    spec: S,
    window: string,
    ...by: readonly LabelOf<S>[]
  ): Vector<LabelOf<S>> {
    const buckets = `rate(${spec.name}_bucket${matchers(this.#scope)}[${window}])`;
    return new Vector(`histogram_quantile(${quantile}, sum by (${['le', ...by].join(', ')}) (${buckets}))`);
  }
}
