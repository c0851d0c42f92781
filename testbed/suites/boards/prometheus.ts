import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '@hangar/shared/error-text';
import { Child } from '@hangar/shared/testing/child-process';
import { stringify } from 'yaml';
import { freePort } from '../../parts/free-port.ts';
import { until } from '../../parts/until.ts';

/** One process whose metrics are read; `labels` stand for what service discovery adds in a cluster. */
export interface ScrapeTarget {
  readonly job: string;
  /** `host:port`. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The folder of Prometheus, and its inputs. */
export interface PrometheusSpec {
  /** For its configuration and its data. */
  readonly folder: string;
  readonly targets: readonly ScrapeTarget[];
  /** Texts of rule files, by file name. */
  readonly rules: Readonly<Record<string, string>>;
}

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

const SCRAPE = '1s';
const READY_WITHIN_MS = 60_000;

function configuration({ targets, rules }: PrometheusSpec): string {
  return stringify({
    global: { scrape_interval: SCRAPE, evaluation_interval: SCRAPE },
    rule_files: Object.keys(rules),
    scrape_configs: targets.map(({ job, address, labels }) => ({
      job_name: job,
      static_configs: [{ targets: [address], labels }],
    })),
  });
}

const seriesOf = ({ metric, value, values }: RawSeries): Series => ({
  labels: metric,
  points: (values ?? (value === undefined ? [] : [value])).map(([at, text]) => [at, Number(text)] as const),
});

/** A real Prometheus (Debian's) on loopback, in a folder of its own. */
export class Prometheus {
  readonly url: string;
  readonly #child: Child;

  private constructor(url: string, child: Child) {
    this.url = url;
    this.#child = child;
  }

  /** Starts it and waits until it answers; rejects with its output when it exits before. */
  static async start(spec: PrometheusSpec): Promise<Prometheus> {
    const { folder, rules } = spec;
    for (const [name, text] of Object.entries(rules)) writeFileSync(join(folder, name), text);
    const config = join(folder, 'prometheus.yml');
    writeFileSync(config, configuration(spec));
    const address = `127.0.0.1:${await freePort()}`;
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ];
    const child = new Child('prometheus', args);
    const missing = child.exit.then(
      ({ code }) => {
        throw new Error(`prometheus ended with ${code}: ${child.said.slice(-4_000)}`);
      },
      (error: unknown) => {
        throw new Error(
          `prometheus can't be started: install it (testbed/install-debian.sh): ${errorText(error)}`,
        );
      },
    );
    missing.catch(() => undefined);
    const made = new Prometheus(`http://${address}`, child);
    await Promise.race([missing, made.#ready()]);
    return made;
  }

  async #ready(): Promise<void> {
    const answers = async (): Promise<boolean> => (await fetch(`${this.url}/-/ready`)).status === 200;
    try {
      await until('Prometheus to be ready', READY_WITHIN_MS, answers);
    } catch (error) {
      await this.close();
      throw error;
    }
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

  /** Resolves when it has ended. */
  async close(): Promise<void> {
    await this.#child.end().catch(() => undefined);
  }
}
