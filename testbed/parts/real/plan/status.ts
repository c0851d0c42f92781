/** What `status` needs to know of a process. */
export interface StatusRow {
  readonly name: string;
  readonly health: 'healthy' | 'ill' | 'stopped';
  readonly process: { readonly pid: number; readonly startedAt: string } | undefined;
}

/** Lines of `status` for a person: name, health, pid and start of each process, in columns. */
export function statusLines(rows: readonly StatusRow[]): readonly string[] {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows.map(({ name, health, process }) => {
    const since = process === undefined ? '' : `  pid ${process.pid}  since ${process.startedAt}`;
    return `${name.padEnd(width)}  ${health.padEnd(7)}${since}`.trimEnd();
  });
}
