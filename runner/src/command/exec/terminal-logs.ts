import type { Clock } from '@hangar/shared/clock';
import { CardFinder } from '../../logs/card.ts';
import { followLog } from '../../logs/follow.ts';
import { type GateMark, MarkFinder } from '../../logs/marks.ts';
import { type MaskStream, Masks } from '../../logs/mask.ts';
import type { NodeLogPiece, Piece } from '../../logs/piece.ts';
import { PIECE_BYTES } from '../../logs/timestamped.ts';
import type { LogSource } from '../../ports/log-source.ts';
import type {
  FinishedLog,
  Following,
  LogOrder,
  Mark,
  StepLogStream,
  StepLogs,
} from '../../ports/step-logs.ts';
import type { Screen } from './screen.ts';
import type { Turns } from './turns.ts';

/** Dependencies that the logs of all steps share. */
export interface TerminalLogsParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly source: LogSource;
  readonly screen: Pick<Screen, 'line' | 'note'>;
  readonly turns: Turns;
  /** Called for the gates' marks, which have the exact start and end of a step. */
  onMark(stepId: number, mark: Mark): void;
}

/** Logs that are printed line by line, filtered as for the server: marks and cards removed, secrets masked. */
export function terminalLogs(parts: TerminalLogsParts): StepLogs {
  return { open: (order) => new TerminalLog(parts, order) };
}

class TerminalLog implements StepLogStream {
  readonly #parts: TerminalLogsParts;
  readonly #order: LogOrder;
  readonly #masks: Masks;
  readonly #masked: MaskStream;
  readonly #marks: MarkFinder | undefined;
  readonly #cards = new CardFinder();
  /** Whoever looks at a terminal decides how long to wait. */
  readonly isOutOfReach = false;
  #line = '';
  /** The container's last line is unfinished. */
  #open = false;
  #finished = false;

  constructor(parts: TerminalLogsParts, order: LogOrder) {
    this.#parts = parts;
    this.#order = order;
    this.#masks = new Masks(order.masks ?? []);
    this.#masked = this.#masks.stream();
    parts.turns.open(order.stepId);
    this.#marks = order.nonce === undefined ? undefined : new MarkFinder(order.nonce);
  }

  note(text: string): void {
    const { screen, turns } = this.#parts;
    const { stepId, stepName } = this.#order;
    for (const line of this.#masks.text(text).split('\n'))
      turns.show(stepId, () => screen.note(stepName, line));
  }

  goLive(): void {
    // A terminal is live from the beginning.
  }

  async follow(following: Following): Promise<void> {
    const onMark = (mark: Mark): void => {
      this.#parts.onMark(this.#order.stepId, mark);
      following.onMark(mark);
    };
    const sink = {
      append: (record: NodeLogPiece) => this.#append(record),
      note: (text: string) => this.note(text),
    };
    await followLog(this.#parts, this.#order, sink, { ...following, onMark });
  }

  finish(): Promise<FinishedLog> {
    if (!this.#finished) this.#end();
    this.#finished = true;
    this.#parts.turns.finish(this.#order.stepId);
    return Promise.resolve({ schema: this.#cards.card(this.#masks)?.schema ?? '', refused: '' });
  }

  #end(): void {
    this.#closeLine();
    for (const piece of this.#cards.flush()) this.#mask(piece);
    for (const piece of this.#masked.push({ text: '', ends: true, stampNs: undefined }))
      this.#line += piece.text;
    if (this.#line !== '') this.#print();
  }

  #append(record: NodeLogPiece): readonly GateMark[] {
    if (this.#finished) return [];
    if (record.part === 0) this.#closeLine();
    const { pieces, marks } = this.#marks?.push(record) ?? { pieces: [record], marks: [] };
    for (const piece of pieces) for (const one of this.#cards.push(piece)) this.#mask(one);
    this.#open = !record.ends;
    return marks;
  }

  /** A line that the node never finished ends where the next one starts. */
  #closeLine(): void {
    if (this.#open) this.#append({ text: '', ends: true, stampNs: undefined, part: 1 });
  }

  #mask(piece: Piece): void {
    for (const { text, ends } of this.#masked.push(piece)) {
      if (this.#line !== '' && this.#line.length + text.length > PIECE_BYTES) this.#print();
      this.#line += text;
      if (ends) this.#print();
    }
  }

  #print(): void {
    const { screen, turns } = this.#parts;
    const { stepId, stepName } = this.#order;
    const text = this.#line;
    this.#line = '';
    turns.show(stepId, () => screen.line(stepName, text));
  }
}
