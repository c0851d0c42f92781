import { bundlePrograms } from '../../parts/images/bundle.ts';
import { connectRealCluster } from '../../parts/real/facts.ts';
import {
  type Bench,
  type BenchOptions,
  type BenchOutcome,
  type BenchTerminal,
  outcomeOf,
} from '../command.ts';
import type { Circumstances } from '../report.ts';
import { crowdPart, takeoverPart, throughputPart } from './parts.ts';

const PARTS = [throughputPart, crowdPart, takeoverPart] as const;

const NOTES = `The API server is that of the real cluster (npm run testbed -- --help); the node is a fake one, and no container runs.
--write-docs writes the table into docs/benchmarks.md. Timings never fail it.

Parts:
${PARTS.map(({ name, what }) => `  ${name.padEnd(12)}${what}`).join('\n')}`;

async function run(
  options: BenchOptions,
  circumstances: Circumstances,
  terminal: BenchTerminal,
): Promise<BenchOutcome> {
  const { clock, complain: say, stop } = terminal;
  const cluster = await connectRealCluster();
  await bundlePrograms(cluster.layout.repository);
  const run = { clock, cluster, quick: options.quick, say, stop };
  return outcomeOf({ parts: PARTS, run }, options, circumstances, terminal);
}

/** `npm run bench -- load`. */
export const loadBench: Bench = {
  name: 'load',
  summary: 'pipelines a minute of one replica and of two, and many at once',
  notes: NOTES,
  page: 'benchmarks.md',
  parts: PARTS.map(({ name }) => name),
  run,
};
