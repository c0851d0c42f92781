import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import { orAborted } from '@hangar/shared/or-aborted';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
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
import {
  endOf,
  MAX_HEAP_MIB,
  type ProcessOptions,
  processCpuMs,
  startBareProcess,
  usedUp,
} from './bare-process.ts';
import { FairTurns } from './fair-turns.ts';

/** The order to the process: to parse a file, or to find values in one. */
export interface ParseOrder extends PipelineFile {
  readonly wanted?: WantedPlaces;
}

/** The places of values, in the order in which they are wanted. */
type Places = readonly (ErrorPlace | undefined)[];

/** The answer of the process: the manifest or the places, why the file can't be parsed, or the stack of an error of our own code. */
export type ParseReply =
  | { readonly manifest: Manifest; readonly cpuMs: number }
  | { readonly places: Places }
  | { readonly refused: ErrorFields }
  | { readonly defect: string };

type Found = Exclude<ParseReply, { readonly refused: ErrorFields } | { readonly defect: string }>;

/** Maximum size of file and variables that are parsed in this process: starting another one takes longer than parsing a small file. */
const INLINE_CHARS = 16 * 1024;
/** Processes at once. */
const PROCESSES = 1;
/** Limit of the CPU time; the slowest file of 1 MiB takes about a second. */
const CPU_MS = 10_000;
/** Limit by the clock, for a process that waits, and where CPU time is not known. */
const WALL_MS = 60_000;
/** A file that took longer is not read again to find the places of values. */
const CHEAP_MS = 1_000;
/** A node may be at its limit of processes for a moment. */
const STARTING: RetryPolicy = { firstDelayMs: 1_000, maxDelayMs: 4_000, attempts: 5 };

function unexpected(): never {
  throw new Error('the parsing process returned the result of another request');
}

/** Relative to the folder above, so that it is found in the sources and in a bundle. */
const PROGRAM = new URL(`../edges/parse-process${extname(import.meta.url)}`, import.meta.url);

/**
 * Parses large files in a process of their own, one at a time, in fair turns of their owners, so that no file delays the runner's Lease, probes
 * and the stages of other repositories. An error, a lack of memory or a file that takes too long fails only its own stage.
 */
export class IsolatedParser implements PipelineParser {
  readonly #clock: Clock;
  readonly #program: URL;
  readonly #cpuMs: NonNullable<ProcessOptions['cpuMs']>;
  readonly #turns = new FairTurns(PROCESSES);
  /** Files that were expensive to parse. */
  readonly #expensive = new WeakSet<PipelineFile>();

  constructor(clock: Clock, { program = PROGRAM, cpuMs = processCpuMs }: ProcessOptions = {}) {
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
    const work = this.#turns.take(owner, () => this.#inProcess(order, signal));
    return orAborted(work, signal);
  }

  async #inProcess(order: ParseOrder, signal: AbortSignal): Promise<Found> {
    const child = await retry(this.#clock, STARTING, signal, () => startBareProcess(this.#program));
    try {
      const reply = await this.#replyOf(child, order, signal);
      if ('refused' in reply) throw PipelineError.of(reply.refused);
      if ('defect' in reply) throw new Error(`the parsing process failed: ${reply.defect}`);
      return reply;
    } finally {
      child.kill('SIGKILL');
    }
  }

  /** @throws {PipelineError} `pipeline-too-large`, if the process ends without an answer or reaches a limit */
  async #replyOf(child: ChildProcess, order: ParseOrder, signal: AbortSignal): Promise<ParseReply> {
    const over = new AbortController();
    try {
      const limit = { ms: CPU_MS, cpuMs: this.#cpuMs };
      const early = [endOf(child, over.signal), usedUp(this.#clock, child, limit, over.signal)];
      // A process that has ended takes no order; `endOf` says so.
      child.send(order, () => undefined);
      return await withDeadline(this.#clock, { ms: WALL_MS, signal }, async (deadline) => {
        const message = once(child, 'message', { signal: deadline });
        const [reply] = (await Promise.race([message, ...early])) as [ParseReply];
        return reply;
      });
    } catch (error) {
      signal.throwIfAborted();
      throw new PipelineError(
        'pipeline-too-large',
        `the pipeline file needs more than ${CPU_MS / 1_000} s or ${MAX_HEAP_MIB} MiB to parse; split it`,
        { cause: error },
      );
    } finally {
      over.abort();
    }
  }
}

/** Values count as well: a short expression may work through all of a long one. */
function isSmall({ yaml, variables }: PipelineFile): boolean {
  const lengths = Object.entries(variables).map(([name, value]) => name.length + value.length);
  return lengths.reduce((sum, length) => sum + length, yaml.length) <= INLINE_CHARS;
}
