import type { Resources } from '../capacity/shape.ts';
import { MIB } from '../capacity/shape.ts';

/** The parameters behind the published table; all derived quantities come from these. */
export interface ModelParameters {
  readonly podsPerPr: number;
  readonly podSeconds: number;
  readonly peakHourShare: number;
  readonly surge: number;
  readonly baseNodes: number;
  readonly spareShare: number;
  readonly packing: number;
  readonly packingFromPods: number;
  readonly pod: Resources;
  readonly daemonSets: Resources;
}

/** What one parameter means, where it comes from, and how much of it is our interpretation. */
export interface ParameterNote {
  readonly parameter: keyof ModelParameters;
  readonly meaning: string;
  readonly source: string;
  readonly reading: 'published' | 'fitted' | 'our interpretation';
}

/**
 * The values that give all twelve published numbers (scheduling-and-scaling §4.3). The table determines only five groups of these:
 * nodes per PR, surge, the ratio of both shapes, base and spare; how a group splits into its factors is our interpretation.
 */
export const PUBLISHED: ModelParameters = {
  podsPerPr: 15,
  podSeconds: 603,
  peakHourShare: 0.2,
  surge: 1.4,
  baseNodes: 1.15,
  spareShare: 1 / 80,
  packing: 1.9625 / 2,
  packingFromPods: 4,
  pod: { cpuMillicores: 1150, memoryBytes: 1700 * MIB },
  daemonSets: { cpuMillicores: 300, memoryBytes: 370 * MIB },
};

/** The notes for {@link PUBLISHED}: shown by `recommend`, by the API and in the documents. */
export const PARAMETER_NOTES: readonly ParameterNote[] = [
  {
    parameter: 'podsPerPr',
    meaning: 'Pods that one PR starts in a day: pushes times pipelines',
    source: 'one factor of the fitted 0.1675 nodes of 4 CPU per PR; nothing is published about builds',
    reading: 'our interpretation',
  },
  {
    parameter: 'podSeconds',
    meaning: 'average seconds for which a Pod holds its request',
    source: 'fitted between 601.4 and 603.7 with all else held',
    reading: 'our interpretation',
  },
  {
    parameter: 'peakHourShare',
    meaning: "share of a day's Pods that fall into its busiest hour",
    source: 'median of 18 busy days of one busy repository: 20.5 %',
    reading: 'our interpretation',
  },
  {
    parameter: 'surge',
    meaning: 'ratio of the load that the level "high" can handle to that of "low"',
    source:
      'fitted between 1.396 and 1.402 with all else held; the author of the table does not define the levels',
    reading: 'fitted',
  },
  {
    parameter: 'baseNodes',
    meaning: 'nodes that exist at any load',
    source: 'fitted between 1.05 and 1.25 with all else held',
    reading: 'fitted',
  },
  {
    parameter: 'spareShare',
    meaning: 'spare nodes for each node in use, rounded up',
    source: 'fitted between 1.19 and 1.27 % with all else held; without this step no line gives 123 nodes',
    reading: 'fitted',
  },
  {
    parameter: 'packing',
    meaning:
      'share of the Pods that fit by arithmetic and are actually scheduled, on a node that holds four or more',
    source: 'fitted: 8 CPU handles 1.9625 times the load of 4 CPU, although it fits six Pods and not three',
    reading: 'fitted',
  },
  {
    parameter: 'packingFromPods',
    meaning: 'Pods per node from which that share applies',
    source:
      'the table has nodes of three Pods (full) and of six (not quite full); the limit between them is our assumption',
    reading: 'our interpretation',
  },
  {
    parameter: 'pod',
    meaning: 'request of each Pod',
    source:
      'a size that really packs three to 4 CPU and six to 8 CPU on GKE: 1087 to 1207 millicores, at most 1.8 GiB',
    reading: 'our interpretation',
  },
  {
    parameter: 'daemonSets',
    meaning: "requests of the cluster's own Pods on every node",
    source: 'usual on GKE; on a live pool the real DaemonSets count',
    reading: 'our interpretation',
  },
];

/**
 * The table as published for Drone's Kubernetes runner in 2022 (nodes for 100, 500 and 1000 PRs a day). The model must reproduce
 * each number.
 */
export const PUBLISHED_TABLE = [
  { shape: '4cpu-8gb', level: 'low', nodes: { 100: 19, 500: 87, 1000: 172 } },
  { shape: '4cpu-8gb', level: 'high', nodes: { 100: 26, 500: 121, 1000: 239 } },
  { shape: '8cpu-16gb', level: 'low', nodes: { 100: 11, 500: 45, 1000: 89 } },
  { shape: '8cpu-16gb', level: 'high', nodes: { 100: 15, 500: 62, 1000: 123 } },
] as const;
