import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LARGE_FILES, type LargeFile } from '../../hostile/pipelines/large-files.ts';
import { type Bench, type BenchPart, outcomeOf } from '../command.ts';
import type { Measured } from '../measure.ts';
import type { PipelineFigures } from './pipelines-child.ts';

interface PipelinesRun {
  readonly stop: AbortSignal;
  readonly processes: number;
}

const CHILD = new URL('pipelines-child.ts', import.meta.url).pathname;
const CHARS = 1_000_000;
/** V8 compiles what these run. The runner's own process has done that long before it gets a large file. */
const WARM_UP_RUNS = 10;
const COUNTED_RUNS = 6;
/** Processor time, ms. */
const AIMS = { lint: 100, compile: 200 } as const;

async function rowsOf(
  file: LargeFile,
  work: keyof typeof AIMS,
  run: PipelinesRun,
): Promise<readonly Measured[]> {
  const words = [file.name, CHARS, WARM_UP_RUNS + COUNTED_RUNS, work].map(String);
  const all: PipelineFigures[] = [];
  for (let n = 0; n < run.processes; n += 1) {
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', CHILD, ...words], {
      signal: run.stop,
    });
    all.push(JSON.parse(stdout) as PipelineFigures);
  }
  const targets = [{ of: 'p50', atMost: AIMS[work] }] as const;
  const name = `${file.what}: ${work}, CPU`;
  return [
    {
      name: `${name}, in a new process`,
      unit: 'ms',
      values: all.flatMap((times) => times.slice(0, 1)),
      targets,
    },
    {
      name: `${name}, in a process that has done so ten times`,
      unit: 'ms',
      values: all.flatMap((times) => times.slice(WARM_UP_RUNS)),
      targets,
    },
  ];
}

const partOf = (file: LargeFile): BenchPart<PipelinesRun> => ({
  name: file.name,
  what: `1 MB: ${file.what}`,
  run: async (run) => [...(await rowsOf(file, 'lint', run)), ...(await rowsOf(file, 'compile', run))],
});

const PARTS = LARGE_FILES.map(partOf);

const NOTES = `Checks and compiles pipeline files of 1 MB and 200 steps in new processes: substitution, YAML, linter, compiler. Needs no cluster.
In the first runs of a process, V8 also compiles the program.
Two minutes; --quick: half a minute.`;

const run: Bench['run'] = (options, circumstances, terminal) =>
  outcomeOf(
    { parts: PARTS, run: { stop: terminal.stop, processes: options.quick ? 2 : 7 } },
    options,
    circumstances,
    terminal,
  );

/** `npm run bench -- pipelines`. */
export const pipelinesBench: Bench = {
  name: 'pipelines',
  summary: 'what large pipeline files cost: processor time of lint and compile',
  notes: NOTES,
  page: 'measurements.md',
  parts: PARTS.map(({ name }) => name),
  run,
};
