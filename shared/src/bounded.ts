/**
 * A map with a maximum number of entries: beyond it, the entry that was set longest ago is deleted. Setting a key again makes it the
 * newest.
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #limit: number;

  /** @param limit maximum number of entries; ≥ 1 */
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

  /** Returns the value of a key and makes it the newest entry, as an LRU cache does. */
  recall(key: K): V | undefined {
    const value = this.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }
}

/**
 * A set with a maximum number of values: beyond it, the value that was added longest ago is deleted. Adding a value again makes it the
 * newest.
 */
export class BoundedSet<T> extends Set<T> {
  readonly #limit: number;

  /** @param limit maximum number of values; ≥ 1 */
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

  /** Adds the value. @returns false if the set already contained it */
  addNew(value: T): boolean {
    const isNew = !this.has(value);
    this.add(value);
    return isNew;
  }
}

function deleteFirst<T>(of: { keys(): IterableIterator<T>; delete(key: T): boolean }): void {
  for (const key of of.keys()) return void of.delete(key);
}
