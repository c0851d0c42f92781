import { replayed } from '../../suites/real-flows/replayed.ts';
import type { Bench, BenchOutcome } from '../command.ts';
import { alignedLines, benchMarkdownTable } from '../table.ts';
import {
  type MeasuredRun,
  RUNS,
  type RunName,
  recordedFiles,
  recordedRun,
  SIDES,
  type SideFigures,
} from './recording.ts';
import { TOLERANCES, withinTolerances } from './tolerances.ts';

/** One side of a run, measured and predicted. */
export interface Prediction {
  readonly run: RunName;
  readonly side: (typeof SIDES)[number];
  readonly measured: SideFigures;
  readonly predicted: SideFigures;
  /** For each of {@link TOLERANCES}. */
  readonly isMet: readonly boolean[];
}

/** What `replay` predicts for a recorded run, from the trace and the settings of the service, beside what was measured. */
export async function predictionsFor(run: RunName): Promise<readonly Prediction[]> {
  const { node, leadInSeconds, sides } = await recordedRun(run);
  const predictions: Prediction[] = [];
  for (const side of SIDES) {
    const measured = sides[side];
    const { jobs, nodeHours, boots, waitSeconds } = await replayed({
      ...recordedFiles(run),
      ...{ node, leadInSeconds, policy: side },
    });
    const predicted = { builds: jobs, waitSeconds, nodeHours, boots, harmed: 0 };
    predictions.push({ run, side, measured, predicted, isMet: withinTolerances(measured, predicted) });
  }
  return predictions;
}

const WHO = { 'karpenter-buffer': 'Karpenter with Hangar', karpenter: 'Karpenter alone' } as const;
const HEAD = ['', 'builds', 'mean wait', 'p50', 'p95', 'p99', 'max', 'node-hours', 'boots', 'harmed'];

const cells = (who: string, figures: SideFigures): readonly string[] => {
  const { builds, waitSeconds, nodeHours, boots, harmed } = figures;
  const { mean, p50, p95, p99, max } = waitSeconds;
  return [
    who,
    String(builds),
    ...[mean, p50, p95, p99, max].map((wait) => `${wait.toFixed(1)} s`),
    nodeHours.toFixed(2),
    ...[boots, harmed].map(String),
  ];
};

const rowsOf = ({ run, side, measured, predicted, isMet }: Prediction): readonly (readonly string[])[] => [
  [...cells(`${run}: ${WHO[side]}`, measured), ...TOLERANCES.map(() => '')],
  [...cells('the same, predicted', predicted), ...isMet.map((met) => (met ? 'met' : 'missed'))],
];

function circumstancesOf(run: RunName, { at, ramp, loadAverage }: MeasuredRun): string {
  const [first, last] = ramp.pushesPerMinute;
  return `${run}: measured ${at.slice(0, 16).replace('T', ' ')} UTC, ${ramp.spanSeconds / 60} minutes, pushes of five builds, ${first} a minute at first and ${last} at the end, of ${ramp.meanRunSeconds} s on average (lognormal, cv 1). Load average of the machine: ${loadAverage.mean.toFixed(1)} on average, ${loadAverage.max.toFixed(1)} at most.`;
}

async function run(): Promise<BenchOutcome> {
  const all: Prediction[] = [];
  const circumstances: string[] = [];
  for (const name of RUNS) {
    all.push(...(await predictionsFor(name)));
    circumstances.push(circumstancesOf(name, await recordedRun(name)));
  }
  const table = [[...HEAD, ...TOLERANCES.map(({ name }) => name)], ...all.flatMap(rowsOf)];
  return {
    data: { predictions: all },
    text: [...alignedLines(table), '', ...circumstances].join('\n'),
    markdown: `${benchMarkdownTable(table)}\n\n${circumstances.map((text) => `- ${text}`).join('\n')}`,
    ok: all.every(({ isMet }) => !isMet.includes(false)),
  };
}

/** `npm run bench -- predictions`. */
export const predictionsBench: Bench = {
  name: 'predictions',
  summary: 'what replay predicts for the recorded runs of the bench "karpenter"',
  notes: `Takes some seconds and needs no cluster. It fails if a prediction differs from the measurement by more than is allowed.`,
  page: 'measurements.md',
  parts: [],
  run,
};
