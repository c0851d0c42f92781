import { left, right, tableLines } from '@hangar/shared/program/table';
import { formatCpuMillicores, formatMemoryBytes } from '@hangar/shared/quantity';
import type { LoadLevel, NodeShape } from '../capacity/shape.ts';
import { GIB, MIB } from '../capacity/shape.ts';
import type { PriceCurve } from '../curve/price-curve.ts';
import { nodesFor, prsCarriedBy } from '../model/nodes-for.ts';
import { type ModelParameters, PUBLISHED } from '../model/parameters.ts';
import type { CheckedPools } from '../recommend/checked.ts';
import type { PerLevel, PrsRecommendation, ShapeAnswer } from '../recommend/for-prs.ts';

const tableText = (...table: Parameters<typeof tableLines>): string =>
  tableLines(...table)
    .map((line) => `  ${line}`)
    .join('\n');

/** Allocatable resources of a node for display: `3.92 CPU, 5.88 GiB`. */
function allocatableText({ allocatable }: NodeShape): string {
  return `${String(Number((allocatable.cpuMillicores / 1000).toFixed(2)))} CPU, ${(allocatable.memoryBytes / GIB).toFixed(1)} GiB`;
}

function podsPerNodeText({ podsThatFit, podsCounted }: ShapeAnswer): string {
  return podsThatFit === podsCounted
    ? String(podsThatFit)
    : `${podsThatFit}, counted as ${podsCounted.toFixed(2)}`;
}

function nodesTable({ shapes, levels }: PrsRecommendation): string {
  return tableText(
    [left('nodes'), ...levels.map(right), left('Pods per node'), left('for Pods on each node')],
    shapes.map((answer) => [
      answer.shape.name,
      ...levels.map((level) => String(answer.nodes[level] ?? '')),
      podsPerNodeText(answer),
      allocatableText(answer.shape),
    ]),
  );
}

function assumedTable({ assumed, levels }: PrsRecommendation): string {
  const row = (title: string, values: PerLevel, text: (value: number) => string): string[] => [
    title,
    ...levels.map((level) => text(values[level] ?? 0)),
  ];
  return tableText(
    [left('they assume'), ...levels.map(right)],
    [
      row('pipelines at once (runner capacity, all replicas together)', assumed.runnerCapacity, String),
      row('quota: pods', assumed.quota.pods, String),
      row('quota: requests.cpu', assumed.quota.cpuMillicores, (cpu) => String(Math.ceil(cpu / 1000))),
      row('quota: requests.memory', assumed.quota.memoryBytes, (bytes) => `${Math.ceil(bytes / GIB)}Gi`),
    ],
  );
}

/** The most important advice: the request, and the effect of the old default (scheduling-and-scaling §0). */
function requestText({ assumed, parameters }: PrsRecommendation): string {
  const { cpuMillicores, memoryBytes } = assumed.podRequest;
  const cpu = formatCpuMillicores(cpuMillicores);
  const memory = formatMemoryBytes(memoryBytes);
  return [
    `Each build Pod requests ${cpu} CPU and ${memory} memory. Settings of the runner for these requests:`,
    `  DRONE_RESOURCE_REQUEST_CPU=${cpuMillicores} DRONE_RESOURCE_REQUEST_MEMORY=${Math.ceil(memoryBytes / MIB)}MiB`,
    'With the default requests of the runner (100m, 100MiB), dozens of builds share one node and slow each other down.',
    `DaemonSets request ${formatCpuMillicores(parameters.daemonSets.cpuMillicores)} and ${formatMemoryBytes(parameters.daemonSets.memoryBytes)} on every node.`,
  ].join('\n');
}

/** What one more node of the first shape adds, to show how approximate the numbers are. */
function marginText({ shapes: [first], levels: [level], prsPerDay, parameters }: PrsRecommendation): string {
  if (first === undefined || level === undefined) return '';
  const span = 1000;
  const from = Math.min(prsPerDay, 900_000);
  const more =
    nodesFor(from + span, first.shape, level, parameters) - nodesFor(from, first.shape, level, parameters);
  return more <= 0
    ? ''
    : `Each additional ${first.shape.name} node handles about ${(span / more).toFixed(1)} more PRs a day (${level}).`;
}

function doubtText({ parameters }: PrsRecommendation): string {
  const changed = (['pod', 'daemonSets'] as const).some(
    (key) =>
      parameters[key].cpuMillicores !== PUBLISHED[key].cpuMillicores ||
      parameters[key].memoryBytes !== PUBLISHED[key].memoryBytes,
  );
  return changed
    ? 'This is the model of the published table with your own requests, which the table does not cover.'
    : 'Source: the table published for Drone\'s Kubernetes runner, which does not define "low" and "high".\nThe parameters of the model are our interpretation (see --json). Measurements of your own load are more accurate.';
}

const rounded = (value: number): string => String(Math.round(value));

/** What a simulation says of the numbers, and what meets the objective; then fixed against elastic. */
function checkedText({
  objectiveSeconds,
  shapes,
  objectivePlaces,
  objectiveQuota,
  cost,
}: CheckedPools): string {
  const levels = Object.keys(shapes[0]?.waitP95Seconds ?? {});
  const waits = tableText(
    [left('simulated p95 wait'), ...levels.map(right), right(`nodes for a p95 of ${objectiveSeconds} s`)],
    shapes.map(({ shape, waitP95Seconds, objectiveNodes }) => [
      shape.name,
      ...Object.values(waitP95Seconds).map((wait) => `${rounded(wait)} s`),
      String(objectiveNodes),
    ]),
  );
  const with3 = `The nodes for a p95 wait of ${objectiveSeconds} s need a runner capacity of ${objectivePlaces} and a quota of ${objectivePlaces} Pods, ${Math.ceil(objectiveQuota.cpuMillicores / 1000)} CPU and ${Math.ceil(objectiveQuota.memoryBytes / GIB)}Gi.`;
  if (cost === undefined) return [waits, with3].join('\n');
  const fixed = rounded(cost.fixedNodeHoursPerDay);
  const elastic = rounded(cost.elasticNodeHoursPerDay);
  return [
    waits,
    with3,
    `A fixed pool of them costs ${fixed} node-hours a day (${cost.shape}); "serve" with its present settings needs ${elastic} on a weekday, at a p95 wait of ${rounded(cost.elasticWaitP95Seconds)} s.`,
  ].join('\n');
}

/** What each price of waiting costs, and which one is that of the settings. */
function curveText({ points, waitPrice }: PriceCurve): string {
  const table = tableText(
    [left('price of waiting'), right('node-hours a day'), right('mean wait'), right('p95 wait'), left('')],
    points.map((point) => [
      String(point.waitPrice),
      point.nodeHoursPerDay.toFixed(1),
      `${point.waitMeanSeconds.toFixed(1)} s`,
      `${rounded(point.waitP95Seconds)} s`,
      point.waitPrice === waitPrice ? '<- present setting' : '',
    ]),
  );
  return `Cost against waiting: HANGAR_AUTOSCALER_WAIT_PRICE, node-minutes for each minute that a build waits\n${table}`;
}

/** The text output of `recommend`: nodes first, then what they assume. */
export function recommendationText(
  answer: PrsRecommendation,
  checked?: CheckedPools,
  curve?: PriceCurve,
): string {
  const title = `Nodes for ${answer.prsPerDay} pull ${answer.prsPerDay === 1 ? 'request' : 'requests'} a day`;
  const close = [marginText(answer), doubtText(answer)].filter((text) => text !== '').join('\n');
  const check = checked === undefined ? [] : [checkedText(checked)];
  const curves = curve === undefined ? [] : [curveText(curve)];
  const rest = [...check, ...curves, requestText(answer), close];
  return [title, nodesTable(answer), assumedTable(answer), ...rest].join('\n\n');
}

/** The reverse question: how many PRs a day does a pool of this size carry? */
export interface ReverseQuestion {
  readonly nodes: number;
  readonly shapes: readonly NodeShape[];
  readonly levels: readonly LoadLevel[];
  readonly parameters: ModelParameters;
}

/** PRs a day for each shape and level; null where the pool is smaller than the model's base. */
export function carriedJson({ nodes, shapes, levels, parameters }: ReverseQuestion): object {
  const carried = (shape: NodeShape): object =>
    Object.fromEntries(levels.map((level) => [level, prsCarriedBy(nodes, shape, level, parameters) ?? null]));
  return { nodes, prsPerDay: Object.fromEntries(shapes.map((shape) => [shape.name, carried(shape)])) };
}

/** The text output for the same. */
export function carriedText({ nodes, shapes, levels, parameters }: ReverseQuestion): string {
  const cell = (shape: NodeShape, level: LoadLevel): string =>
    String(prsCarriedBy(nodes, shape, level, parameters) ?? 'too few nodes');
  const table = tableText(
    [left('PRs a day'), ...levels.map(right), left('for Pods on each node')],
    shapes.map((shape) => [shape.name, ...levels.map((level) => cell(shape, level)), allocatableText(shape)]),
  );
  return `Pull requests a day that ${nodes === 1 ? '1 node handles' : `${nodes} nodes handle`}\n\n${table}`;
}
