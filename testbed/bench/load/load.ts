import { bundlePrograms } from '../../parts/images/bundle.ts';
import { connectRealCluster } from '../../parts/real/facts.ts';
import {
  type Bench,
  type BenchOptions,
  type BenchOutcome,
  type BenchTerminal,
  runParts,
} from '../command.ts';
import { benchReportText, type Circumstances, reportMarkdown } from '../report.ts';
import { crowdPart, takeoverPart, throughputPart } from './parts.ts';

const PARTS = [throughputPart, crowdPart, takeoverPart] as const;

const NOTES = `The API server is that of the real cluster (npm run testbed -- --help); the node is a fake one, and no container runs.
--write-docs writes the table into docs/benchmarks.md. Timings never fail it.

Parts:
${PARTS.map(({ name, what }) => `  ${name.padEnd(12)}${what}`).join('\n')}`;

async function run(
  { only, quick }: BenchOptions,
  circumstances: Circumstances,
  terminal: BenchTerminal,
): Promise<BenchOutcome> {
  const { clock, complain: say, stop } = terminal;
  const cluster = await connectRealCluster();
  await bundlePrograms(cluster.layout.repository);
  const parts = PARTS.filter(({ name }) => only.length === 0 || only.includes(name));
  const results = await runParts(parts, { clock, cluster, quick, say, stop }, terminal);
  const report = { circumstances, ...results };
  return {
    data: results,
    text: benchReportText(report),
    markdown: reportMarkdown(report),
    ok: results.failures.length === 0,
  };
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
