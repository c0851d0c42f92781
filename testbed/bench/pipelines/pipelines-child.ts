import { findingsIn, starts, substituted } from '@hangar/runner/lint-testing';
import { LARGE_FILES } from '../../hostile/pipelines/large-files.ts';

/** Processor time of each run, ms, in order: the first one has nothing compiled yet. */
export type PipelineFigures = readonly number[];

/** A program of its own, so that the processor time is that of the file and of nothing else. */
const [name = '', chars = '0', runs = '1', work = 'lint'] = process.argv.slice(2);
const text = LARGE_FILES.find((file) => file.name === name)?.make(Number(chars)) ?? '';
const variables = { DRONE_COMMIT: 'b'.repeat(40) };

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const WORK: Readonly<Record<string, () => boolean>> = {
  lint: () => findingsIn(substituted(text, variables) ?? '', false).length === 0,
  compile: () => starts(substituted(text, variables) ?? '', false),
};

const figures: PipelineFigures = Array.from({ length: Number(runs) }, () =>
  cpuMs(() => {
    if (WORK[work]?.() !== true) throw new Error(`${name}: ${work} refuses the file`);
  }),
);
process.stdout.write(JSON.stringify(figures));
