import { command } from '@hangar/shared/program/command';
import { UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT } from '@hangar/shared/program/exit-codes';
import {
  asNumber,
  asWhole,
  asWord,
  completed,
  flag,
  option,
  type ReadOption,
  repeated,
  type Values,
} from '@hangar/shared/program/options';
import type { Job } from '../capacity/job.ts';
import { LOAD_LEVELS, type NodeShape, type Resources } from '../capacity/shape.ts';
import type { ReplayedSettings } from '../config/load.ts';
import { curveJson, type PriceCurve } from '../curve/price-curve.ts';
import { CapacityPolicy } from '../decide/capacity-policy.ts';
import { MAX_PRS_PER_DAY } from '../model/nodes-for.ts';
import { type ModelParameters, PUBLISHED } from '../model/parameters.ts';
import { PUBLISHED_SHAPES, parseResources, parseShape } from '../model/shapes.ts';
import { checkedJson, recommendationJson } from '../recommend/as-json.ts';
import { type CheckedPools, checkedPools, type PlayElastic, playedJobs } from '../recommend/checked.ts';
import { modelledJobs } from '../recommend/fixed-pool.ts';
import { type PrsRecommendation, recommendForPrs } from '../recommend/for-prs.ts';
import { playCurve } from '../replay/play-curve.ts';
import { servicePolicy } from '../replay/policies/service.ts';
import { softlyPlaced } from '../replay/policies/soft-taints.ts';
import { replay } from '../replay/replay.ts';
import { carriedJson, carriedText, recommendationText } from './recommend-text.ts';
import { settingsFrom } from './replayed-settings.ts';
import { shortJson } from './short-json.ts';

const MOST_NODES = 1_000_000;
const NAMES = PUBLISHED_SHAPES.map(({ name }) => name);

/** Parses a node's shape from its name or its resources. */
export const asShape: ReadOption<NodeShape> = (text, name) => {
  const parsed = parseShape(text);
  if ('problem' in parsed) throw new UsageError(`--${name}: ${parsed.problem}`);
  return parsed.shape;
};

const asPublishedShape: ReadOption<NodeShape> = completed(NAMES, (text, name) => {
  if (NAMES.includes(text)) return asShape(text, name);
  throw new UsageError(
    `--${name} takes ${NAMES.join(' or ')}, not "${text}"; a custom shape is written --node cpu=16,memory=32Gi`,
  );
});

const asResources =
  (least: 0 | 1): ReadOption<Resources> =>
  (text, name) => {
    const parsed = parseResources(text, least);
    if ('problem' in parsed) throw new UsageError(`--${name}: ${parsed.problem}`);
    return parsed.resources;
  };

const OPTIONS = {
  'prs-per-day': option('N', `pull requests a day, 0 to ${MAX_PRS_PER_DAY}`, asNumber([0, MAX_PRS_PER_DAY])),
  nodes: option('N', 'the reverse: pull requests a day that N nodes can handle', asWhole([0, MOST_NODES])),
  shape: repeated('NAME', `${NAMES.join(' or ')} (may be repeated; default: both)`, asPublishedShape),
  node: repeated(
    'TEXT',
    `a custom shape (may be repeated):
  cpu=16,memory=32Gi        allocatable, as "kubectl describe node" shows it; pods=110 may follow
  gke:cpu=16,memory=64Gi    a whole machine, less what GKE reserves
  eks:cpu=16,memory=64Gi    the same by EKS's formula, for 58 Pods unless pods=N is given`,
    asShape,
  ),
  level: option('LEVEL', 'low or high (default: both)', asWord(LOAD_LEVELS)),
  pod: option('TEXT', 'request of each build Pod (cpu=1150m,memory=1700Mi)', asResources(1), PUBLISHED.pod),
  daemonsets: option(
    'TEXT',
    'total requests of your DaemonSets on each node (cpu=300m,memory=370Mi)',
    asResources(0),
    PUBLISHED.daemonSets,
  ),
  curve: flag(
    'also print the curve of cost against waiting, for the first shape and prices of waiting from 1 to 300; can take minutes',
  ),
  json: flag('print JSON instead of a table'),
};

function shapesOf({ shape, node }: Values<typeof OPTIONS>): readonly NodeShape[] {
  const byName = new Map([...shape, ...node].map((one) => [one.name, one]));
  return byName.size > 0 ? [...byName.values()] : PUBLISHED_SHAPES;
}

/** The elastic pool of the comparison: what `serve` does with these settings. */
const playElasticWith =
  (settings: ReplayedSettings, { daemonSets }: ModelParameters): PlayElastic =>
  (jobs, { allocatable }) => {
    const service = servicePolicy({ ...settings, policy: new CapacityPolicy(settings) });
    const { billedNodeHours: nodeHours, waitSeconds } = replay({
      billingUnitMs: settings.billing.unitMs,
      ...{ jobs, policy: softlyPlaced(service), bootSeconds: settings.bootMs / 1000 },
      node: { allocatable, daemonSets: { ...daemonSets, pods: 0 } },
      ...{ seed: 1, countFrom: 0 },
    });
    return { nodeHours, waitP95Seconds: waitSeconds.p95 };
  };

const CURVE_DAYS = [5, 4, 3, 2] as const;

/** The builds of as many days as can be replayed; undefined: there is no build, or two days have too many. */
function curveJobs({ prsPerDay, parameters }: PrsRecommendation): readonly Job[] | undefined {
  const all = modelledJobs(prsPerDay, parameters) ?? [];
  const days = CURVE_DAYS.find((count) => playedJobs(all, count) !== undefined);
  return playedJobs(all, days);
}

/** Undefined: there is no build, or there are too many to replay. */
function curveFor(answer: PrsRecommendation, settings: ReplayedSettings): PriceCurve | undefined {
  const { parameters } = answer;
  const [first] = answer.shapes;
  const jobs = curveJobs(answer);
  if (first === undefined || jobs === undefined) return undefined;
  const node = { allocatable: first.shape.allocatable, daemonSets: { ...parameters.daemonSets, pods: 0 } };
  return playCurve({ jobs, node, bootSeconds: settings.bootMs / 1000, settings });
}

function checkJson(checked: CheckedPools | undefined, curve: PriceCurve | undefined) {
  if (checked === undefined) return {};
  return {
    checked: { ...checkedJson(checked), ...(curve === undefined ? {} : { curve: curveJson(curve) }) },
  };
}

/** What is missing in the answer, and why: a part that is left out would otherwise look like one that does not exist. */
function reportMissing(
  prsPerDay: number,
  { isSimulated, lacksCurve }: { readonly isSimulated: boolean; readonly lacksCurve: boolean },
  { complain }: Pick<CommandContext, 'complain'>,
): void {
  if (prsPerDay === 0) return;
  if (!isSimulated) complain(`the wait is not simulated: ${prsPerDay} PRs a day are too many builds`);
  if (lacksCurve)
    complain(`no curve of cost against waiting: ${prsPerDay} PRs a day are too many builds to replay`);
}

/** What both questions have in common. */
function askedOf(options: Values<typeof OPTIONS>) {
  const parameters: ModelParameters = { ...PUBLISHED, pod: options.pod, daemonSets: options.daemonsets };
  const levels = options.level === undefined ? LOAD_LEVELS : [options.level];
  return { shapes: shapesOf(options), levels, parameters };
}

/** The reverse question. */
function carriedAnswer(options: Values<typeof OPTIONS>, nodes: number): string {
  if (options.curve) throw new UsageError('--curve needs --prs-per-day N');
  const question = { ...askedOf(options), nodes };
  return options.json ? shortJson(carriedJson(question)) : carriedText(question);
}

function answer(
  options: Values<typeof OPTIONS>,
  settings: ReplayedSettings,
  context: Pick<CommandContext, 'complain'>,
): string {
  const { nodes, json, 'prs-per-day': prsPerDay } = options;
  if (nodes !== undefined && prsPerDay === undefined) return carriedAnswer(options, nodes);
  if (nodes !== undefined || prsPerDay === undefined)
    throw new UsageError('give either --prs-per-day N or --nodes N, for instance --prs-per-day 500');
  const asked = askedOf(options);
  const recommendation = recommendForPrs({ ...asked, prsPerDay });
  const checked = checkedPools(
    recommendation,
    settings.objectiveMs / 1000,
    playElasticWith(settings, asked.parameters),
  );
  const curve = options.curve ? curveFor(recommendation, settings) : undefined;
  const lacksCurve = options.curve === true && curve === undefined;
  reportMissing(prsPerDay, { isSimulated: checked !== undefined, lacksCurve }, context);
  if (!json) return recommendationText(recommendation, checked, curve);
  return shortJson({ ...recommendationJson(recommendation), ...checkJson(checked, curve) });
}

/** `hangar-autoscaler recommend`: the published model on the command line, without a cluster. */
export const RECOMMEND = command({
  name: 'hangar-autoscaler recommend',
  summary: 'nodes for a number of pull requests a day, by the published model; needs no cluster',
  examples: [
    'hangar-autoscaler recommend --prs-per-day 500',
    'hangar-autoscaler recommend --prs-per-day 500 --shape 8cpu-16gb --level high',
    'hangar-autoscaler recommend --prs-per-day 500 --node cpu=16,memory=32Gi',
    'hangar-autoscaler recommend --prs-per-day 500 --node gke:cpu=16,memory=64Gi --json',
    'hangar-autoscaler recommend --nodes 40 --shape 4cpu-8gb',
    'hangar-autoscaler recommend --prs-per-day 50 --curve',
  ],
  options: OPTIONS,
  notes: `The recommendation follows the table that was published for Drone's Kubernetes runner. For other numbers it uses a model
that reproduces all twelve values of the table. The levels "low" and "high" come from the table, which does not define the
wait that they stand for. To size pools from the measurements of your runners, run "serve".`,
  exits: { ok: 'answered', usage: 'the command line is invalid' },
  run: ({ options }, context) => {
    try {
      context.print(answer(options, settingsFrom(undefined, context), context));
      return EXIT.ok;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(`${error.message}: a larger node, or less in --pod and --daemonsets, is needed`);
    }
  },
});
