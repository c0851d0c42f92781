import { runProcess } from '@hangar/shared/program/process';
import { runProgram } from '@hangar/shared/program/program';
import { capacityBench } from './capacity/capacity.ts';
import { BENCH, benchCommand } from './command.ts';
import { karpenterBench } from './karpenter/karpenter.ts';
import { predictionsBench } from './karpenter/predictions.ts';
import { loadBench } from './load/load.ts';
import { logsBench } from './logs/logs.ts';
import { pipelinesBench } from './pipelines/pipelines.ts';
import { stepsBench } from './steps/steps.ts';

/** All benches; each has a folder of its own. */
const BENCHES = [
  stepsBench,
  loadBench,
  karpenterBench,
  predictionsBench,
  capacityBench,
  logsBench,
  pipelinesBench,
];

await runProcess(new URL('../package.json', import.meta.url), (context, args) =>
  runProgram(
    {
      name: BENCH,
      summary:
        'Measures how steps run and how pools are sized, and writes the tables of docs/measurements.md, docs/benchmarks.md and docs/capacity-bench.md.',
      commands: BENCHES.map(benchCommand),
      notes: 'Timings never fail a bench.',
    },
    args,
    context,
  ),
);
