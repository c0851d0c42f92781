import type { ActKind } from './actuator.ts';

/** One act, or one reason why there was none. Times in milliseconds since 1970. */
export interface AuditEntry {
  readonly atMs: number;
  /** Name of the actuator, or `placement POOL`. */
  readonly actor: string;
  readonly kind: ActKind;
  readonly from: number | undefined;
  readonly to: number;
  readonly because: string;
  readonly text: string;
  /** That no engine brings the nodes that are asked for; undefined when one does. */
  readonly trouble?: string;
  /** How many times in a row it came out like this; 1 for each act that was done. */
  readonly times: number;
  readonly lastAtMs: number;
}

/** One act, before repetitions are counted. */
export type AuditedAct = Omit<AuditEntry, 'times' | 'lastAtMs'>;

/** Enough for days: acts are paced, and refusals that go on are one entry. */
const LONGEST = 1_000;

/** The list of acts, newest last, bounded; repetitions of an actor's last entry are counted instead of listed. */
export class AuditTrail {
  readonly #entries: AuditEntry[] = [];
  readonly #last = new Map<string, AuditEntry>();

  /** Newest last. */
  get entries(): readonly AuditEntry[] {
    return [...this.#entries];
  }

  /** @returns whether it is new, so that it is worth an Event */
  record(act: AuditedAct): boolean {
    const last = this.#last.get(act.actor);
    const isNew = last === undefined || act.kind === 'set' || !isSame(last, act);
    const entry: AuditEntry = isNew
      ? { ...act, times: 1, lastAtMs: act.atMs }
      : { ...last, times: last.times + 1, lastAtMs: act.atMs };
    const place = isNew || last === undefined ? -1 : this.#entries.lastIndexOf(last);
    if (place >= 0) this.#entries[place] = entry;
    else this.#entries.push(entry);
    if (this.#entries.length > LONGEST) this.#entries.shift();
    this.#last.set(act.actor, entry);
    return isNew;
  }
}

const isSame = (one: AuditedAct, other: AuditedAct): boolean =>
  one.kind === other.kind &&
  one.from === other.from &&
  one.to === other.to &&
  one.text === other.text &&
  one.trouble === other.trouble;
