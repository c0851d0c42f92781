import { writeFile } from 'node:fs/promises';
import type { Job } from '../capacity/job.ts';
import { readTraceFile } from '../edges/trace-file.ts';
import { parseShape } from '../model/shapes.ts';
import { replay } from '../replay/replay.ts';
import type { ReplayResult } from '../replay/result.ts';
import { type Change, demandChanges, type Timeline, timelineOf } from '../replay/timeline.ts';
import type { NodeSpec } from '../simulate/node-table.ts';
import { roomOnEmpty } from '../simulate/world.ts';
import type { LoadName } from '../trace/generate.ts';
import { generateLoad, LOAD_NAMES } from '../trace/generate.ts';
import type { Written } from './options.ts';
import { readNumber, readOptions, readWord } from './options.ts';
import { progressLine } from './progress.ts';
import { REPLAY_HELP } from './replay-help.ts';
import { plotSvg, plotText } from './replay-plot.ts';
import type { PolicyOrder } from './replay-policies.ts';
import { readPolicies } from './replay-policies.ts';
import { replayText } from './replay-text.ts';
import type { Command, ExitCode, Terminal } from './terminal.ts';
import { UsageError } from './terminal.ts';

const OPTIONS = {
  trace: { type: 'string' },
  load: { type: 'string' },
  days: { type: 'string' },
  'known-share': { type: 'string' },
  'known-seconds': { type: 'string' },
  node: { type: 'string' },
  'boot-seconds': { type: 'string' },
  'cold-seconds': { type: 'string' },
  policy: { type: 'string', multiple: true },
  placement: { type: 'string' },
  'train-days': { type: 'string' },
  'objective-p95-seconds': { type: 'string' },
  seed: { type: 'string' },
  decisions: { type: 'string' },
  plot: { type: 'string' },
  json: { type: 'boolean' },
} as const;

const DAY = 86_400;
const LARGEST_SEED = 2 ** 31 - 1;
/** Parts of the counted time in a plot; as many columns in a terminal. */
const PLOT_SPANS = 112;
const NO_REQUEST = { cpuMillicores: 0, memoryBytes: 0 };

/** Everything but the jobs, read and checked before any long work starts. */
interface Plan {
  readonly node: NodeSpec;
  readonly bootSeconds: number;
  readonly coldSeconds: number;
  readonly trainDays: number;
  readonly seed: number;
}

const numberOf = (
  written: Written,
  name: string,
  fallback: number,
  bounds: readonly [number, number],
): number => {
  const text = written.text(name);
  return text === undefined ? fallback : readNumber(name, text, bounds);
};

function readNode(text: string): NodeSpec {
  const parsed = parseShape(text);
  if ('problem' in parsed) throw new UsageError(`--node: ${parsed.problem}`);
  return { allocatable: parsed.shape.allocatable };
}

function readPlot(written: Written): string | undefined {
  const plot = written.text('plot');
  if (plot === undefined || plot.endsWith('.svg')) return plot;
  if (plot !== 'text') throw new UsageError(`--plot takes text or a FILE.svg, not "${plot}"`);
  if (written.flag('json'))
    throw new UsageError('--plot text would spoil the data of --json: write a FILE.svg');
  return plot;
}

function readPlan(written: Written): Plan {
  return {
    node: readNode(written.text('node') ?? '4cpu-8gb'),
    bootSeconds: numberOf(written, 'boot-seconds', 180, [0, 7200]),
    coldSeconds: numberOf(written, 'cold-seconds', 0, [0, 7200]),
    trainDays: numberOf(written, 'train-days', 14, [0, 3650]),
    seed: Math.floor(numberOf(written, 'seed', 1, [0, LARGEST_SEED])),
  };
}

function generated(written: Written, load: LoadName, seed: number): readonly Job[] {
  const days = Math.floor(numberOf(written, 'days', 28, [1, 365]));
  const knownShare = numberOf(written, 'known-share', 0, [0, 1]);
  const knownSeconds = knownShare === 0 ? 0 : numberOf(written, 'known-seconds', 180, [0, DAY]);
  return generateLoad({ load, seed, days, knownShare, knownSeconds });
}

async function fromFile(path: string, terminal: Terminal): Promise<readonly Job[]> {
  const { jobs, problems, problemCount } = await readTraceFile(path).catch((error: unknown) => {
    throw new UsageError(`cannot read the trace: ${error instanceof Error ? error.message : String(error)}`);
  });
  for (const { line, problem } of problems) terminal.err(`${path}:${line}: left out: ${problem}\n`);
  if (problemCount > problems.length)
    terminal.err(`${path}: ${problemCount - problems.length} more lines left out\n`);
  if (jobs.length === 0) throw new UsageError(`${path} holds no job`);
  return jobs;
}

function readJobs(
  written: Written,
  seed: number,
  terminal: Terminal,
): Promise<readonly Job[]> | readonly Job[] {
  const [word, ...more] = written.words;
  const path = written.text('trace') ?? word;
  const load = written.text('load');
  if ((path === undefined) === (load === undefined) || more.length > 0) {
    throw new UsageError(`say either one trace file or --load ${LOAD_NAMES.join(' or --load ')}`);
  }
  if (path !== undefined) return fromFile(path, terminal);
  return generated(written, readWord('load', load ?? '', LOAD_NAMES), seed);
}

const midnightBefore = (jobs: readonly Job[]): number => Math.floor((jobs[0]?.arrivedAt ?? 0) / DAY) * DAY;

const countFrom = (jobs: readonly Job[], { trainDays }: Plan): number =>
  trainDays === 0 ? (jobs[0]?.arrivedAt ?? 0) : midnightBefore(jobs) + trainDays * DAY;

/** Zeros would look like an answer. */
function warnOfNothing(jobs: readonly Job[], plan: Plan, terminal: Terminal): void {
  const last = jobs.at(-1)?.arrivedAt ?? 0;
  if (last >= countFrom(jobs, plan)) return;
  const days = Math.floor((last - midnightBefore(jobs)) / DAY) + 1;
  terminal.err(
    `the trace has ${days} ${days === 1 ? 'day' : 'days'}, and the first ${plan.trainDays} don't count: nothing is left to count. Say --train-days 0, or fewer than ${days}\n`,
  );
}

interface Played {
  readonly result: ReplayResult;
  /** Of the wanted pool size, by time. */
  readonly decisions: readonly Change[];
}

function play(order: PolicyOrder, jobs: readonly Job[], plan: Plan, terminal: Terminal): Played {
  const decisions: Change[] = [];
  const progress = progressLine(terminal, order.name);
  const result = replay({
    ...plan,
    jobs,
    policy: order.build(jobs),
    strategy: order.strategy,
    countFrom: countFrom(jobs, plan),
    onDecision: (at, nodes) => decisions.push([at, nodes]),
    onProgress: progress.show,
  });
  progress.clear();
  return { result: { ...result, placement: order.placement }, decisions };
}

function decisionLines(decisions: readonly Change[], jobs: readonly Job[]): string {
  const midnight = midnightBefore(jobs);
  return decisions.map(([at, nodes]) => `${JSON.stringify({ at: at - midnight, nodes })}\n`).join('');
}

/** Nodes that full nodes would take for what runs, and what each policy wanted. */
function timelines(played: readonly Played[], jobs: readonly Job[], plan: Plan): readonly Timeline[] {
  const to = jobs.at(-1)?.arrivedAt ?? 0;
  const spans = { from: Math.min(countFrom(jobs, plan), to), to, count: PLOT_SPANS };
  const needed = demandChanges(jobs).map(([at, running]): Change => {
    const perNode = Math.max(1, roomOnEmpty(plan.node, jobs[0]?.request ?? NO_REQUEST));
    return [at, Math.ceil(running / perNode)];
  });
  return [
    timelineOf('full nodes', needed, spans),
    ...played.map(({ result, decisions }) => timelineOf(result.policy, decisions, spans)),
  ];
}

async function plotTo(where: string, lines: readonly Timeline[], terminal: Terminal): Promise<void> {
  if (where === 'text') terminal.out(`\n${plotText(lines)}`);
  else await writeFile(where, plotSvg('Nodes over the counted days', lines));
}

async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const written = readOptions(args, OPTIONS);
  const plan = readPlan(written);
  const orders = readPolicies({
    names: written.texts('policy'),
    placement: written.text('placement'),
    bootSeconds: plan.bootSeconds,
    objectiveP95Seconds: numberOf(written, 'objective-p95-seconds', 10, [0, 3600]),
  });
  const path = written.text('decisions');
  if (path !== undefined && orders.length !== 1)
    throw new UsageError('--decisions FILE needs exactly one --policy');
  const plot = readPlot(written);
  const jobs = await readJobs(written, plan.seed, terminal);
  warnOfNothing(jobs, plan, terminal);
  const played = orders.map((order) => play(order, jobs, plan, terminal));
  const results = played.map(({ result }) => result);
  if (path !== undefined) await writeFile(path, decisionLines(played[0]?.decisions ?? [], jobs));
  const [only] = results;
  if (written.flag('json')) terminal.out(`${JSON.stringify(results.length === 1 ? only : results)}\n`);
  else terminal.out(replayText(results, written.text('load')));
  if (plot !== undefined) await plotTo(plot, timelines(played, jobs, plan), terminal);
  return results.some(({ unplaced }) => unplaced > 0) ? 1 : 0;
}

/** `hangar-autoscaler replay`: what would other policies have cost on these jobs, and how long would they have waited? */
export const replayCommand: Command = {
  name: 'replay',
  summary: 'plays recorded or made-up builds through sizing policies, side by side',
  help: REPLAY_HELP,
  run,
};
