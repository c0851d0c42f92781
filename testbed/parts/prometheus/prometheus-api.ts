/** A series of an answer; points are `[seconds since 1970, value]`. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [number, number])[];
}

/** A span of time in seconds since 1970. */
export interface QueryRange {
  readonly from: number;
  readonly to: number;
  readonly stepSeconds: number;
}

interface RawSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/** What Prometheus thinks of one of its rules. */
export interface RuleHealth {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

const seriesOf = ({ metric, value, values }: RawSeries): Series => ({
  labels: metric,
  points: (values ?? (value === undefined ? [] : [value])).map(([at, text]) => [at, Number(text)] as const),
});

/** The HTTP API of a Prometheus. */
export class PrometheusApi {
  readonly url: string;

  /** @param url its address, without a slash at the end */
  constructor(url: string) {
    this.url = url;
  }

  /** Answers at this moment; rejects with what is wrong with the query. */
  ask(query: string): Promise<readonly Series[]> {
    return this.#query('query', { query });
  }

  /** Answers over a span. */
  askOver(query: string, { from, to, stepSeconds }: QueryRange): Promise<readonly Series[]> {
    const span = { start: String(from), end: String(to), step: String(stepSeconds) };
    return this.#query('query_range', { query, ...span });
  }

  /** Values of a label on the series that are selected, as Grafana fills its variables. */
  labelValues(label: string, selector: string): Promise<readonly string[]> {
    return this.#get<readonly string[]>(`label/${label}/values`, { 'match[]': selector });
  }

  /** How its own rules are. */
  async rules(): Promise<readonly RuleHealth[]> {
    const { groups } = await this.#get<{ groups: readonly { rules: readonly RuleHealth[] }[] }>('rules', {});
    return groups.flatMap(({ rules }) => rules);
  }

  async #query(what: string, parameters: Readonly<Record<string, string>>): Promise<readonly Series[]> {
    type Result = { readonly resultType: string; readonly result: readonly RawSeries[] };
    const { resultType, result } = await this.#get<Result>(what, parameters);
    if (resultType !== 'vector' && resultType !== 'matrix')
      throw new Error(`${parameters['query']} is a ${resultType}, and a panel wants series`);
    return result.map(seriesOf);
  }

  async #get<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const { data, error = '' } = (await answer.json()) as { data?: T; error?: string };
    if (data === undefined || error !== '')
      throw new Error(`${parameters['query'] ?? path}: ${error || answer.status}`);
    return data;
  }
}
