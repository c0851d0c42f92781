/** When a container wrote its first and its last line, by the node's clock, milliseconds since 1970 with fractions. */
export interface Written {
  readonly startMs: number;
  readonly endMs: number;
}

/** `2026-11-25T21:00:00.123456789Z`: Date knows milliseconds only. */
function stampMs(line: string): number | undefined {
  const [, second, fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z /.exec(line) ?? [];
  return second === undefined ? undefined : Date.parse(`${second}Z`) + Number(`0${fraction}`) * 1000;
}

/** Reads a log that was asked for with time stamps; undefined when it has no line. */
export function readWritten(log: string): Written | undefined {
  const stamps = log.split('\n').flatMap((line) => stampMs(line) ?? []);
  const [startMs, endMs] = [stamps[0], stamps.at(-1)];
  return startMs === undefined || endMs === undefined ? undefined : { startMs, endMs };
}
