import { BoundedMap } from '@hangar/shared/bounded';

/** Limit of remembered values; objects in use are kept by their users. */
const MOST_VALUES = 20_000;

/**
 * Returns one object for all equal ones, to save memory: tens of thousands of Pods of a few pipelines share their requests and node
 * selectors.
 */
export class OneOfEquals {
  readonly #known = new BoundedMap<string, unknown>(MOST_VALUES);

  /** @returns an equal value that was seen before, or the value itself; neither may be changed */
  of<T>(value: T): T {
    const key = JSON.stringify(value);
    const known = this.#known.get(key);
    if (known !== undefined) return known as T;
    this.#known.set(key, value);
    return value;
  }
}
