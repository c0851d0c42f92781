import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { systemClock } from '@hangar/shared/clock';
import { ownGround } from '../../suites/real-flows/real-ground.ts';
import type { BenchCommand, Terminal } from '../command.ts';
import { markersOf, rewritten } from '../measure/document.ts';
import { type Row, rowOf } from '../measure/row.ts';
import { apiWritesBench } from './api-writes.ts';
import type { Bench } from './bench.ts';
import { coldBench } from './cold.ts';
import { manyPodsBench } from './crowd.ts';
import { gateGapBench } from './gate-gap.ts';
import { memoryBench } from './memory.ts';
import { readOptions, type StepsOptions } from './options.ts';
import { pickUpBench } from './pick-up.ts';
import { waitForQuiet } from './quiet.ts';
import { type Circumstances, type Failure, type Report, reportMarkdown, reportText } from './report.ts';
import { swapGapBench } from './swap-gap.ts';
import { Track } from './track.ts';
import { wholeBench } from './whole.ts';

/** In the order in which they run. */
const BENCHES: readonly Bench[] = [
  pickUpBench,
  wholeBench,
  gateGapBench,
  apiWritesBench,
  swapGapBench,
  manyPodsBench,
  coldBench,
  memoryBench,
];

const PAGE = new URL('../../../docs/measurements.md', import.meta.url);
const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const HELP = `npm run bench -- steps [--quick] [--json] [--only NAME...] [--write-docs]

How steps run, measured on the real cluster (npm run testbed -- --help), beside the targets. Timings never fail it: exit code 1
means that something did not work.

  --quick        fewer repetitions
  --json         one JSON object in place of the table
  --write-docs   write the table into docs/measurements.md
  --only NAME... only these:
${BENCHES.map(({ name, what }) => `                 ${name.padEnd(9)}${what}`).join('\n')}
`;

/** This machine, now. */
export function circumstances(quick: boolean): Circumstances {
  const at = `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return {
    at,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    cpu: cpus()[0]?.model ?? 'unknown',
    kernel: release(),
    node: process.version,
    quick,
  };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const loadAverage = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100;

/** One bench after another; one that fails does not stop the next. */
async function runAll(benches: readonly Bench[], track: Track, terminal: Terminal): Promise<Report> {
  const rows: Row[] = [];
  const failures: Failure[] = [];
  const { quick, say, clock } = track;
  for (const bench of benches) {
    if (terminal.stop.aborted) break;
    await waitForQuiet(track);
    say(`bench: ${bench.name}: ${bench.what}`);
    const beganMs = clock.monotonicMs();
    try {
      const measured = await bench.run(track);
      rows.push(...measured.map((one) => rowOf(bench.name, one, loadAverage())));
    } catch (error) {
      if (terminal.stop.aborted) break;
      failures.push({ bench: bench.name, text: textOf(error) });
      say(`bench: ${bench.name} FAILED: ${textOf(error)}`);
    }
    say(
      `bench: ${bench.name}: ${((clock.monotonicMs() - beganMs) / 1000).toFixed(1)} s, load ${loadAverage()}`,
    );
  }
  return { circumstances: circumstances(quick), rows, failures };
}

async function runSteps(options: StepsOptions, terminal: Terminal): Promise<number> {
  const say = terminal.complain;
  const { cluster, ground } = await ownGround('bench');
  const track = new Track({ clock: systemClock(), cluster, ground, quick: options.quick, say });
  const benches = BENCHES.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const stopped = new Promise<undefined>((resolve) =>
    terminal.stop.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  const report = await Promise.race([runAll(benches, track, terminal), stopped]).finally(async () => {
    await track.close();
    await ground.remove();
  });
  if (report === undefined) return EXIT.interrupted;
  terminal.print(options.json ? JSON.stringify(report, undefined, 2) : reportText(report));
  if (options.writeDocs) {
    const page = await readFile(PAGE, 'utf8');
    await writeFile(PAGE, rewritten(page, markersOf('steps'), reportMarkdown(report)));
  }
  return report.failures.length > 0 ? EXIT.failed : EXIT.ok;
}

/** `npm run bench -- steps`. */
export const stepsCommand: BenchCommand = {
  name: 'steps',
  what: 'how steps run: pick-up, gaps, API writes, whole pipelines, cold images',
  help: HELP,
  run: async (args, terminal) => {
    const asked = readOptions(
      args,
      BENCHES.map(({ name }) => name),
    );
    if (asked.kind === 'run') return runSteps(asked.options, terminal);
    terminal.complain(`bench steps: ${asked.text}\n\n${HELP}`);
    return EXIT.usage;
  },
};
