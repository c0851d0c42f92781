import { BoundedMap } from '@hangar/shared/bounded';

/** Values of long ago are forgotten: what still uses them keeps them. */
const MOST_VALUES = 20_000;

/** Gives one object for all equal ones: tens of thousands of Pods of a few pipelines share what they ask for, and where they may go. */
export class OneOfEquals {
  readonly #known = new BoundedMap<string, unknown>(MOST_VALUES);

  /** @returns an equal value, met before where there was one; both must stay as they are */
  of<T>(value: T): T {
    const key = JSON.stringify(value);
    const known = this.#known.get(key);
    if (known !== undefined) return known as T;
    this.#known.set(key, value);
    return value;
  }
}
