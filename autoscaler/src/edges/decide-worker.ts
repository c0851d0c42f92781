import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { Clock } from '@hangar/shared/clock';
import { startThread } from '@hangar/shared/thread';
import type { DecideOptions } from '../decide/decide.ts';
import type { Decider } from '../decide/decider.ts';
import type { Recommendation } from '../decide/recommendation.ts';
import type { CapacitySnapshot } from '../decide/snapshot.ts';

/** A request to the thread. */
export interface DecideRequest {
  readonly id: number;
  readonly snapshot: CapacitySnapshot;
}

/** A reply of the thread; `problem` is an error message. */
export type DecideReply =
  | { readonly id: number; readonly recommendation: Recommendation }
  | { readonly id: number; readonly problem: string };

/** Settings of a {@link DecideWorker}. */
export interface DecideWorkerOptions {
  readonly decide: DecideOptions;
  /** A decision that takes longer is aborted, together with the thread. */
  readonly timeoutMs: number;
  /** Another program, for tests. */
  readonly program?: URL;
}

/** Memory limit of the thread: 5,000 nodes and 50,000 Pods need a tenth of it. */
const MOST_MIB = 256;

/** Relative to the folder above, so that it is found in the sources and in a bundle. */
const PROGRAM = new URL(`../edges/decide-thread${extname(import.meta.url)}`, import.meta.url);

/**
 * Decides in a long-lived thread, so that probes and pages are answered meanwhile. When a thread dies or hangs, the tick that waits
 * for it fails; the next tick gets a new thread.
 */
export class DecideWorker implements Decider {
  readonly #clock: Clock;
  readonly #options: DecideWorkerOptions;
  #worker: Worker | undefined;
  #asked = 0;

  constructor(clock: Clock, options: DecideWorkerOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  async decide(snapshot: CapacitySnapshot, signal: AbortSignal): Promise<Recommendation> {
    signal.throwIfAborted();
    this.#asked += 1;
    const request: DecideRequest = { id: this.#asked, snapshot };
    const worker = (this.#worker ??= this.#begin());
    try {
      return await this.#answer(worker, request, signal);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends the thread; the next decision starts another. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #begin(): Worker {
    const { shapes, daemonSets, buffer, rails, floors, money, poolOrder, objectiveMs, tickMs, seed } =
      this.#options.decide;
    const workerData: DecideOptions = {
      shapes,
      daemonSets,
      buffer,
      rails,
      floors,
      money,
      poolOrder,
      objectiveMs,
      tickMs,
      seed,
    };
    const limits = { maxOldGenerationSizeMb: MOST_MIB };
    const worker = startThread(this.#options.program ?? PROGRAM, { workerData, resourceLimits: limits });
    worker.unref();
    // A thread may die between two requests: the next request starts another.
    worker.on('error', () => this.#lost(worker));
    worker.on('exit', () => this.#lost(worker));
    return worker;
  }

  #lost(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
  }

  #answer(worker: Worker, request: DecideRequest, signal: AbortSignal): Promise<Recommendation> {
    const { promise, resolve, reject } = Promise.withResolvers<Recommendation>();
    const onMessage = (reply: DecideReply): void => {
      if (reply.id !== request.id) return;
      if ('problem' in reply) reject(new Error(`${reply.problem}; please report this`));
      else resolve(reply.recommendation);
    };
    const onError = (error: Error): void =>
      reject(new Error(`the worker thread failed: ${error.message}; the next tick starts a new one`));
    const onExit = (code: number): void => onError(new Error(`it ended with code ${code}`));
    const onAbort = (): void => reject(signal.reason as Error);
    const { timeoutMs } = this.#options;
    const onLate = (): void =>
      onError(new Error(`no answer within ${timeoutMs / 1000} s. Check whether this process has enough CPU`));
    const callOff = this.#clock.after(timeoutMs, onLate);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal.addEventListener('abort', onAbort, { once: true });
    worker.postMessage(request);
    return promise.finally(() => {
      callOff();
      signal.removeEventListener('abort', onAbort);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    });
  }
}
