import { once } from 'node:events';
import { extname } from 'node:path';
import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
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

/** The order to the thread: to parse a file, or to find values in one. */
export interface ParseOrder extends PipelineFile {
  readonly wanted?: WantedPlaces;
}

/** The places of values, in the order in which they are wanted. */
type Places = readonly (ErrorPlace | undefined)[];

/** The answer of the thread: the manifest or the places, or why the file can't be parsed. */
export type ParseReply =
  | { readonly manifest: Manifest }
  | { readonly places: Places }
  | { readonly refused: ErrorFields };

/** Maximum size of a file that is parsed without a thread: starting a thread takes longer than parsing a small file. */
const INLINE_CHARS = 16 * 1024;
/** Time limit; the slowest file of 1 MiB takes about a second. */
const PARSE_MS = 10_000;
const MAX_HEAP_MIB = 512;

function unexpected(): never {
  throw new Error('the parsing thread answered another question');
}

/** Relative to the folder above, so that it is found in the sources and in a bundle. */
const PROGRAM = new URL(`../edges/parse-thread${extname(import.meta.url)}`, import.meta.url);

/**
 * Parses large files in a thread of their own, one at a time, so that no file delays the runner's Lease, probes and other stages. An error,
 * a lack of memory or a file that takes too long fails only its own stage.
 */
export class ThreadedParser implements PipelineParser {
  readonly #clock: Clock;
  readonly #program: URL;
  #last: Promise<unknown> = Promise.resolve();

  /** @param program another program of the thread, for tests */
  constructor(clock: Clock, program: URL = PROGRAM) {
    this.#clock = clock;
    this.#program = program;
  }

  async parse(file: PipelineFile, signal: AbortSignal): Promise<Manifest> {
    signal.throwIfAborted();
    if (file.yaml.length <= INLINE_CHARS) {
      const text = substitutedText(file);
      if (text.length <= INLINE_CHARS) return parseManifest(text);
    }
    const reply = await this.#queued(file, signal);
    return 'manifest' in reply ? reply.manifest : unexpected();
  }

  async places(file: PipelineFile, wanted: WantedPlaces, signal: AbortSignal): Promise<Places> {
    signal.throwIfAborted();
    if (file.yaml.length <= INLINE_CHARS && substitutedText(file).length <= INLINE_CHARS)
      return valuePlaces(file, wanted);
    const reply = await this.#queued({ ...file, wanted }, signal);
    return 'places' in reply ? reply.places : unexpected();
  }

  #queued(order: ParseOrder, signal: AbortSignal): Promise<Exclude<ParseReply, { refused: ErrorFields }>> {
    const mine = this.#last.then(() => this.#inThread(order, signal));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #inThread(
    order: ParseOrder,
    signal: AbortSignal,
  ): Promise<Exclude<ParseReply, { refused: ErrorFields }>> {
    signal.throwIfAborted();
    const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MIB };
    const worker = startThread(this.#program, { workerData: order, resourceLimits });
    try {
      const [reply] = (await withDeadline(this.#clock, { ms: PARSE_MS, signal }, (limit) =>
        once(worker, 'message', { signal: limit }),
      )) as [ParseReply];
      if ('refused' in reply) throw PipelineError.of(reply.refused);
      return reply;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PipelineError) throw error;
      throw new PipelineError(
        'pipeline-too-large',
        `the pipeline file needs more than ${PARSE_MS / 1_000} s or ${MAX_HEAP_MIB} MiB to parse; split it`,
        { cause: error },
      );
    } finally {
      await worker.terminate();
    }
  }
}
