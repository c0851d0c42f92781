import type { LogDestination } from '@hangar/shared/logger';

/** One record of the runner's own log. */
export interface LogRecord {
  /** RFC 3339. */
  readonly time: string;
  readonly level: string;
  readonly text: string;
  /** All other fields; `stageId` names the stage that the record is about. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const RECORDS = 250;
/** A longer record is kept without its fields. */
const RECORD_CHARS = 4_096;

/** Passes the runner's log on, and keeps the latest records for the dashboard (previous-runner §7.3). */
export class RecentLog implements LogDestination {
  readonly #next: LogDestination;
  readonly #lines: string[] = [];

  constructor(next: LogDestination) {
    this.#next = next;
  }

  write(line: string): void {
    this.#next.write(line);
    this.#lines.push(line.length <= RECORD_CHARS ? line : shortened(line));
    if (this.#lines.length > RECORDS) this.#lines.shift();
  }

  /** The latest records, oldest first. */
  get records(): readonly LogRecord[] {
    return this.#lines.flatMap((line) => recordOf(line) ?? []);
  }
}

function shortened(line: string): string {
  const record = recordOf(line);
  if (!record) return '';
  const { time, level, text, fields } = record;
  const { stageId } = fields;
  const msg = text.slice(0, RECORD_CHARS);
  return JSON.stringify({ level, time, msg, ...(typeof stageId === 'number' ? { stageId } : {}) });
}

function recordOf(line: string): LogRecord | undefined {
  try {
    const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
    return { time: String(time), level: String(level), text: String(msg), fields };
  } catch {
    return undefined;
  }
}
