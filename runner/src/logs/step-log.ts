import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import type { Logger } from '@hangar/shared/logger';
import type { LogLine } from '../pipeline/drone.ts';
import { type CiServer, CiServerError, TOO_LARGE_FOR_DATABASE } from '../ports/ci-server.ts';
import { CardFinder } from './card.ts';
import type { Card } from './card-text.ts';
import { LiveView, type SendBatch } from './live.ts';
import type { LogMemory } from './log-memory.ts';
import { LogWindow } from './log-window.ts';
import { type GateMark, MarkFinder } from './marks.ts';
import type { MaskStream, Masks } from './mask.ts';
import type { NodeLogPiece, Piece } from './piece.ts';
import { stampMs } from './stamp.ts';
import { PIECE_BYTES } from './timestamped.ts';

/** The dependencies of a step's log. */
export interface StepLogDeps {
  readonly clock: Clock;
  readonly ciServer: Pick<CiServer, 'sendLines' | 'uploadLog'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Shared by the logs of all steps. */
  readonly memory: LogMemory;
}

/** Options of a step's log. */
export interface StepLogOptions {
  readonly stepId: number;
  /** Built once per stage: `new Masks(values)`. */
  readonly masks: Masks;
  /** The Pod's nonce in marks; undefined if no gate runs. */
  readonly nonce?: string | undefined;
  /** Maximum bytes of text that are stored; 5 MiB by default. */
  readonly limitBytes?: number;
  /** The runner's own first lines, without newlines. */
  readonly head?: readonly string[];
  /** Unix milliseconds from which the lines' times count. Default: now, or for an adopted step the time of its first line. */
  readonly openedAtMs?: number;
  /**
   * Unix milliseconds up to which an earlier owner has shown this log live (its last heartbeat): older lines are stored but not
   * sent again, so that none is shown twice.
   */
  readonly shownUntilMs?: number;
  /** `on-demand`: live lines wait for {@link StepLog.goLive}, because the server has no stream yet; default: `at-once`. */
  readonly live?: 'at-once' | 'on-demand';
  /** What the container writes is left out, because it may contain values that must be hidden; the gate's marks are still found. */
  readonly withheld?: boolean;
  /** Whether cards are removed from the log; default: true (DRONE_FLAG_ENABLE_CARDS). */
  readonly cards?: boolean;
}

/**
 * How a log ended. `exists`: the server had one already. `failed` does not fail the step; `refusal`: why it is not stored, absent if another
 * process continues it.
 */
export interface StepLogEnd {
  readonly uploaded: 'stored' | 'exists' | 'failed';
  readonly refusal?: string;
  readonly card?: Card;
}

/** The log of one step, from the container's lines to the upload. */
export interface StepLog {
  /** Takes a record of the container's log; returns the gate's marks in it. After {@link finish} it does nothing. */
  append(record: NodeLogPiece): readonly GateMark[];
  /**
   * Adds a line of the runner (a text with newlines makes several), never within a line of the container. `atMs`: Unix milliseconds of
   * the event that it describes; default: now.
   */
  note(text: string, atMs?: number): void;
  /** Starts to send live lines, since the server knows that the step runs. */
  goLive(): void;
  /** Resolves when that many bytes can be taken. */
  room(bytes: number): Promise<void>;
  /** Drops everything: another process continues this log. */
  drop(): void;
  /**
   * Sends the last live batch (2 s at most), then uploads until the server stores the log or refuses it permanently. Never rejects; a
   * second call returns the result of the first.
   */
  finish(signal: AbortSignal): Promise<StepLogEnd>;
}

const TOO_LARGE = 413;

/** Maximum number of notes that wait for the end of a container's line; more would only be noise. */
const WAITING_NOTES = 100;

/** Opens the log of a step (drone-rpc §5). */
export function openStepLog(deps: StepLogDeps, options: StepLogOptions): StepLog {
  return new LogOfStep(deps, options);
}

class LogOfStep implements StepLog {
  readonly #deps: StepLogDeps;
  readonly #options: StepLogOptions;
  #openedAtMs: number | undefined;
  readonly #marks: MarkFinder | undefined;
  readonly #cards: CardFinder | undefined;
  readonly #masked: MaskStream;
  readonly #window: LogWindow;
  readonly #live: LiveView;
  #pos = 0;
  /** Text of the current line, which is not in the log yet. */
  #line = '';
  /** Whether a line of the container is unfinished. */
  #open = false;
  #notes: { readonly text: string; readonly atMs: number }[] = [];
  #end: Promise<StepLogEnd> | undefined;

  constructor(deps: StepLogDeps, options: StepLogOptions) {
    this.#deps = deps;
    this.#options = options;
    const isAdopted = options.shownUntilMs !== undefined;
    this.#openedAtMs = options.openedAtMs ?? (isAdopted ? undefined : deps.clock.now());
    this.#marks = options.nonce === undefined ? undefined : new MarkFinder(options.nonce);
    this.#cards = options.cards === false ? undefined : new CardFinder();
    this.#masked = options.masks.stream();
    this.#window = new LogWindow(deps.memory, options.limitBytes);
    const send: SendBatch = (lines, signal) => deps.ciServer.sendLines(options.stepId, lines, signal);
    this.#live = new LiveView(deps.clock, { send, memory: deps.memory }, options.live === 'on-demand');
    for (const text of options.head ?? []) this.#ownLines(text, this.#openedAtMs ?? deps.clock.now());
  }

  append(record: NodeLogPiece): readonly GateMark[] {
    if (this.#end) return [];
    if (record.part === 0) this.#closeLine(record.stampNs);
    const { pieces, marks } = this.#marks?.push(record) ?? { pieces: [record], marks: [] };
    for (const piece of this.#options.withheld ? [] : pieces) this.#sift(piece);
    this.#open = !record.ends;
    if (!this.#open) this.#writeNotes();
    return marks;
  }

  note(text: string, atMs = this.#deps.clock.now()): void {
    if (this.#end) return;
    if (!this.#open) this.#ownLines(text, atMs);
    else if (this.#notes.length < WAITING_NOTES) this.#notes.push({ text, atMs });
  }

  goLive(): void {
    this.#live.goLive();
  }

  room(bytes: number): Promise<void> {
    return this.#deps.memory.room(bytes);
  }

  drop(): void {
    this.#end ??= Promise.resolve({ uploaded: 'failed' });
    this.#live.free();
    this.#window.free();
  }

  finish(signal: AbortSignal): Promise<StepLogEnd> {
    this.#end ??= this.#finish(signal);
    return this.#end;
  }

  async #finish(signal: AbortSignal): Promise<StepLogEnd> {
    this.#closeLine(undefined);
    for (const piece of this.#cards?.flush() ?? []) this.#mask(piece);
    this.#endLine(undefined);
    this.#writeNotes();
    await this.#live.close(signal);
    const end = await this.#upload(signal);
    this.#window.free();
    const card = this.#cards?.card(this.#options.masks);
    return card ? { ...end, card } : end;
  }

  /** A line that the node never finished (its rest was rotated away) ends where the next one begins. */
  #closeLine(stampNs: bigint | undefined): void {
    if (!this.#open) return;
    this.append({ text: '', ends: true, stampNs, part: 1 });
  }

  #sift(piece: Piece): void {
    for (const one of this.#cards?.push(piece) ?? [piece]) this.#mask(one);
  }

  #mask(piece: Piece): void {
    for (const one of this.#masked.push(piece)) this.#collect(one);
  }

  #collect(piece: Piece): void {
    if (this.#line !== '' && this.#line.length + piece.text.length > PIECE_BYTES) this.#flushPart(piece);
    this.#line += piece.text;
    if (!piece.ends) return;
    this.#write(`${this.#line}\n`, this.#atMs(piece.stampNs));
    this.#line = '';
  }

  /** A line that is too long becomes several, of which only the last has a newline. */
  #flushPart(piece: Piece): void {
    this.#write(this.#line, this.#atMs(piece.stampNs));
    this.#line = '';
  }

  #endLine(stampNs: bigint | undefined): void {
    for (const piece of this.#masked.push({ text: '', ends: true, stampNs })) this.#line += piece.text;
    if (this.#line !== '') this.#write(`${this.#line}\n`, this.#atMs(stampNs));
    this.#line = '';
  }

  #writeNotes(): void {
    const notes = this.#notes;
    this.#notes = [];
    for (const { text, atMs } of notes) this.#ownLines(text, atMs);
  }

  #ownLines(text: string, atMs: number): void {
    for (const line of text.split('\n')) this.#write(`${this.#options.masks.text(line)}\n`, atMs);
  }

  #write(out: string, atMs: number): void {
    this.#openedAtMs ??= atMs;
    const time = Math.max(0, Math.floor((atMs - this.#openedAtMs) / 1000));
    const line: LogLine = { pos: this.#pos++, out, time };
    this.#window.push(line);
    if (atMs >= (this.#options.shownUntilMs ?? 0)) this.#live.push(line);
  }

  /** The node's time, but never later than the runner's nor before the step's start: the node's clock may be wrong. */
  #atMs(stampNs: bigint | undefined): number {
    const nowMs = this.#deps.clock.now();
    return stampNs === undefined ? nowMs : Math.max(this.#openedAtMs ?? 0, Math.min(nowMs, stampMs(stampNs)));
  }

  async #upload(signal: AbortSignal): Promise<StepLogEnd> {
    if (signal.aborted) return { uploaded: 'failed' };
    try {
      return { uploaded: await this.#deps.ciServer.uploadLog(this.#options.stepId, this.#window, signal) };
    } catch (error) {
      if (signal.aborted) return { uploaded: 'failed' };
      return isTooLarge(error) && this.#window.shorten() ? this.#upload(signal) : this.#failed(error);
    }
  }

  #failed(error: unknown): StepLogEnd {
    this.#deps.log.warn(
      { stepId: this.#options.stepId, error: String(error) },
      'the Drone server refused the log of a step permanently; the result of the step is not affected',
    );
    return { uploaded: 'failed', refusal: errorText(error) };
  }
}

const isTooLarge = (error: unknown): boolean =>
  error instanceof CiServerError &&
  (error.status === TOO_LARGE || TOO_LARGE_FOR_DATABASE.test(error.message));
