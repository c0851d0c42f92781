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
  /** Lines that were written, and uploaded at the end. */
  readonly lines: { readonly written: number; readonly stored: number };
}

/** A program of its own, so that memory and the event loop are those of the logs and of nothing else. */
const [steps = 1, lines = 200_000, lineBytes = 26, memoryMib = 64] = process.argv.slice(2).map(Number);
const MIB = 2 ** 20;
const CHUNK_LINES = 500;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const clock = systemClock();
const memory = new LogMemory(memoryMib * MIB, { log: silentLogger, overflow: new SpillFile(tmpdir()) });
let stored = 0;
const ciServer = {
  sendLines: () => Promise.resolve(),
  uploadLog: async (_id: number, log: AsyncIterable<readonly unknown[]> | Iterable<readonly unknown[]>) => {
    for await (const part of log) {
      stored += part.length;
      await setImmediate();
    }
    return 'stored' as const;
  },
  uploadCard: () => Promise.resolve(),
};

/** One container's log as the API server sends it, in chunks of some 30 KiB. */
async function* stampedLines(): AsyncGenerator<Uint8Array> {
  for (let line = 0; line < lines; line += CHUNK_LINES) {
    await setImmediate();
    const stamp = `${new Date(clock.now()).toISOString().slice(0, -1)}000000Z`;
    const texts = Array.from({ length: Math.min(CHUNK_LINES, lines - line) }, (_, nth) =>
      `${line + nth}`.padStart(lineBytes - 1, '.').slice(1 - lineBytes),
    );
    yield Buffer.from(texts.map((text) => `${stamp} ${text}\n`).join(''));
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
stored = 0;
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
  lines: { written: steps * lines, stored },
};
process.stdout.write(JSON.stringify(figures));
process.exit(0);
