import type { LogLine } from '../pipeline/drone.ts';

/** How much output is kept, in bytes of text. */
export interface OutputLimits {
  readonly stepBytes: number;
  readonly totalBytes: number;
}

/** The last lines of a step's log. */
export interface StepOutput {
  readonly text: string;
  /** Lines before `text` were discarded. */
  readonly isCut: boolean;
}

interface Kept {
  /** Oldest first. Buffers of their own: a string may keep the much larger one alive that it was cut from. */
  readonly chunks: Buffer[];
  bytes: number;
  nextPos: number;
  isCut: boolean;
}

/** The ends of the logs of the latest steps, in bounded memory: of one step the last lines are kept, of all steps the latest ones. */
export class StepOutputs {
  readonly #limits: OutputLimits;
  readonly #steps = new Map<number, Kept>();
  #bytes = 0;

  constructor(limits: OutputLimits) {
    this.#limits = limits;
  }

  /** Bytes that are kept for all steps. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a batch of live lines. Lines of a batch that is sent again are recognized by their positions. */
  add(stepId: number, lines: readonly LogLine[]): void {
    const kept = this.#steps.get(stepId) ?? { chunks: [], bytes: 0, nextPos: 0, isCut: false };
    const unseen = lines.filter(({ pos }) => pos >= kept.nextPos);
    const last = unseen.at(-1);
    if (last === undefined) return;
    this.#steps.set(stepId, kept);
    kept.nextPos = last.pos + 1;
    this.#append(kept, Buffer.from(unseen.map(({ out }) => out).join('')));
    while (kept.bytes > this.#limits.stepBytes) this.#cut(kept);
    this.#evictOthers(stepId);
  }

  /** The last lines of a step; undefined if none are kept. */
  of(stepId: number): StepOutput | undefined {
    const kept = this.#steps.get(stepId);
    return kept && { text: Buffer.concat(kept.chunks).toString(), isCut: kept.isCut };
  }

  delete(stepId: number): void {
    this.#bytes -= this.#steps.get(stepId)?.bytes ?? 0;
    this.#steps.delete(stepId);
  }

  #append(kept: Kept, chunk: Buffer): void {
    kept.chunks.push(chunk);
    kept.bytes += chunk.length;
    this.#bytes += chunk.length;
  }

  /** Removes the oldest chunk, or of the only one its first half, up to the end of a line. */
  #cut(kept: Kept): void {
    const [oldest] = kept.chunks.splice(0, 1);
    if (oldest === undefined) return;
    kept.isCut = true;
    kept.bytes -= oldest.length;
    this.#bytes -= oldest.length;
    if (kept.chunks.length === 0) this.#append(kept, Buffer.from(endOf(oldest, this.#limits.stepBytes / 2)));
  }

  #evictOthers(stepId: number): void {
    for (const other of this.#steps.keys()) {
      if (this.#bytes <= this.#limits.totalBytes) return;
      if (other !== stepId) this.delete(other);
    }
  }
}

const NEWLINE = 0x0a;

/** At most so many bytes of the end, from the beginning of a line if there is one. */
function endOf(chunk: Buffer, bytes: number): Buffer {
  const end = chunk.subarray(Math.max(0, chunk.length - Math.floor(bytes)));
  return end.subarray(end.indexOf(NEWLINE) + 1);
}
