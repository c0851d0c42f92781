import { open, writeFile } from 'node:fs/promises';
import { errorText } from '@hangar/shared/error-text';
import { command } from '@hangar/shared/program/command';
import { UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import {
  asNumber,
  asText,
  asWhole,
  asWord,
  completed,
  flag,
  type Given,
  grouped,
  option,
  type ReadOption,
  repeated,
} from '@hangar/shared/program/options';
import type { Job } from '../capacity/job.ts';
import { type NodeSpec, podsOnEmptyNode } from '../capacity/node-spec.ts';
import type { NodeShape } from '../capacity/shape.ts';
import type { ReplayedSettings } from '../config/load.ts';
import { resourcesJson } from '../recommend/as-json.ts';
import type { NodesNeeded } from '../replay/policy.ts';
import { replay } from '../replay/replay.ts';
import type { ReplayResult } from '../replay/result.ts';
import { demandChanges, timelineOf, type ValueChange } from '../replay/timeline.ts';
import { type CountedDays, countedDays } from './counted-days.ts';
import { asShape } from './recommend.ts';
import { JOB_OPTIONS, type JobRequest, jobOrderOf, readJobs } from './replay-jobs.ts';
import { plotSvg, plotText } from './replay-plot.ts';
import { NAMED_POLICIES, PLACEMENTS, type PolicyRequest, readPolicies } from './replay-policies.ts';
import { replayText } from './replay-text.ts';
import { settingsFrom } from './replayed-settings.ts';
import { shortJson } from './short-json.ts';

const LARGEST_SEED = 2 ** 31 - 1;
/** Time spans of the counted time in a plot; the number of columns in a terminal. */
const PLOT_SPANS = 112;
const NO_REQUEST = { cpuMillicores: 0, memoryBytes: 0 };

const asFile: ReadOption<string> = (text, name) => {
  if (text !== '' && text !== '-') return text;
  throw new UsageError(`--${name} takes a file, not "${text}"`);
};

const asPlot: ReadOption<string> = (text, name) => {
  if (text === 'text' || text.endsWith('.svg')) return text;
  throw new UsageError(`--${name} takes text or a FILE.svg, not "${text}"`);
};

const OPTIONS = {
  ...JOB_OPTIONS,
  ...grouped('The pool', {
    node: option(
      'TEXT',
      '4cpu-8gb, 8cpu-16gb, cpu=3920m,memory=6018Mi, gke:cpu=…, eks:cpu=… (4cpu-8gb)',
      asShape,
      asShape('4cpu-8gb', 'node'),
    ),
    'boot-seconds': option(
      'N',
      'seconds from the request for a node until builds run on it (HANGAR_AUTOSCALER_BOOT_TIME, 180)',
      asNumber([0, 7200]),
    ),
    'cold-seconds': option(
      'N',
      'additional seconds of a build on a node without images',
      asNumber([0, 7200]),
      0,
    ),
  }),
  ...grouped('The policies', {
    policy: repeated(
      'NAME',
      `may be repeated; default: the reference policies:
  forecast               usual demand by weekday and hour, corrected by recent arrivals
  sqrt                   2·√(running + waiting) + 5 free places, needs no history
  look-ahead             what is known ahead, and 5 free places
  clairvoyant            knows the future: a lower bound, not a real policy
  cluster-autoscaler     a node group, as Cluster Autoscaler sizes it
  karpenter              nodes as Karpenter creates and removes them
  karpenter-buffer       Karpenter, and the forecast as the replicas of a CapacityBuffer
  karpenter-buffer-sqrt  the same with the rule of sqrt
  static:N               N nodes, always`,
      completed(NAMED_POLICIES, asText),
    ),
    placement: option(
      'NAME',
      `least (the scheduler's default), most, or soft-taint (least, surplus nodes marked PreferNoSchedule);
soft-taint for forecast, sqrt, look-ahead and clairvoyant by default, least for others`,
      asWord(PLACEMENTS),
    ),
    'train-days': option(
      'N',
      'days for training, which are not evaluated (14, or half of a trace that has no more)',
      asNumber([0, 3650]),
    ),
    'lead-in-seconds': option(
      'N',
      'seconds for which the service ran before the first build: it learns from quiet time too',
      asNumber([0, 86_400]),
      0,
    ),
    'objective-p95-seconds': option(
      'N',
      'objective for the wait, in seconds (HANGAR_AUTOSCALER_OBJECTIVE, 10)',
      asNumber([0, 3600]),
    ),
    'env-file': option(
      'FILE',
      `settings of "serve" for the forecast, one NAME=value per line. HANGAR_AUTOSCALER_* environment variables override
the file`,
      asFile,
    ),
    seed: option(
      'N',
      'for the generated builds and for random choices of the scheduler',
      asWhole([0, LARGEST_SEED]),
      1,
    ),
  }),
  ...grouped('Output', {
    json: flag('print JSON instead of a table'),
    decisions: option(
      'FILE',
      `write the decisions over time to a file, for other simulators; requires exactly one policy. Each line is
{"at": seconds since the first midnight UTC, "nodes": n, "shrinkTo": m}: order nodes while there are fewer than n,
close nodes that have been empty for half a minute down to m`,
      asFile,
    ),
    plot: option(
      'text|FILE.svg',
      'plot the nodes over the evaluated days, as text or as an SVG file',
      asPlot,
    ),
  }),
};

/** The replay request, checked before the long simulation. */
interface Order {
  readonly node: NodeSpec;
  readonly bootSeconds: number;
  readonly coldSeconds: number;
  readonly leadInSeconds: number;
  readonly billingUnitMs: number;
  readonly seed: number;
  readonly jobs: JobRequest;
  readonly policies: readonly PolicyRequest[];
  readonly decisions: string | undefined;
  readonly plot: string | undefined;
  readonly json: boolean;
}

function orderOf({ options, words }: Given<typeof OPTIONS>, settings: ReplayedSettings): Order {
  const { seed, decisions, plot, json = false, placement } = options;
  const { 'boot-seconds': bootSeconds = settings.bootMs / 1000 } = options;
  const { 'objective-p95-seconds': objectiveSeconds = settings.objectiveMs / 1000 } = options;
  const policies = readPolicies({
    ...{ placement, bootSeconds },
    names: options.policy,
    settings: { ...settings, objectiveMs: objectiveSeconds * 1000 },
  });
  if (decisions !== undefined && policies.length !== 1)
    throw new UsageError('--decisions FILE needs exactly one --policy');
  if (plot === 'text' && json)
    throw new UsageError('--plot text cannot be combined with --json: write a FILE.svg');
  const { allocatable } = options.node;
  const { 'cold-seconds': coldSeconds, 'lead-in-seconds': leadInSeconds } = options;
  const jobs = jobOrderOf(options, words);
  return {
    billingUnitMs: settings.billing.unitMs,
    node: { allocatable },
    bootSeconds,
    coldSeconds,
    leadInSeconds,
    seed,
    jobs,
    policies,
    decisions,
    plot,
    json,
  };
}

/** Checks before the long simulation that a file can be written, without changing an existing one. */
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
  /** By time. */
  readonly decisions: readonly Decided[];
}

/** A change of the wanted pool size, and of what any pool needs. */
interface Decided extends NodesNeeded {
  readonly atSeconds: number;
  readonly nodes: number;
}

/** Jobs, and which of them count. */
interface Counted extends CountedDays {
  readonly jobs: readonly Job[];
}

/** The clairvoyant policy gets only the jobs that fit a node. */
const thatFit = (jobs: readonly Job[], node: NodeSpec): readonly Job[] =>
  jobs.filter(({ request }) => podsOnEmptyNode(node, request) > 0);

function play(
  policy: PolicyRequest,
  { jobs, countFrom }: Counted,
  order: Order,
  { showProgress }: CommandContext,
): Played {
  const decisions: Decided[] = [];
  const { node, bootSeconds, coldSeconds, leadInSeconds, billingUnitMs, seed } = order;
  const result = replay({
    ...{ node, bootSeconds, coldSeconds, leadInSeconds, billingUnitMs, seed, jobs },
    policy: policy.build(thatFit(jobs, node)),
    strategy: policy.strategy,
    countFrom,
    onDecision: (atSeconds, nodes, need) => decisions.push({ atSeconds, nodes, ...need }),
    onProgress: (share) => showProgress(`${policy.name}: ${Math.floor(share * 100)} %`),
  });
  showProgress('');
  return { result: { ...result, placement: policy.placement }, decisions };
}

/** In milliseconds, the precision of traces. */
function decisionLines(decisions: readonly Decided[], midnight: number): string {
  const since = (at: number): number => Math.round((at - midnight) * 1000) / 1000;
  let last = '';
  return decisions
    .map(({ atSeconds, needNodes: nodes, shrinkToNodes: shrinkTo }) => {
      const same = `${nodes} ${shrinkTo}`;
      if (same === last) return '';
      last = same;
      return `${JSON.stringify({ at: since(atSeconds), nodes, shrinkTo })}\n`;
    })
    .join('');
}

/** The nodes that the running jobs would need when packed, and the size that each policy wanted. */
function timelines(played: readonly Played[], { jobs, countFrom }: Counted, node: NodeSpec) {
  const to = jobs.at(-1)?.arrivedAt ?? 0;
  const spans = { from: Math.min(countFrom, to), to, count: PLOT_SPANS };
  const needed = demandChanges(thatFit(jobs, node)).map(([at, running]): ValueChange => {
    const perNode = Math.max(1, podsOnEmptyNode(node, jobs[0]?.request ?? NO_REQUEST));
    return [at, Math.ceil(running / perNode)];
  });
  return [
    timelineOf('full nodes', needed, spans),
    ...played.map(({ result, decisions }) =>
      timelineOf(
        result.policy,
        decisions.map(({ atSeconds, nodes }): ValueChange => [atSeconds, nodes]),
        spans,
      ),
    ),
  ];
}

/** The requested output files with their content. */
function filesOf(
  order: Order,
  played: readonly Played[],
  counted: Counted,
): readonly (readonly [string, string])[] {
  const { decisions, plot, node } = order;
  const files: (readonly [string, string])[] = [];
  if (decisions !== undefined)
    files.push([decisions, decisionLines(played[0]?.decisions ?? [], counted.midnight)]);
  if (plot !== undefined && plot !== 'text')
    files.push([plot, plotSvg('Nodes over the evaluated days', timelines(played, counted, node))]);
  return files;
}

/** A full disk must not prevent the answer, which is already printed. */
async function writeAll(files: ReturnType<typeof filesOf>, { complain }: CommandContext): Promise<boolean> {
  try {
    for (const [path, text] of files) await writeFile(path, text);
    return true;
  } catch (error) {
    complain(`hangar-autoscaler: the output is incomplete: ${errorText(error)}`);
    return false;
  }
}

function answer({ json, plot, node }: Order, played: readonly Played[], counted: Counted): string {
  const results = played.map(({ result }) => result);
  if (json) return shortJson(results.length === 1 ? results[0] : results);
  const text = replayText(results, counted.trainDays);
  return plot === 'text' ? `${text}\n\n${plotText(timelines(played, counted, node))}` : text;
}

/** @throws {UsageError} when no build fits on a node: there is nothing to replay */
function rejectTooLarge(jobs: readonly Job[], { name, allocatable }: NodeShape): void {
  if (thatFit(jobs, { allocatable }).length > 0) return;
  const least = jobs.reduce((one, job) =>
    job.request.cpuMillicores < one.request.cpuMillicores ? job : one,
  );
  const { cpu, memory } = resourcesJson(least.request);
  throw new UsageError(
    `none of the ${jobs.length} builds fits on a node ${name}: the one with the least CPU requests ${cpu} CPU and ${memory} memory. Use a larger --node`,
  );
}

async function run(given: Given<typeof OPTIONS>, context: CommandContext): Promise<ExitCode> {
  const order = orderOf(given, settingsFrom(given.options['env-file'], context));
  const jobs = await readJobs(order.jobs, order.seed, context);
  rejectTooLarge(jobs, given.options.node);
  for (const path of [order.decisions, order.plot])
    if (path !== undefined && path !== 'text') await mustBeWritable(path);
  const counted = { jobs, ...countedDays(jobs, given.options['train-days']) };
  if (counted.note !== '') context.complain(counted.note);
  const played = order.policies.map((policy) => play(policy, counted, order, context));
  context.print(answer(order, played, counted));
  const isWritten = await writeAll(filesOf(order, played, counted), context);
  return isWritten && played.every(({ result }) => result.unplaced === 0) ? EXIT.ok : EXIT.failed;
}

/** `hangar-autoscaler replay`: what would other policies have cost on these jobs, and how long would they have waited? */
export const REPLAY = command({
  name: 'hangar-autoscaler replay',
  words: '[FILE...]',
  summary: 'compares the node-hours and waits of sizing policies on recorded or generated builds',
  examples: [
    'hangar-autoscaler replay --load table-like',
    'hangar-autoscaler replay builds.jsonl.gz --policy forecast --policy karpenter',
    'hangar-autoscaler replay --trace builds.jsonl --node cpu=3920m,memory=6018Mi --boot-seconds 120 --json',
  ],
  options: OPTIONS,
  notes: `Builds are placed as the Kubernetes scheduler places them, and are never evicted. Policies learn during the training days;
costs and waits are counted after them.`,
  exits: {
    ok: 'played',
    failed: 'some builds never found a node, or a file could not be written',
    usage: 'the command line or the trace is invalid',
  },
  run,
});
