import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '@hangar/shared/error-text';
import { Child } from '@hangar/shared/testing/child-process';
import { stringify } from 'yaml';
import { freePort } from '../free-port.ts';
import { until } from '../until.ts';
import { PrometheusApi } from './prometheus-api.ts';

/** One process whose metrics are read; `labels` stand for what service discovery adds in a cluster. */
export interface ScrapeTarget {
  readonly job: string;
  /** `host:port`. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined: plain http, and /metrics. */
  readonly proxy?: ScrapeProxy;
}

/** Scrapes that go through an API server. */
export interface ScrapeProxy {
  /** Path of the metrics at the API server. */
  readonly path: string;
  /** Files with the certificate of its authority, and with a token that may use the proxy. */
  readonly authorityFile: string;
  readonly tokenFile: string;
}

/** The folder of Prometheus, and its inputs. */
export interface PrometheusSpec {
  /** For its configuration and its data. */
  readonly folder: string;
  readonly targets: readonly ScrapeTarget[];
  /** Texts of rule files, by file name. */
  readonly rules: Readonly<Record<string, string>>;
  /** Port on 127.0.0.1; undefined: any free one. */
  readonly port?: number;
  /** Seconds between scrapes, and between evaluations of rules; 1 by default. */
  readonly intervalSeconds?: number;
}

const READY_WITHIN_MS = 60_000;

function configuration({ targets, rules, intervalSeconds = 1 }: PrometheusSpec): string {
  const interval = `${intervalSeconds}s`;
  return stringify({
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: Object.keys(rules),
    scrape_configs: targets.map(({ job, address, labels, proxy }) => ({
      job_name: job,
      static_configs: [{ targets: [address], labels }],
      ...(proxy === undefined ? {} : proxied(proxy)),
    })),
  });
}

const proxied = ({ path, authorityFile, tokenFile }: ScrapeProxy): object => ({
  scheme: 'https',
  metrics_path: path,
  tls_config: { ca_file: authorityFile },
  authorization: { credentials_file: tokenFile },
});

/** A real Prometheus (Debian's) on loopback, in a folder of its own. */
export class Prometheus extends PrometheusApi {
  readonly #child: Child;

  private constructor(url: string, child: Child) {
    super(url);
    this.#child = child;
  }

  /** Starts it and waits until it answers; rejects with its output when it exits before. */
  static async start(spec: PrometheusSpec): Promise<Prometheus> {
    const { folder, rules } = spec;
    for (const [name, text] of Object.entries(rules)) writeFileSync(join(folder, name), text);
    const config = join(folder, 'prometheus.yml');
    writeFileSync(config, configuration(spec));
    const address = `127.0.0.1:${spec.port ?? (await freePort())}`;
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
          `prometheus can't be started: install it (testbed/install-debian.sh prometheus): ${errorText(error)}`,
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

  /** Resolves when it has ended. */
  async close(): Promise<void> {
    await this.#child.end().catch(() => undefined);
  }
}
