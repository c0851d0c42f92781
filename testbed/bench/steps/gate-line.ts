/** How a gate says that its step ran: code of the step's program, begin and end by the node's clock, milliseconds since 1970. */
export interface Ran {
  readonly code: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** Reads the termination message of a gated container (runner/gate/PROTOCOL.md); undefined for anything but a step that ran. */
export function readRan(message: string | undefined): Ran | undefined {
  const [, code, startMs, endMs] = /^ran (\d{1,3}) (\d{1,16}) (\d{1,16})\n?$/.exec(message ?? '') ?? [];
  if (endMs === undefined) return undefined;
  return { code: Number(code), startMs: Number(startMs), endMs: Number(endMs) };
}
