import { ownNamespaceAccess } from '../../suites/real-flows/real-cluster-access.ts';
import {
  type Bench,
  type BenchOptions,
  type BenchOutcome,
  type BenchTerminal,
  outcomeOf,
} from '../command.ts';
import type { Circumstances } from '../report.ts';
import type { StepsPart } from './bench-system.ts';
import { coldPart } from './cold.ts';
import { gateGapPart, swapGapPart } from './gaps.ts';
import { memoryPart } from './memory.ts';
import { apiWritesPart, crowdPart, pickUpPart, wholePart } from './pipelines.ts';

/** In the order in which they run. */
const PARTS: readonly StepsPart[] = [
  pickUpPart,
  wholePart,
  gateGapPart,
  apiWritesPart,
  swapGapPart,
  crowdPart,
  coldPart,
  memoryPart,
];

const NOTES = `Measured on the real cluster (npm run testbed -- --help), in a namespace of its own, which is deleted at the end. Parts:
${PARTS.map(({ name, what }) => `  ${name.padEnd(9)}${what}`).join('\n')}`;

async function run(
  options: BenchOptions,
  circumstances: Circumstances,
  terminal: BenchTerminal,
): Promise<BenchOutcome> {
  const { clock, complain: say, stop } = terminal;
  const own = await ownNamespaceAccess('bench');
  const { cluster } = own;
  // The test systems of the parts share one cluster.
  const { remove, ...ground } = own.ground;
  try {
    stop.throwIfAborted();
    const run = { clock, cluster, ground, quick: options.quick, say, stop };
    return await outcomeOf({ parts: PARTS, run }, options, circumstances, terminal);
  } finally {
    await remove();
  }
}

/** `npm run bench -- steps`. */
export const stepsBench: Bench = {
  name: 'steps',
  summary: 'how steps run: pick-up, gaps, API writes, whole pipelines, cold images',
  notes: NOTES,
  page: 'measurements.md',
  parts: PARTS.map(({ name }) => name),
  run,
};
