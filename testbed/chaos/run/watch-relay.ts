import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@hangar/shared/clock';
import type { WatchEffect } from '../plan/actions.ts';

const LATE_MS = 1_500;
/** An event waits this long for another one that may overtake it. */
const OVERTAKEN_MS = 1_000;

/** Forwards the events of one watch, line by line, with the effect that is set at that time. */
export class WatchRelay {
  readonly #clock: Clock;
  readonly #response: ServerResponse;
  readonly #effect: () => WatchEffect | undefined;
  #rest = '';
  #isSilent = false;
  /** An event that is sent after the next one. */
  #overtaken: string | undefined;
  /** Late events keep their order: each waits for the one before it. */
  #queue: Promise<void> = Promise.resolve();

  constructor(
    clock: Clock,
    response: ServerResponse,
    answer: IncomingMessage,
    effect: () => WatchEffect | undefined,
  ) {
    this.#clock = clock;
    this.#response = response;
    this.#effect = effect;
    answer.setEncoding('utf8');
    answer.on('data', (text: string) => this.#take(text));
    answer.on('error', () => this.drop());
    answer.on('end', () => {
      if (!this.#isSilent) void this.#queue.then(() => response.end());
    });
  }

  /** Breaks the connection. */
  drop(): void {
    this.#response.destroy();
  }

  /** Forwards nothing more, and keeps the connection open. */
  silence(): void {
    this.#isSilent = true;
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#pass(`${line}\n`);
  }

  #pass(line: string): void {
    const effect = this.#effect();
    if (effect === 'reordered' && this.#overtaken === undefined) {
      this.#overtaken = line;
      this.#clock.after(OVERTAKEN_MS, () => this.#release());
      return;
    }
    const delayMs = effect === 'late' ? LATE_MS : 0;
    const arrivedMs = this.#clock.monotonicMs();
    this.#queue = this.#queue.then(async () => {
      const waitMs = arrivedMs + delayMs - this.#clock.monotonicMs();
      if (waitMs > 0) await this.#clock.sleep(waitMs);
      this.#write(line);
    });
    this.#release();
  }

  #release(): void {
    const line = this.#overtaken;
    this.#overtaken = undefined;
    if (line !== undefined) this.#queue = this.#queue.then(() => this.#write(line));
  }

  #write(line: string): void {
    if (!this.#isSilent && !this.#response.destroyed) this.#response.write(line);
  }
}
