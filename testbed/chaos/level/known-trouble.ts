/** Kinds of faults that this level leaves out until the runner handles them, with the reason. `npm run chaos` runs all. */
export const KNOWN_TROUBLE: ReadonlyMap<string, string> = new Map([]);
