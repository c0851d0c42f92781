import { tmpdir } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LogMemory } from '@hangar/runner/log-memory';
import { SpillFile } from '@hangar/runner/spill-file';
import { serverStepLogs } from '@hangar/runner/step-logs';
import { systemClock } from '@hangar/shared/clock';
import { silentLogger } from '@hangar/shared/logger';

/** What one run of this program measured. */
export interface LogFigures {
  /** What the runner's own count of kept bytes says when all logs were read, MiB. */
  readonly countedMib: number;
  /** Heap and buffers after a garbage collection, beyond those before the logs, MiB. */
  readonly heldMib: number;
  /** Resident memory at most, beyond that before the first log of all, garbage and compiled code included, MiB. */
  readonly peakMib: number;
  readonly readMs: number;
  /** The event loop's delay while logs were read and uploaded, the longest. */
  readonly lagMs: number;
  /** Lines that were written, and how many of them are missing in the uploaded logs, doubled, changed or at another place. */
  readonly lines: { readonly written: number; readonly wrong: number };
  /** From the time that a line has from its node until it is sent as live output, at most one value for each batch of lines, ms. */
  readonly liveMs: readonly number[];
}

/** A program of its own, so that memory and the event loop are those of the logs and of nothing else. */
const [steps = 1, lines = 200_000, lineBytes = 26, memoryMib = 64, paceMs = 0] = process.argv
  .slice(2)
  .map(Number);
const MIB = 2 ** 20;
/** Lines of a chunk: as many as there are at once, or as a step prints within its pace. */
const CHUNK_LINES = paceMs > 0 ? 10 : 500;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const clock = systemClock();
const memory = new LogMemory(memoryMib * MIB, { log: silentLogger, overflow: new SpillFile(tmpdir()) });
let wrong = 0;
const liveMs: number[] = [];
const ciServer: Parameters<typeof serverStepLogs>[0]['ciServer'] = {
  sendLines: (_id, batch) => {
    const [first] = batch;
    if (paceMs > 0 && first) liveMs.push(clock.now() - writtenMs(first.out));
    return Promise.resolve();
  },
  uploadLog: async (_id, log) => {
    let next = 0;
    for await (const part of log) {
      for (const { out } of part) wrong += Number(out.trimEnd().slice(0, lineBytes - 1) !== textOf(next++));
      await setImmediate();
    }
    wrong += Math.abs(lines - next);
    return 'stored';
  },
  uploadCard: () => Promise.resolve(),
};

/** The text of a line of each log. */
const textOf = (line: number): string => `${line}`.padStart(lineBytes - 1, '.').slice(1 - lineBytes);

/** When a line was written, which paced logs have behind its text. */
const writtenMs = (out: string): number => Number(out.trimEnd().slice(lineBytes - 1));

/** One container's log as the API server sends it, in chunks of some 30 KiB. */
async function* stampedLines(): AsyncGenerator<Uint8Array> {
  for (let line = 0; line < lines; line += CHUNK_LINES) {
    await (paceMs > 0 ? clock.sleep(paceMs) : setImmediate());
    const nowMs = clock.now();
    const stamp = `${new Date(nowMs).toISOString().slice(0, -1)}000000Z`;
    const texts = Array.from({ length: Math.min(CHUNK_LINES, lines - line) }, (_, nth) => textOf(line + nth));
    const end = paceMs > 0 ? `${nowMs}` : '';
    yield Buffer.from(texts.map((text) => `${stamp} ${text}${end}\n`).join(''));
  }
}

/** Watches the event loop from now on; the returned function ends that and tells the longest delay. */
function delays(): () => number {
  const histogram = monitorEventLoopDelay({ resolution: 2 });
  histogram.enable();
  return () => {
    histogram.disable();
    return histogram.max / 1e6;
  };
}

/** Buffers are given back some time after their objects. */
const SETTLED_MS = 300;

async function heldBytes(): Promise<number> {
  collect();
  await clock.sleep(SETTLED_MS);
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A log that was read to its end has nothing new for the second stream. */
async function* nothingNew(): AsyncGenerator<Uint8Array> {
  yield* await Promise.resolve([]);
}

const source = {
  open: ({ sinceTime }: { readonly sinceTime?: string }) =>
    Promise.resolve(sinceTime === undefined ? stampedLines() : nothingNew()),
};
const stepLogs = serverStepLogs({
  clock,
  ciServer,
  source,
  memory,
  log: silentLogger,
  random: Math.random,
  limitBytes: 5 * MIB,
  cards: true,
  trial: { isHarmless: () => Promise.resolve(true) },
});
const about = {
  namespace: 'ci',
  pod: 'p',
  container: 'step-1',
  nonce: 'n0nce',
  stepName: 's',
  masks: ['correct-horse', 'battery-staple'],
};
const never = new AbortController().signal;
const residentBefore = process.memoryUsage().rss;
// What every first log loads and compiles is none of theirs.
for (const stepId of [-1, -2]) {
  const first = stepLogs.open({ ...about, stepId });
  await first.follow({ ended: Promise.resolve(), signal: never, onMark: () => undefined });
  await first.finish(never);
}
[wrong, liveMs.length] = [0, 0];
const heldBefore = await heldBytes();
let peakBytes = 0;
const watching = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage().rss)), 10);
const whileReading = delays();
const beganMs = clock.monotonicMs();
const logs = Array.from({ length: steps }, (_, nth) => stepLogs.open({ ...about, stepId: nth }));
const reads = logs.map((log) => {
  log.goLive();
  return log.follow({ ended: Promise.resolve(), signal: never, onMark: () => undefined });
});
await Promise.all(reads);
const readMs = clock.monotonicMs() - beganMs;
const countedMib = memory.heldBytes / MIB;
const readLagMs = whileReading();
const heldMib = ((await heldBytes()) - heldBefore) / MIB;
const whileUploading = delays();
await Promise.all(logs.map((log) => log.finish(never)));
clearInterval(watching);
const lagMs = Math.max(readLagMs, whileUploading());
const peakMib = (peakBytes - residentBefore) / MIB;
const figures: LogFigures = {
  countedMib,
  heldMib,
  peakMib,
  readMs,
  lagMs,
  lines: { written: steps * lines, wrong },
  liveMs,
};
process.stdout.write(JSON.stringify(figures));
process.exit(0);
