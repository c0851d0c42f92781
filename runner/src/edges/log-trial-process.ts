import { systemClock } from '@hangar/shared/clock';
import { followLog } from '../logs/follow.ts';
import { LogMemory } from '../logs/log-memory.ts';
import { Masks } from '../logs/mask.ts';
import { openStepLog } from '../logs/step-log.ts';
import type { StoredLog } from '../ports/ci-server.ts';
import type { LogSource } from '../ports/log-source.ts';
import type { TrialOrder } from './log-trial.ts';

/** More than one log may have: nothing is written to the disk. */
const MEMORY_BYTES = 1024 * 1024 * 1024;
const LOG = { warn: () => undefined };

/** The log on the standard input, and nothing after it. */
function fromInput(): LogSource {
  const streams: AsyncIterable<Uint8Array>[] = [process.stdin];
  return { open: () => Promise.resolve(streams.shift() ?? nothing()) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Reads a log as the runner does, but stores nothing. */
async function read({ masks, nonce, limitBytes, cards, ...target }: TrialOrder): Promise<void> {
  const { signal } = new AbortController();
  const clock = systemClock();
  const memory = new LogMemory(MEMORY_BYTES, {
    overflow: {
      write: () => Promise.reject(new Error('nothing is written')),
      read: () => Promise.reject(new Error('nothing was written')),
      free: () => undefined,
    },
    log: LOG,
  });
  const ciServer = {
    sendLines: () => Promise.resolve(),
    uploadLog: async (_: number, log: StoredLog): Promise<'stored'> => {
      for await (const lines of log) JSON.stringify(lines);
      return 'stored';
    },
  };
  const options = { stepId: 0, masks: new Masks(masks ?? []), nonce, limitBytes, cards };
  const log = openStepLog({ clock, ciServer, log: LOG, memory }, options);
  const control = { ended: Promise.resolve(), signal, onMark: () => undefined };
  await followLog({ clock, source: fromInput(), random: Math.random }, target, log, control);
  await log.finish(signal);
}

/** Reads one log, says so, and ends. */
process.once('message', (order: TrialOrder) => {
  void read(order).then(() => process.send?.('read', () => process.exit(0)));
});
