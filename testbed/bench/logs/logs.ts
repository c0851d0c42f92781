import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Bench, type BenchPart, outcomeOf } from '../command.ts';
import type { Measured } from '../measure.ts';
import type { LogFigures } from './logs-child.ts';

interface LogsRun {
  readonly stop: AbortSignal;
}

/** Logs that run at once, and what each of them writes. */
interface Chatter {
  readonly name: string;
  readonly what: string;
  readonly steps: number;
  readonly lines: number;
  readonly lineBytes: number;
  readonly targetMib?: number;
  /** A step prints ten lines at this interval; default: all lines are there at once. */
  readonly paceMs?: number;
}

const CHILD = new URL('logs-child.ts', import.meta.url).pathname;
const MEMORY_MIB = 64;

const CHATTERS: readonly Chatter[] = [
  {
    name: 'one',
    what: '1 step, 200,000 lines of 26 bytes',
    steps: 1,
    lines: 200_000,
    lineBytes: 26,
    targetMib: 8,
  },
  {
    name: 'short',
    what: '1 step, 1,000,000 lines of 5 bytes',
    steps: 1,
    lines: 1_000_000,
    lineBytes: 5,
    targetMib: 8,
  },
  {
    name: 'hundred',
    what: '100 steps at once, 20,000 lines of 100 bytes each',
    steps: 100,
    lines: 20_000,
    lineBytes: 100,
    targetMib: 2 * MEMORY_MIB,
  },
  {
    name: 'live',
    what: '100 steps at once for 20 s, 100 lines of 100 bytes a second each',
    steps: 100,
    lines: 2_000,
    lineBytes: 100,
    paceMs: 100,
  },
];

const tenths = (value: number): number => Math.round(value * 10) / 10;

function rowsOf({ what, steps, targetMib }: Chatter, figures: LogFigures): readonly Measured[] {
  const { countedMib, heldMib, peakMib, readMs, lagMs, lines, liveMs } = figures;
  const targets = targetMib === undefined ? [] : [{ of: 'max', atMost: targetMib } as const];
  const live: readonly Measured[] =
    liveMs.length === 0
      ? []
      : [
          {
            name: `${what}: from the first line of a batch until it is sent as live output`,
            unit: 'ms',
            values: liveMs,
            targets: [{ of: 'p99', atMost: 1_000 }],
          },
        ];
  return [
    {
      name: `${what}: memory that their logs take, MiB`,
      unit: 'count',
      // Garbage of the first logs may still be counted before these, and hide some of theirs.
      values: [tenths(Math.max(heldMib, countedMib))],
      targets,
      note: `${tenths(countedMib)} MiB by the runner's own count; the process grew by ${Math.round(peakMib)} MiB at most, with garbage and compiled code`,
    },
    { name: `${what}: until all was read`, unit: 'ms', values: [readMs] },
    {
      name: `${what}: the event loop's longest delay, upload included`,
      unit: 'ms',
      values: [lagMs],
      targets: [{ of: 'max', atMost: 200 }],
    },
    {
      name: `${what}: lines lost, doubled or changed`,
      unit: 'count',
      values: [lines.wrong],
      targets: [{ of: 'max', atMost: 0 }],
      note: `of ${lines.written} in ${steps === 1 ? 'one log' : `${steps} logs`}; compared one by one`,
    },
    ...live,
  ];
}

const partOf = (chatter: Chatter): BenchPart<LogsRun> => ({
  name: chatter.name,
  what: chatter.what,
  run: async ({ stop }) => {
    const words = [chatter.steps, chatter.lines, chatter.lineBytes, MEMORY_MIB, chatter.paceMs ?? 0].map(
      String,
    );
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', CHILD, ...words], {
      signal: stop,
    });
    return rowsOf(chatter, JSON.parse(stdout) as LogFigures);
  },
});

const PARTS = CHATTERS.map(partOf);

const NOTES = `A program of its own reads generated logs as fast as it can and uploads them to nowhere, with ${MEMORY_MIB} MiB for all logs together
(HANGAR_LOG_MEMORY). Needs no cluster. About two minutes.`;

const run: Bench['run'] = (options, circumstances, terminal) =>
  outcomeOf({ parts: PARTS, run: { stop: terminal.stop } }, options, circumstances, terminal);

/** `npm run bench -- logs`. */
export const logsBench: Bench = {
  name: 'logs',
  summary: 'what logs of running steps cost the runner: memory, time, delays',
  notes: NOTES,
  page: 'measurements.md',
  parts: PARTS.map(({ name }) => name),
  run,
};
