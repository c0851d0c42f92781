import type { Clock } from '@hangar/shared/clock';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { visibleText } from '@hangar/shared/program/visible';
import { startTestSystem, type TestSystem } from '../suites/flows/test-system.ts';
import { type Capacity, startCapacity } from './capacity.ts';
import { CASES, MEMORY_BUDGET } from './cases.ts';
import { type DemoCluster, embeddedDemoCluster, realDemoCluster } from './demo-cluster.ts';
import { type ProgressTerminal, showProgress } from './display.ts';
import { Drive, type Driven } from './drive.ts';
import type { DemoOptions } from './options.ts';
import { type DemoOutcome, demoOutcomeOf } from './outcome.ts';
import { reportJson, reportLines } from './report.ts';
import { LEGEND } from './status-style.ts';

/** What the demo needs from outside. */
export interface DemoParts {
  readonly clock: Clock;
  /** For progress and the table, and for `--json` in the end. */
  readonly terminal: ProgressTerminal;
  /** Aborted when the person wants to stop. */
  readonly stop: AbortSignal;
}

/** How long a person can look at the pipeline that waits. */
const LINGER_MS = 1_000;
/** With --slow: how long it can be looked at, and the pause between two pipelines. */
const SLOW_LINGER_MS = 8_000;
const SLOW_PACE_MS = 3_000;
/** For the autoscaler's first answer, and for its last one. */
const CAPACITY_LIMIT_MS = 10_000;

/** The whole demo; answers the exit code. Whatever happens, what it started is ended. */
export async function runDemo(parts: DemoParts, options: DemoOptions): Promise<ExitCode> {
  const { clock, terminal, stop } = parts;
  const say = (text: string): void => {
    if (!options.json) terminal.write(text);
  };
  await using started = new AsyncDisposableStack();
  say(`Starting Kubernetes, a Drone server, the runner and the autoscaler ...\n`);
  const ground = await (options.real ? realDemoCluster() : embeddedDemoCluster());
  started.defer(() => ground.close());
  stop.throwIfAborted();
  const setup = await startTestSystem(ground.ground, { env: { HANGAR_BUDGET_MEMORY: MEMORY_BUDGET } });
  started.defer(() => leave(setup, stop));
  const capacity = await startCapacity(clock, setup);
  started.defer(() => capacity.close());
  if (options.keep) say(`The autoscaler's page: ${capacity.address}\n`);
  say(`\n${LEGEND}\n\n`);
  await capacity.ready(CAPACITY_LIMIT_MS, stop);
  return await play({ parts, options, ground, setup, capacity });
}

/** A runner takes up to three seconds to shut down. Its Pods are deleted with the cluster, so there is no need to wait. */
async function leave(setup: TestSystem, hurry: AbortSignal): Promise<void> {
  const closed = setup.close().catch(() => undefined);
  if (!hurry.aborted) await closed;
}

/** Everything that runs. */
interface Stage {
  readonly parts: DemoParts;
  readonly options: DemoOptions;
  readonly ground: DemoCluster;
  readonly setup: TestSystem;
  readonly capacity: Capacity;
}

async function play(stage: Stage): Promise<ExitCode> {
  const { parts, options, ground, setup, capacity } = stage;
  const driven = await drive(stage);
  const recommended = await capacity.reported(CAPACITY_LIMIT_MS, parts.stop);
  const outcome = demoOutcomeOf(setup, { driven, recommended }, ground.kind);
  const pages = { page: setup.drone.url, autoscaler: capacity.address };
  const addresses = options.keep ? { ...pages, ...ground.addresses } : {};
  if (options.json) parts.terminal.write(`${reportJson(outcome, addresses)}\n`);
  else
    parts.terminal.write(
      `\n${visibleText([...report(outcome, parts.terminal), ...next(stage)].join('\n'))}\n`,
    );
  if (options.keep) await untilStopped(parts.stop);
  return outcome.ok ? EXIT.ok : EXIT.failed;
}

async function drive({ parts, options, ground, setup, capacity }: Stage): Promise<Driven> {
  const { clock, stop, terminal } = parts;
  const driving = new Drive({
    ...{ clock, setup, stop, limitMs: ground.limitMs },
    lingerMs: options.slow ? SLOW_LINGER_MS : terminal.live ? LINGER_MS : 0,
    paceMs: options.slow ? SLOW_PACE_MS : 0,
    isNoticed: () => capacity.hasSeenWork(),
  });
  const over = new AbortController();
  void capacity.watch(over.signal);
  const shown = options.json
    ? Promise.resolve()
    : showProgress(clock, terminal, () => driving.sent, AbortSignal.any([over.signal, stop]));
  try {
    return await driving.run(CASES);
  } finally {
    over.abort();
    await shown;
  }
}

function report(outcome: DemoOutcome, { size, isColoured, live }: ProgressTerminal): string[] {
  return reportLines(outcome, { width: live ? size().columns - 1 : 200, isColoured });
}

function next({ options, ground, setup, capacity }: Stage): string[] {
  const where = [
    '',
    'Where to look next',
    '  testbed/demo/pipelines/   the pipelines that you have just seen',
    '  docs/getting-started.md   a runner of your own',
  ];
  if (!options.keep)
    return [
      ...where,
      '  npm run demo -- --slow    the same, one pipeline after another, in about a minute',
      '  npm run demo -- --keep    the same, and keeps running: pages of the builds and of the autoscaler',
      ...(ground.kind === 'embedded' ? ['  npm run demo -- --real    the same on a real kubelet'] : []),
    ];
  const addresses = Object.entries(ground.addresses).map(([what, at]) => `  ${`${what}:`.padEnd(16)}${at}`);
  const send = `npx node --conditions=source testbed/parts/drone/main.ts build --server ${setup.drone.url} --wait`;
  return [
    ...where,
    '',
    'Still running, until Ctrl-C',
    `  ${'builds, logs:'.padEnd(16)}${setup.drone.url}`,
    `  ${'autoscaler:'.padEnd(16)}${capacity.address}`,
    ...addresses,
    `  ${'one more build:'.padEnd(16)}${send} testbed/demo/pipelines/hello.yml`,
  ];
}

async function untilStopped(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
}
