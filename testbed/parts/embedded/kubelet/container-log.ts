import type { LogOptions, LogSink } from '../http/pod-log.ts';

type ReadOptions = Omit<LogOptions, 'container' | 'previous'>;

export type OutputStream = 'stdout' | 'stderr';

/** One entry as containerd writes it: a line with its end, or a part of a line without. */
interface LogEntry {
  readonly stampNs: bigint;
  readonly text: Buffer;
}

/** containerd cuts lines at this length into parts. */
const LONGEST_LINE_BYTES = 16 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NS_PER_MS = 1_000_000n;

/** The log of one run of a container: entries with time stamps, the oldest dropped above a size, as rotation does. */
export class ContainerLog {
  private readonly nowMs: () => number;
  private readonly limitBytes: number;
  private readonly pending: Record<OutputStream, Buffer> = { stdout: Buffer.of(), stderr: Buffer.of() };
  private readonly followers = new Set<{ onEntry: (entry: LogEntry) => void; onEnd: () => void }>();
  private entries: LogEntry[] = [];
  private bytes = 0;
  private lastNs = 0n;
  private ended = false;

  constructor(nowMs: () => number, limitBytes: number) {
    this.nowMs = nowMs;
    this.limitBytes = limitBytes;
  }

  /** Takes what the process wrote; complete lines become entries at once. */
  append(stream: OutputStream, chunk: Buffer): void {
    let rest = Buffer.concat([this.pending[stream], chunk]);
    for (let length = entryLength(rest); length > 0; length = entryLength(rest)) {
      this.write(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    this.pending[stream] = rest;
  }

  /** The process has ended: unfinished lines are written without a newline. */
  end(): void {
    for (const rest of Object.values(this.pending)) if (rest.length > 0) this.write(rest);
    this.ended = true;
    for (const follower of [...this.followers]) follower.onEnd();
    this.followers.clear();
  }

  /** Writes the existing log, and with `follow` continues until the run ends; returns a stop function. */
  read(options: ReadOptions, sink: LogSink): () => void {
    const writer = new LogWriter(options, sink);
    const { tailLines } = options;
    const shown =
      tailLines === undefined ? this.entries : tailLines === 0 ? [] : this.entries.slice(-tailLines);
    for (const entry of shown) writer.write(entry);
    if (!options.follow || this.ended || writer.isFull) {
      sink.end();
      return () => undefined;
    }
    const follower = {
      onEntry: (entry: LogEntry): void => {
        writer.write(entry);
        if (!writer.isFull) return;
        this.followers.delete(follower);
        sink.end();
      },
      onEnd: (): void => sink.end(),
    };
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  /** The last lines as text, for termination messages that fall back to the log. */
  tail(limitBytes: number): string {
    return Buffer.concat(this.entries.slice(-80).map(({ text }) => text))
      .subarray(-limitBytes)
      .toString('utf8');
  }

  private write(bytes: Buffer): void {
    const text = withoutReturn(bytes);
    const entry = { stampNs: this.nextStamp(), text };
    this.entries.push(entry);
    this.bytes += text.length;
    this.rotate();
    for (const follower of [...this.followers]) follower.onEntry(entry);
  }

  private rotate(): void {
    let dropped = 0;
    while (this.bytes > this.limitBytes && dropped < this.entries.length - 1) {
      this.bytes -= this.entries[dropped]?.text.length ?? 0;
      dropped += 1;
    }
    if (dropped > 0) this.entries = this.entries.slice(dropped);
  }

  /** Stamps only grow, as those of a machine with a fine clock do. */
  private nextStamp(): bigint {
    const now = BigInt(Math.floor(this.nowMs())) * NS_PER_MS;
    this.lastNs = now > this.lastNs ? now : this.lastNs + 1n;
    return this.lastNs;
  }
}

/** Bytes of the first entry: a whole line, or a part of a long one; 0 while there is neither. */
function entryLength(bytes: Buffer): number {
  const at = bytes.indexOf(NEWLINE);
  if (at >= 0 && at <= LONGEST_LINE_BYTES) return at + 1;
  return bytes.length > LONGEST_LINE_BYTES ? LONGEST_LINE_BYTES : 0;
}

/** containerd drops a carriage return before a line's end. */
function withoutReturn(line: Buffer): Buffer {
  const isDos = line.at(-1) === NEWLINE && line.at(-2) === RETURN;
  return isDos ? Buffer.concat([line.subarray(0, -2), line.subarray(-1)]) : line;
}

/** The kubelet's rules of printing: stamps before whole lines, `since`, and a limit of bytes. */
class LogWriter {
  private readonly options: ReadOptions;
  private readonly sink: LogSink;
  private left: number;
  private atLineStart = true;

  constructor(options: ReadOptions, sink: LogSink) {
    this.options = options;
    this.sink = sink;
    this.left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  get isFull(): boolean {
    return this.left <= 0;
  }

  write({ stampNs, text }: LogEntry): void {
    const { sinceMs, timestamps } = this.options;
    const lineStart = this.atLineStart;
    this.atLineStart = text.at(-1) === NEWLINE;
    if (this.isFull || (sinceMs !== undefined && stampNs < BigInt(sinceMs) * NS_PER_MS)) return;
    const stamp = timestamps && lineStart ? Buffer.from(`${stampText(stampNs)} `) : Buffer.alloc(0);
    const line = Buffer.concat([stamp, text]);
    const shown = line.subarray(0, Math.min(line.length, this.left));
    this.left -= shown.length;
    this.sink.write(shown);
  }
}

/** RFC 3339 with exactly nine digits, as the kubelet prints it. */
export function stampText(stampNs: bigint): string {
  const seconds = Number(stampNs / 1_000_000_000n);
  const fraction = (stampNs % 1_000_000_000n).toString().padStart(9, '0');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}
