/** A map that keeps at most so many entries: the one that was set longest ago goes first. Setting a key again makes it the newest. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #limit: number;

  /** @param limit most entries; ≥ 1 */
  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#limit) deleteFirst(this);
    return this;
  }

  /** The value of a key, which is then the newest: for caches, that keep what is asked for. */
  recall(key: K): V | undefined {
    const value = this.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }
}

/** A set that keeps at most so many values: the one that was added longest ago goes first. Adding a value again makes it the newest. */
export class BoundedSet<T> extends Set<T> {
  readonly #limit: number;

  /** @param limit most values; ≥ 1 */
  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override add(value: T): this {
    this.delete(value);
    super.add(value);
    if (this.size > this.#limit) deleteFirst(this);
    return this;
  }

  /** Adds the value. @returns false when it was there already */
  addNew(value: T): boolean {
    const isNew = !this.has(value);
    this.add(value);
    return isNew;
  }
}

function deleteFirst<T>(of: { keys(): IterableIterator<T>; delete(key: T): boolean }): void {
  for (const key of of.keys()) return void of.delete(key);
}
