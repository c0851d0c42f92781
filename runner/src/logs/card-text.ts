import { parseJson } from '@hangar/shared/json';
import { ObjectScan, type ObjectState } from './object-scan.ts';

/** A card that a step printed, as it is sent to the server (drone-rpc §2.9). `data` is any JSON value. */
export interface Card {
  readonly schema: string;
  readonly data: unknown;
}

/** Maximum size of a card in base64; longer text is returned to the log. Usual cards have a few KiB. */
export const LONGEST_CARD = 1024 * 1024;
/** The unit of base64 characters that encode whole bytes. */
const QUANTUM = 4;

/** Reads the payloads between card marks: each is a whole card or one of several parts of a card. */
export class CardReader {
  /** The parts so far of a card that is not complete. */
  #parts: CardText | undefined;
  /** Number of characters read, with repetitions. */
  touched = 0;

  /** Returns the card that this payload is or completes. */
  read(payload: string): Card | undefined {
    const alone = new CardText();
    alone.add(payload);
    this.#parts?.add(payload);
    const card = alone.card() ?? this.#parts?.card();
    this.touched += payload.length + (this.#parts ? payload.length : 0);
    if (card) this.#parts = undefined;
    else if (this.#parts?.state !== 'open') this.#parts = alone.state === 'open' ? alone : undefined;
    return card;
  }
}

/** Base64 that may be a card: decoded part by part, and parsed once, when its JSON object has ended. */
class CardText {
  readonly #payloads: string[] = [];
  readonly #scan = new ObjectScan();
  #length = 0;
  /** Characters at the end that are too few to decode. */
  #rest = '';
  state: ObjectState = 'open';

  add(payload: string): void {
    if (this.state === 'none') return;
    this.#payloads.push(payload);
    this.#length += payload.length;
    const text = this.#rest + payload;
    const end = payload.endsWith('=') ? text.length : text.length - (text.length % QUANTUM);
    this.#rest = text.slice(end);
    this.#scan.push(decoded(text.slice(0, end)));
    const whole = this.#scan.copy();
    whole.push(decoded(this.#rest));
    this.state = this.#length > LONGEST_CARD ? 'none' : whole.state === 'whole' ? 'whole' : this.#scan.state;
  }

  /** The card, if the object has ended and is a valid card. */
  card(): Card | undefined {
    if (this.state !== 'whole') return undefined;
    const value = parseJson(decoded(this.#payloads.join('')).toString());
    if (isCard(value)) return value;
    this.state = 'none';
    return undefined;
  }
}

const decoded = (base64: string): Buffer => Buffer.from(base64, 'base64');

function isCard(value: unknown): value is Card {
  return (
    typeof value === 'object' &&
    value !== null &&
    'schema' in value &&
    typeof value.schema === 'string' &&
    'data' in value
  );
}
