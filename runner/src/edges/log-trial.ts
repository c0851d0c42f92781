import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { Backoff, type BackoffPolicy } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import { orLate } from '@hangar/shared/deadline';
import { orAborted } from '@hangar/shared/or-aborted';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import { type LogSource, LogSourceError } from '../ports/log-source.ts';
import type { LogTrial, TriedLog } from '../ports/log-trial.ts';
import { endOf, type ProcessOptions, processCpuMs, startBareProcess, usedUp } from './bare-process.ts';
import { FairTurns } from './fair-turns.ts';

/** The dependencies of trials, and the settings with which logs are read. */
export interface LogTrialParts {
  readonly clock: Clock;
  readonly source: LogSource;
  /** Maximum bytes of text that are stored. */
  readonly limitBytes: number;
  /** Whether cards are removed from logs. */
  readonly cards: boolean;
}

/** The order to the process, which then reads the log from its standard input. */
export type TrialOrder = TriedLog & Pick<LogTrialParts, 'limitBytes' | 'cards'>;

/** `unread`: the log could not be read to its end, which says nothing about it. */
type Outcome = 'read' | 'died' | 'unread';

/** Processes at once. */
const PROCESSES = 1;
/** A process that another cause has ended is no proof. */
const DEATHS = 2;
/** Limit of the CPU time for one chunk of a log. */
const CPU_MS = 10_000;
/** The log of an ended container comes at once, and a process answers soon after the last byte. */
const SILENCE_MS = 60_000;
/** A node may be at its limit of processes for a moment. */
const STARTING: RetryPolicy = { firstDelayMs: 1_000, maxDelayMs: 4_000, attempts: 5 };
const PAUSES: BackoffPolicy = { firstDelayMs: 500, maxDelayMs: 30_000 };
/** Relative to the folder above, so that it is found in the sources and in a bundle. */
const PROGRAM = new URL(`../edges/log-trial-process${extname(import.meta.url)}`, import.meta.url);

/** Lets another process read a log first, with all that reads and masks the logs of this one: only that process ends, if any. */
export class ProcessLogTrial implements LogTrial {
  readonly #parts: LogTrialParts;
  readonly #options: Required<ProcessOptions>;
  readonly #turns = new FairTurns(PROCESSES);

  constructor(parts: LogTrialParts, { program = PROGRAM, cpuMs = processCpuMs }: ProcessOptions = {}) {
    this.#parts = parts;
    this.#options = { program, cpuMs };
  }

  async isHarmless(log: TriedLog, signal: AbortSignal): Promise<boolean> {
    const pauses = new Backoff(this.#parts.clock, PAUSES);
    for (let deaths = 0; deaths < DEATHS; ) {
      const turn = this.#turns.take(log.pod, () => this.#outcomeOf(log, signal));
      const outcome = await orAborted(turn, signal);
      if (outcome === 'read') return true;
      if (outcome === 'died') deaths += 1;
      else await pauses.pause(signal);
    }
    return false;
  }

  async #outcomeOf(log: TriedLog, signal: AbortSignal): Promise<Outcome> {
    signal.throwIfAborted();
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    try {
      const { clock, source } = this.#parts;
      const bytes = await source.open({ ...log, signal: until });
      const start = (): Promise<ChildProcess> => startBareProcess(this.#options.program, 'open');
      const child = await retry(clock, STARTING, signal, start);
      try {
        return await orAborted(this.#fed(child, { log, bytes }, until), signal);
      } finally {
        child.kill('SIGKILL');
      }
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof LogSourceError && error.refusal !== 'unavailable' ? 'read' : 'unread';
    } finally {
      over.abort();
    }
  }

  async #fed(
    child: ChildProcess,
    { log, bytes }: { readonly log: TriedLog; readonly bytes: AsyncIterable<Uint8Array> },
    until: AbortSignal,
  ): Promise<Outcome> {
    const { clock, limitBytes, cards } = this.#parts;
    const { cpuMs } = this.#options;
    let chunks = 0;
    const limit = { ms: CPU_MS, cpuMs, progress: () => chunks };
    const died = Promise.race([endOf(child, until), usedUp(clock, child, limit, until)]).catch(
      (): Outcome => 'died',
    );
    const read = once(child, 'message', { signal: until }).then((): Outcome => 'read');
    const { namespace, pod, container, nonce, masks } = log;
    const order: TrialOrder = { namespace, pod, container, nonce, masks, limitBytes, cards };
    // A process that has ended takes neither an order nor bytes; `died` says so.
    child.send(order, () => undefined);
    child.stdin?.on('error', () => undefined);
    const isWhole = this.#pass(bytes, child, () => (chunks += 1), until).catch(() => died.then(() => true));
    const left = isWhole.then(async (is): Promise<Outcome> => {
      if (!is) return 'unread';
      const answer = await orLate(clock, SILENCE_MS, Promise.race([read, died]), until);
      return answer === 'late' ? 'died' : answer;
    });
    return Promise.race([read, died, left]);
  }

  /** @returns whether the log was read to its end. Rejects when the process takes no more of it. */
  async #pass(
    bytes: AsyncIterable<Uint8Array>,
    { stdin }: ChildProcess,
    passed: () => void,
    until: AbortSignal,
  ): Promise<boolean> {
    const chunks = bytes[Symbol.asyncIterator]();
    for (;;) {
      const next = await orLate(this.#parts.clock, SILENCE_MS, chunks.next(), until).catch(
        () => 'late' as const,
      );
      if (next === 'late') return false;
      if (next.done) break;
      if (stdin?.write(next.value) === false) await once(stdin, 'drain');
      passed();
    }
    stdin?.end();
    return true;
  }
}
