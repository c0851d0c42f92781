import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatSpan } from '@hangar/shared/span';
import type { Running } from '../kubelet/process-group.ts';
import type { ServiceCheck, StepFile } from './stage-files.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
const REQUEST_LIMIT_MS = 2_000;
const PROGRAM_LIMIT_MS = 10_000;
/** A longer timer of Node.js ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a limit calls. */
export interface LimitCalls {
  /** Starts a check that is a program; its output is discarded. */
  readonly start: (argv: readonly string[]) => Promise<Running>;
  readonly ready: () => void;
  readonly late: () => void;
}

/** The time that one run of a program has: its `timeout`, or that of `ready` until a check succeeds. */
export class Limit {
  /** The word of its end if its time was over, and why, for the log; undefined: it was not. */
  late: { readonly decision: 'timed-out' | 'unready'; readonly text: string } | undefined;
  isReady = false;
  readonly #calls: LimitCalls;
  readonly #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor({ timeoutMs, ready }: StepFile, calls: LimitCalls) {
    this.#calls = calls;
    if (ready !== undefined)
      this.#timer = this.#after(ready.timeoutMs, {
        decision: 'unready',
        text: `the service was not ready within ${formatSpan(ready.timeoutMs)}`,
      });
    else if (timeoutMs !== undefined)
      this.#timer = this.#after(timeoutMs, {
        decision: 'timed-out',
        text: `the step exceeded its timeout of ${formatSpan(timeoutMs)}, and was stopped`,
      });
    if (ready !== undefined) void this.#check(ready);
  }

  /** The program has ended, or is stopped for another reason. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #after(ms: number, late: NonNullable<Limit['late']>): NodeJS.Timeout {
    const pass = (): void => {
      this.close();
      this.late = late;
      this.#calls.late();
    };
    return setTimeout(pass, Math.min(ms, LONGEST_TIMER_MS));
  }

  async #check(ready: ServiceCheck): Promise<void> {
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !this.#isClosed;
      pauseMs = Math.min(pauseMs * 1.25, LONGEST_PAUSE_MS)
    ) {
      const succeeds = await succeedsAt(ready, this.#calls.start);
      if (this.#isClosed) return;
      if (succeeds) {
        this.close();
        this.isReady = true;
        return this.#calls.ready();
      }
      await sleep(pauseMs);
    }
  }
}

async function succeedsAt(ready: ServiceCheck, start: LimitCalls['start']): Promise<boolean> {
  if ('tcp' in ready) return (await accepts('127.0.0.1', ready.tcp)) || accepts('::1', ready.tcp);
  if ('http' in ready) return answers(`http://127.0.0.1:${ready.http.port}${ready.http.path}`);
  return runs(() => start(ready.exec));
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: REQUEST_LIMIT_MS });
    const end = (succeeds: boolean): void => {
      socket.destroy();
      resolve(succeeds);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    const { status, body } = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    await body?.cancel();
    return status >= 200 && status < 400;
  } catch {
    return false;
  }
}

async function runs(start: () => Promise<Running>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const program = await start();
    timer = setTimeout(() => program.signal('SIGKILL'), PROGRAM_LIMIT_MS);
    return (await program.ended).code === 0;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
