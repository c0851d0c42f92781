/** `2026-01-14T08:50:06Z`: how the API prints times (whole seconds). */
export function rfc3339Seconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

/** `2026-01-14T08:50:06.123456Z`: MicroTime, of Leases and eventTime. */
export function rfc3339Micros(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 23)}000Z`;
}
