/** The line that a gate writes as termination message (runner/gate/PROTOCOL.md); times in milliseconds since 1970. */
export interface GateLine {
  readonly decision: string;
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** Parses `ran 2 1768383013000 1768383088000`, with any word in front (`timed-out`, `unready`); undefined for any other text. */
export function parseGateLine(text: string): GateLine | undefined {
  const match = /^([a-z-]{1,20}) (\d{1,3}) (\d{1,16}) (\d{1,16})\n?$/.exec(text);
  if (!match) return undefined;
  const [, decision = '', code, startMs, endMs] = match;
  return { decision, code: Number(code), startMs: Number(startMs), endMs: Number(endMs) };
}
