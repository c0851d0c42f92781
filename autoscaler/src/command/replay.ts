import { open, writeFile } from 'node:fs/promises';
import { errorText } from '@hangar/shared/error-text';
import type { Job } from '../capacity/job.ts';
import { parseShape } from '../model/shapes.ts';
import { replay } from '../replay/replay.ts';
import type { ReplayResult } from '../replay/result.ts';
import { type Change, demandChanges, timelineOf } from '../replay/timeline.ts';
import { type NodeSpec, roomOnEmpty } from '../capacity/node-spec.ts';
import { type CountedDays, countedDays } from './counted-days.ts';
import { numberOf, readNumber, readOptions, readWhole, type Written } from './options.ts';
import { progressLine } from './progress.ts';
import { REPLAY_HELP } from './replay-help.ts';
import { JOB_OPTIONS, type JobOrder, readJobOrder, readJobs } from './replay-jobs.ts';
import { plotSvg, plotText } from './replay-plot.ts';
import { type PolicyOrder, readPolicies } from './replay-policies.ts';
import { replayText } from './replay-text.ts';
import { type Command, type ExitCode, type Terminal, UsageError } from './terminal.ts';

const OPTIONS = {
  ...JOB_OPTIONS,
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

const LARGEST_SEED = 2 ** 31 - 1;
/** Parts of the counted time in a plot; as many columns in a terminal. */
const PLOT_SPANS = 112;
const NO_REQUEST = { cpuMillicores: 0, memoryBytes: 0 };

/** Everything but the jobs, read and checked before any long work starts. */
interface Plan {
  readonly node: NodeSpec;
  readonly bootSeconds: number;
  readonly coldSeconds: number;
  /** Undefined: nobody said. */
  readonly trainDays: number | undefined;
  readonly seed: number;
}

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
  const trainDays = written.text('train-days');
  return {
    node: readNode(written.text('node') ?? '4cpu-8gb'),
    bootSeconds: numberOf(written, 'boot-seconds', 180, [0, 7200]),
    coldSeconds: numberOf(written, 'cold-seconds', 0, [0, 7200]),
    trainDays: trainDays === undefined ? undefined : readNumber('train-days', trainDays, [0, 3650]),
    seed: readWhole('seed', written.text('seed') ?? '1', [0, LARGEST_SEED]),
  };
}

/** Where decisions are written to: a file, since standard output is for the answer. */
function readDecisionsPath(written: Written, policies: number): string | undefined {
  const path = written.text('decisions');
  if (path === undefined) return undefined;
  if (policies !== 1) throw new UsageError('--decisions FILE needs exactly one --policy');
  if (path === '' || path === '-') throw new UsageError(`--decisions takes a file, not "${path}"`);
  return path;
}

/** All that a command line says, checked before any long work. */
interface Order {
  readonly plan: Plan;
  readonly jobs: JobOrder;
  readonly policies: readonly PolicyOrder[];
  readonly decisions: string | undefined;
  readonly plot: string | undefined;
  readonly json: boolean;
}

function readOrder(written: Written): Order {
  const plan = readPlan(written);
  const policies = readPolicies({
    names: written.texts('policy'),
    placement: written.text('placement'),
    bootSeconds: plan.bootSeconds,
    objectiveP95Seconds: numberOf(written, 'objective-p95-seconds', 10, [0, 3600]),
  });
  return {
    plan,
    policies,
    decisions: readDecisionsPath(written, policies.length),
    plot: readPlot(written),
    jobs: readJobOrder(written),
    json: written.flag('json'),
  };
}

/** Finds out before the long work, and leaves alone what is there. */
async function mustBeWritable(path: string): Promise<void> {
  try {
    const file = await open(path, 'a');
    await file.close();
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${errorText(error)}`);
  }
}

interface Played {
  readonly result: ReplayResult;
  /** Of the wanted pool size, by time. */
  readonly decisions: readonly Change[];
}

/** Jobs, and which of them count. */
interface Counted extends CountedDays {
  readonly jobs: readonly Job[];
}

/** Who sees the future sees it without the jobs that are refused. */
const thatFit = (jobs: readonly Job[], node: NodeSpec): readonly Job[] =>
  jobs.filter(({ request }) => roomOnEmpty(node, request) > 0);

function play(order: PolicyOrder, { jobs, countFrom }: Counted, plan: Plan, terminal: Terminal): Played {
  const decisions: Change[] = [];
  const progress = progressLine(terminal, order.name);
  const result = replay({
    ...plan,
    jobs,
    policy: order.build(thatFit(jobs, plan.node)),
    strategy: order.strategy,
    countFrom,
    onDecision: (at, nodes) => decisions.push([at, nodes]),
    onProgress: progress.show,
  });
  progress.clear();
  return { result: { ...result, placement: order.placement }, decisions };
}

/** To the millisecond, which traces are no finer than. */
function decisionLines(decisions: readonly Change[], midnight: number): string {
  const since = (at: number): number => Math.round((at - midnight) * 1000) / 1000;
  return decisions.map(([at, nodes]) => `${JSON.stringify({ at: since(at), nodes })}\n`).join('');
}

/** Nodes that full nodes would take for what runs, and what each policy wanted. */
function timelines(played: readonly Played[], { jobs, countFrom }: Counted, node: NodeSpec) {
  const to = jobs.at(-1)?.arrivedAt ?? 0;
  const spans = { from: Math.min(countFrom, to), to, count: PLOT_SPANS };
  const needed = demandChanges(thatFit(jobs, node)).map(([at, running]): Change => {
    const perNode = Math.max(1, roomOnEmpty(node, jobs[0]?.request ?? NO_REQUEST));
    return [at, Math.ceil(running / perNode)];
  });
  return [
    timelineOf('full nodes', needed, spans),
    ...played.map(({ result, decisions }) => timelineOf(result.policy, decisions, spans)),
  ];
}

/** The files that were ordered, with what belongs into them. */
function filesOf(
  order: Order,
  played: readonly Played[],
  counted: Counted,
): readonly (readonly [string, string])[] {
  const { decisions, plot, plan } = order;
  const files: (readonly [string, string])[] = [];
  if (decisions !== undefined)
    files.push([decisions, decisionLines(played[0]?.decisions ?? [], counted.midnight)]);
  if (plot !== undefined && plot !== 'text')
    files.push([plot, plotSvg('Nodes over the counted days', timelines(played, counted, plan.node))]);
  return files;
}

/** A full disk must not cost the answer, which is printed by then. */
async function writeAll(files: ReturnType<typeof filesOf>, terminal: Terminal): Promise<boolean> {
  try {
    for (const [path, text] of files) await writeFile(path, text);
    return true;
  } catch (error) {
    terminal.err(`hangar-autoscaler: not all was written: ${errorText(error)}\n`);
    return false;
  }
}

function answer({ json, plot, plan, jobs }: Order, played: readonly Played[], counted: Counted): string {
  const results = played.map(({ result }) => result);
  if (json) return `${JSON.stringify(results.length === 1 ? results[0] : results)}\n`;
  const load = 'load' in jobs ? jobs.load : undefined;
  const text = replayText(results, { load, trainDays: counted.trainDays });
  return plot === 'text' ? `${text}\n${plotText(timelines(played, counted, plan.node))}` : text;
}

async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const order = readOrder(readOptions(args, OPTIONS));
  const { plan } = order;
  const jobs = await readJobs(order.jobs, plan.seed, terminal);
  for (const path of [order.decisions, order.plot])
    if (path !== undefined && path !== 'text') await mustBeWritable(path);
  const counted = { jobs, ...countedDays(jobs, plan.trainDays) };
  if (counted.note !== '') terminal.err(`${counted.note}\n`);
  const played = order.policies.map((policy) => play(policy, counted, plan, terminal));
  terminal.out(answer(order, played, counted));
  const isWritten = await writeAll(filesOf(order, played, counted), terminal);
  return isWritten && played.every(({ result }) => result.unplaced === 0) ? 0 : 1;
}

/** `hangar-autoscaler replay`: what would other policies have cost on these jobs, and how long would they have waited? */
export const replayCommand: Command = {
  name: 'replay',
  summary: 'plays recorded or made-up builds through sizing policies, side by side',
  help: REPLAY_HELP,
  run,
};
