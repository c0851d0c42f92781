/**
 * Runs little work at once, and gives each owner of waiting work one turn after another. An owner has at most one piece of work running, so
 * that one who has much, or very slow, work delays only that.
 */
export class FairTurns {
  readonly #atOnce: number;
  readonly #running = new Set<string>();
  /** By owner, in the order of their next turns. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** @param atOnce how much work runs at the same time, at most; ≥ 1 */
  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Does the work when it is the owner's turn. Throws what the work throws. */
  async take<T>(owner: string, work: () => Promise<T>): Promise<T> {
    await this.#turnOf(owner);
    try {
      return await work();
    } finally {
      this.#running.delete(owner);
      this.#goesLast(owner);
      this.#begin();
    }
  }

  #turnOf(owner: string): Promise<void> {
    return new Promise((go) => {
      const line = this.#waiting.get(owner);
      if (line) line.push(go);
      else this.#waiting.set(owner, [go]);
      this.#begin();
    });
  }

  /** Whoever waited during this turn comes first. */
  #goesLast(owner: string): void {
    const line = this.#waiting.get(owner);
    this.#waiting.delete(owner);
    if (line) this.#waiting.set(owner, line);
  }

  #begin(): void {
    for (const [owner, [go, ...rest]] of this.#waiting) {
      if (this.#running.size >= this.#atOnce) return;
      if (this.#running.has(owner)) continue;
      this.#waiting.delete(owner);
      if (rest.length > 0) this.#waiting.set(owner, rest);
      this.#running.add(owner);
      go?.();
    }
  }
}
