import type { WireLine } from './wire.ts';

/** The real server keeps this many lines of a running step for late viewers (drone-rpc §2.7). */
const KEPT_LINES = 5000;

/** Live logs of running steps, in the server's memory only: a restart loses them all. */
export class Streams {
  readonly #lines = new Map<number, WireLine[]>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Creates the stream of a step, or resets it. */
  create(stepId: number): void {
    this.#lines.set(stepId, []);
  }

  /** Takes lines; false if the step has no stream. */
  write(stepId: number, lines: readonly WireLine[]): boolean {
    const kept = this.#lines.get(stepId);
    if (kept === undefined) return false;
    for (const line of lines) kept.push(line);
    if (kept.length > KEPT_LINES) kept.splice(0, kept.length - KEPT_LINES);
    this.#changed();
    return true;
  }

  /** Drops the stream; a missing one is not an error. */
  drop(stepId: number): void {
    this.#lines.delete(stepId);
  }

  /** What a viewer would see now; undefined without a stream. */
  lines(stepId: number): readonly WireLine[] | undefined {
    const kept = this.#lines.get(stepId);
    return kept === undefined ? undefined : [...kept];
  }

  /** Drops all, as a restart does. */
  clear(): void {
    this.#lines.clear();
  }
}
