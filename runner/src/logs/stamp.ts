const FORM = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

/** Nanoseconds since 1970 of an RFC 3339 time with up to nine decimals and any zone; undefined if the text is none. */
export function parseStamp(text: string): bigint | undefined {
  const [, seconds, fraction = '', zone] = FORM.exec(text) ?? [];
  if (seconds === undefined || zone === undefined) return undefined;
  const ms = Date.parse(seconds + zone);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * NS_PER_MS + BigInt(fraction.padEnd(9, '0'));
}

/** The whole second of a stamp, `slackSeconds` earlier, as RFC 3339, for `sinceTime`, which has no fractions. */
export function wholeSecond(stampNs: bigint, slackSeconds = 0): string {
  const seconds = Number(stampNs / NS_PER_SECOND) - slackSeconds;
  return new Date(Math.max(0, seconds) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Milliseconds since 1970 of a stamp, rounded down. */
export function stampMs(stampNs: bigint): number {
  return Number(stampNs / NS_PER_MS);
}
