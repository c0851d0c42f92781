/** Kinds of faults that the level leaves out, with the reason, until the runner stands them. `npm run chaos` runs all. */
export const KNOWN_TROUBLE: ReadonlyMap<string, string> = new Map([]);
