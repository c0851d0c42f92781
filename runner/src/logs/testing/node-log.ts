/** A record of the runtime's file: a whole line, or a part (`full: false`) of one that the runtime cut or that had no newline yet. */
export interface NodeRecord {
  readonly stampNs: bigint;
  readonly text: string;
  readonly full: boolean;
}

/** RFC 3339 with nine decimals, as the kubelet prints it. */
export function stampText(stampNs: bigint): string {
  const ms = Number(stampNs / 1_000_000_000n) * 1000;
  const fraction = String(stampNs % 1_000_000_000n).padStart(9, '0');
  return `${new Date(ms).toISOString().slice(0, 19)}.${fraction}Z`;
}

/**
 * The bytes that the kubelet sends for a file of records (according to its source code): it leaves out records from before `sinceTime`,
 * record by record, and prints a stamp only at the start of a line, so the rest of an old line has none.
 */
export function kubeletBytes(records: readonly NodeRecord[], sinceTime?: string): Buffer {
  const since = sinceTime === undefined ? 0n : BigInt(Date.parse(sinceTime)) * 1_000_000n;
  let beginsLine = true;
  let out = '';
  for (const { stampNs, text, full } of records) {
    const line = full ? `${text}\n` : text;
    if (stampNs >= since) out += (beginsLine ? `${stampText(stampNs)} ` : '') + line;
    beginsLine = full || text === '';
  }
  return Buffer.from(out);
}

/** Cuts bytes into chunks at the given places (modulo the remaining length). */
export function chunked(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let rest = bytes;
  for (const cut of cuts) {
    if (rest.length === 0) break;
    const length = 1 + (cut % rest.length);
    chunks.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return rest.length > 0 ? [...chunks, rest] : chunks;
}
