import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { MIB } from '@hangar/autoscaler/capacity/shape';
import { httpMetricsSource } from '@hangar/autoscaler/metrics-http';
import { scrape } from '@hangar/autoscaler/scrape';
import { seededRandom } from '@hangar/autoscaler/simulate/random';
import { SimScheduler, UNPLACED } from '@hangar/autoscaler/simulate/scheduler';
import { systemClock } from '@hangar/shared/clock';
import { type MetricSpec, RUNNER_METRICS } from '@hangar/shared/contract/runner-metrics';
import type { BenchPart } from '../command.ts';
import type { TickFigures } from './tick-child.ts';

/** How much is measured. */
export interface SpeedOptions {
  readonly quick: boolean;
  readonly stop: AbortSignal;
}

type SpeedPart = BenchPart<SpeedOptions>;

const roundsOf = ({ quick }: SpeedOptions): number => (quick ? 3 : 10);
const CLASSES = 6;

interface Crowd {
  readonly nodes: number;
  readonly placements: number;
  readonly selectors: boolean;
}

/** Fills a cluster again and again: when nothing fits, the oldest builds end. @returns milliseconds */
function placing({ nodes, placements, selectors }: Crowd): number {
  const clock = systemClock();
  const scheduler = new SimScheduler({ random: seededRandom(1) });
  const allocatable = { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 };
  const labels = (nth: number) => (selectors ? { zone: `z${nth % 3}`, pool: `p${nth % 2}` } : {});
  for (let nth = 0; nth < nodes; nth += 1)
    scheduler.addNode({ allocatable, traits: { labels: labels(nth) } });
  const classes = Array.from({ length: CLASSES }, (_, nth) => {
    const request = { cpuMillicores: 400 + 150 * nth, memoryBytes: (500 + 250 * nth) * MIB };
    return scheduler.addClass(
      selectors ? { request, constraints: { nodeSelector: labels(nth) } } : { request },
    );
  });
  const placed: (readonly [number, number])[] = [];
  let oldest = 0;
  const beganMs = clock.monotonicMs();
  for (let count = 0; count < placements; count += 1) {
    const classId = classes[count % CLASSES] ?? 0;
    let slot = scheduler.place(classId);
    while (slot === UNPLACED && oldest < placed.length) {
      const [ended, where] = placed[oldest] ?? [0, 0];
      scheduler.release(ended, where);
      oldest += 1;
      slot = scheduler.place(classId);
    }
    placed.push([classId, slot]);
  }
  return clock.monotonicMs() - beganMs;
}

function placingPart(name: string, objects: Crowd): SpeedPart {
  const { placements, nodes, selectors } = objects;
  const what = `${placements.toLocaleString('en')} placements on ${nodes.toLocaleString('en')} nodes${selectors ? ' with selectors' : ''}, ${CLASSES} classes`;
  const run: SpeedPart['run'] = (options) => {
    placing(objects);
    const values = Array.from({ length: roundsOf(options) }, () => placing(objects));
    const note = 'in a full cluster: the oldest builds end to make room, which is counted too';
    return Promise.resolve([
      { name: what, unit: 'ms', values, targets: [{ of: 'p50', atMost: 1000 }], note },
    ]);
  };
  return { name, what, run };
}

const TICK_CHILD = new URL('tick-child.ts', import.meta.url).pathname;
const HEAP_MIB = 384;

const tickPart: SpeedPart = {
  name: 'tick',
  what: 'a tick of the service over 5,000 nodes and 50,000 Pods',
  run: async (options) => {
    const node = ['--conditions=source', `--max-old-space-size=${HEAP_MIB}`];
    const words = [TICK_CHILD, '5000', '50000', String(2 * roundsOf(options))];
    const { stdout } = await promisify(execFile)(process.execPath, [...node, ...words], {
      signal: options.stop,
    });
    const { tickMs, lagMs, listLagMs, memoryBytes, podBytes } = JSON.parse(stdout) as TickFigures;
    return [
      {
        name: 'a tick over 5,000 nodes and 50,000 Pods',
        unit: 'ms',
        values: tickMs,
        targets: [{ of: 'max', atMost: 1000 }],
        note: `a process of its own over HTTP, Pods of six steps (${Math.round(podBytes / 1024)} KiB), 200 replaced between two ticks`,
      },
      {
        name: 'longest hold-up of the event loop in such a tick',
        unit: 'ms',
        values: lagMs,
        targets: [{ of: 'p99', atMost: 50 }],
      },
      { name: 'the same while the first list comes in, page by page', unit: 'ms', values: [listLagMs] },
      {
        name: 'resident memory meanwhile, in MiB',
        unit: 'count',
        values: [Math.ceil(memoryBytes / MIB)],
        targets: [{ of: 'max', atMost: 512 }],
        note: `all threads, the first list included; heap limit of the main thread ${HEAP_MIB} MiB`,
      },
    ];
  },
};

const RUNNERS = 50;
const STATES = ['waiting', 'starting', 'running'];
const OTHER_VALUES = ['value-0', 'value-1', 'value-2', 'value-3', 'value-4'];

function samplesOf({ name, kind, labels, buckets = [] }: MetricSpec): readonly string[] {
  const values = labels.includes('state') ? STATES : OTHER_VALUES;
  const sets =
    labels.length === 0
      ? ['']
      : values.map((value) => labels.map((label) => `${label}="${value}"`).join(','));
  const braces = (text: string): string => (text === '' ? '' : `{${text}}`);
  if (kind !== 'histogram') return sets.map((set) => `${name}${braces(set)} 3`);
  return sets.flatMap((set) => [
    ...[...buckets, '+Inf'].map(
      (le) => `${name}_bucket${braces([set, `le="${le}"`].filter(Boolean).join(','))} 3`,
    ),
    `${name}_sum${braces(set)} 9.5`,
    `${name}_count${braces(set)} 3`,
  ]);
}

/** All metrics of a runner, in the text format. */
const exposition = (): string =>
  Object.values(RUNNER_METRICS)
    .flatMap((spec: MetricSpec) => [
      `# HELP ${spec.name} ${spec.help}`,
      `# TYPE ${spec.name} ${spec.kind}`,
      ...samplesOf(spec),
    ])
    .join('\n')
    .concat('\n');

async function aRunner(body: string): Promise<Server> {
  const server = createServer((request, response) => {
    const isDemand = request.url?.endsWith('/demand') === true;
    response.setHeader('content-type', isDemand ? 'application/json' : 'text/plain; version=0.0.4');
    response.end(isDemand ? '{"waiting":[]}' : body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

const scrapePart: SpeedPart = {
  name: 'scrape',
  what: `scraping ${RUNNERS} runners`,
  run: async (options) => {
    const body = exposition();
    const clock = systemClock();
    const servers = await Promise.all(Array.from({ length: RUNNERS }, () => aRunner(body)));
    const source = httpMetricsSource();
    try {
      const addresses = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const values: number[] = [];
      for (let round = 0; round < 2 * roundsOf(options); round += 1) {
        const beganMs = clock.monotonicMs();
        const { targets: reported } = await scrape(
          { clock, source, deadlineMs: 10_000 },
          addresses,
          options.stop,
        );
        values.push(clock.monotonicMs() - beganMs);
        const silent = reported.find(({ reading }) => reading === undefined);
        if (silent) throw new Error(`${silent.target} did not answer: ${JSON.stringify(silent.problems)}`);
      }
      const note = `${Math.round(body.length / 1024)} KiB each; the practice runners answer in the same process`;
      const targets = [{ of: 'max', atMost: 1000 }] as const;
      return [{ name: `scraping ${RUNNERS} runners`, unit: 'ms', values, targets, note }];
    } finally {
      await source.close();
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    }
  },
};

/** In the order in which they run. */
export const SPEED_PARTS: readonly SpeedPart[] = [
  placingPart('place', { nodes: 250, placements: 200_000, selectors: false }),
  placingPart('place-large', { nodes: 5000, placements: 20_000, selectors: true }),
  tickPart,
  scrapePart,
];
