import { once } from 'node:events';
import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import { orAborted } from '@hangar/shared/or-aborted';
import { startThread } from '@hangar/shared/thread';
import { parseManifest } from '../parse/manifest.ts';
import {
  type PipelineFile,
  type PipelineParser,
  substitutedText,
  type WantedPlaces,
} from '../parse/pipeline-file.ts';
import { valuePlaces } from '../parse/value-places.ts';
import type { Manifest } from '../pipeline/pipeline.ts';
import { type ErrorFields, type ErrorPlace, PipelineError } from '../pipeline/pipeline-error.ts';
import { FairTurns } from './fair-turns.ts';

/** The order to the thread: to parse a file, or to find values in one. */
export interface ParseOrder extends PipelineFile {
  readonly wanted?: WantedPlaces;
}

/** The places of values, in the order in which they are wanted. */
type Places = readonly (ErrorPlace | undefined)[];

/** The answer of the thread: the manifest or the places, or why the file can't be parsed. */
export type ParseReply =
  | { readonly manifest: Manifest; readonly cpuMs: number }
  | { readonly places: Places }
  | { readonly refused: ErrorFields };

type Found = Exclude<ParseReply, { readonly refused: ErrorFields }>;

/** Maximum size of file and variables that are parsed without a thread: starting a thread takes longer than parsing a small file. */
const INLINE_CHARS = 16 * 1024;
/**
 * Threads at once. With two of them V8 once ended the whole process in a test run ("Check failed: jit_page.has_value()"): its record of the pages
 * with compiled code is shared by all threads of a process (https://github.com/nodejs/node/issues/64500).
 */
const THREADS = 1;
const MAX_HEAP_MIB = 256;
/** Limit of the thread's CPU time, so that other load refuses no file; the slowest file of 1 MiB takes about a second. */
const CPU_MS = 10_000;
/** A thread that ends neither this way nor that. */
const WALL_MS = 60_000;
const LOOK_MS = 500;
/** A file that took longer is not read again to find the places of values. */
const CHEAP_MS = 1_000;

function unexpected(): never {
  throw new Error('the parsing thread answered another question');
}

/** Relative to the folder above, so that it is found in the sources and in a bundle. */
const PROGRAM = new URL(`../edges/parse-thread${extname(import.meta.url)}`, import.meta.url);

/** How threads are started and measured; for tests. */
export interface ThreadOptions {
  /** Another program of the thread. */
  readonly program?: URL;
  /** CPU time that a thread has used, in milliseconds. */
  readonly cpuMs?: (worker: Worker) => Promise<number>;
}

/** A thread answers also in the midst of JavaScript that never ends, but not within a long call of the engine. */
async function cpuMsOf(worker: Worker): Promise<number> {
  const { user, system } = await worker.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * Parses large files in a thread of their own, one at a time, in fair turns of their owners, so that no file delays the runner's Lease, probes
 * and the stages of other repositories. An error, a lack of memory or a file that takes too long fails only its own stage.
 */
export class ThreadedParser implements PipelineParser {
  readonly #clock: Clock;
  readonly #program: URL;
  readonly #cpuMs: NonNullable<ThreadOptions['cpuMs']>;
  readonly #turns = new FairTurns(THREADS);
  /** Files that were expensive to parse. */
  readonly #expensive = new WeakSet<PipelineFile>();

  constructor(clock: Clock, { program = PROGRAM, cpuMs = cpuMsOf }: ThreadOptions = {}) {
    this.#clock = clock;
    this.#program = program;
    this.#cpuMs = cpuMs;
  }

  async parse(file: PipelineFile, signal: AbortSignal): Promise<Manifest> {
    signal.throwIfAborted();
    if (isSmall(file)) {
      const text = substitutedText(file);
      if (text.length <= INLINE_CHARS) return parseManifest(text);
    }
    const reply = await this.#inTurn(file, file, signal);
    if (!('manifest' in reply)) return unexpected();
    if (reply.cpuMs > CHEAP_MS) this.#expensive.add(file);
    return reply.manifest;
  }

  async places(file: PipelineFile, wanted: WantedPlaces, signal: AbortSignal): Promise<Places> {
    signal.throwIfAborted();
    if (this.#expensive.has(file)) return [];
    if (isSmall(file) && substitutedText(file).length <= INLINE_CHARS) return valuePlaces(file, wanted);
    const reply = await this.#inTurn(file, { ...file, wanted }, signal);
    return 'places' in reply ? reply.places : unexpected();
  }

  #inTurn({ owner }: PipelineFile, order: ParseOrder, signal: AbortSignal): Promise<Found> {
    const work = this.#turns.take(owner, () => this.#inThread(order, signal));
    return orAborted(work, signal);
  }

  async #inThread(order: ParseOrder, signal: AbortSignal): Promise<Found> {
    signal.throwIfAborted();
    const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MIB };
    const worker = startThread(this.#program, { workerData: order, resourceLimits });
    try {
      const [reply] = (await withDeadline(this.#clock, { ms: WALL_MS, signal }, (limit) =>
        Promise.race([once(worker, 'message', { signal: limit }), this.#used(worker, limit)]),
      )) as [ParseReply];
      if ('refused' in reply) throw PipelineError.of(reply.refused);
      return reply;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PipelineError) throw error;
      throw new PipelineError(
        'pipeline-too-large',
        `the pipeline file needs more than ${CPU_MS / 1_000} s or ${MAX_HEAP_MIB} MiB to parse; split it`,
        { cause: error },
      );
    } finally {
      await worker.terminate();
    }
  }

  /** Rejects once the thread has used up its CPU time. Time for which it doesn't answer counts in full: it is within a call of the engine. */
  async #used(worker: Worker, limit: AbortSignal): Promise<never> {
    let known = { cpuMs: 0, atMs: this.#clock.monotonicMs() };
    const look = async (): Promise<void> => {
      // A thread that isn't running yet uses none.
      const cpuMs = await this.#cpuMs(worker).catch(() => known.cpuMs);
      known = { cpuMs, atMs: this.#clock.monotonicMs() };
    };
    while (known.cpuMs + this.#clock.monotonicMs() - known.atMs <= CPU_MS) {
      void look();
      await this.#clock.sleep(LOOK_MS, limit);
      limit.throwIfAborted();
    }
    throw new Error('the CPU time of the thread is used up');
  }
}

/** Values count as well: a short expression may work through all of a long one. */
function isSmall({ yaml, variables }: PipelineFile): boolean {
  const lengths = Object.entries(variables).map(([name, value]) => name.length + value.length);
  return lengths.reduce((sum, length) => sum + length, yaml.length) <= INLINE_CHARS;
}
