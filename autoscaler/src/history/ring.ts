/** The last so many of a stream, in order. */
export class Ring<T> {
  readonly #most: number;
  #items: T[] = [];

  /** @param most how many are kept; ≥ 1 */
  constructor(most: number) {
    this.#most = most;
  }

  push(item: T): void {
    this.#items.push(item);
    // Cut seldom: each item is moved once in `most` pushes.
    if (this.#items.length >= this.#most * 2) this.#items = this.#items.slice(-this.#most);
  }

  get last(): T | undefined {
    return this.#items.at(-1);
  }

  /** Oldest first. */
  get items(): readonly T[] {
    return this.#items.slice(-this.#most);
  }
}
