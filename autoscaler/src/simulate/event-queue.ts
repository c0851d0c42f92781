/** Events by time; events of the same time are in insertion order. */
export class EventQueue<Event> {
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #events: Event[] = [];
  #order = 0;

  get size(): number {
    return this.#times.length;
  }

  /** Time of the next event; infinite when there is none. */
  get nextAt(): number {
    return this.#times[0] ?? Infinity;
  }

  push(at: number, event: Event): void {
    this.#times.push(at);
    this.#orders.push(this.#order);
    this.#events.push(event);
    this.#order += 1;
    this.#rise(this.#times.length - 1);
  }

  /** Removes and returns the earliest event; undefined when there is none. */
  pop(): Event | undefined {
    const [first] = this.#events;
    const last = this.#times.length - 1;
    if (last < 0) return undefined;
    this.#swap(0, last);
    this.#times.pop();
    this.#orders.pop();
    this.#events.pop();
    this.#sink(0);
    return first;
  }

  #before(one: number, other: number): boolean {
    const [here = 0, there = 0] = [this.#times[one], this.#times[other]];
    return here < there || (here === there && (this.#orders[one] ?? 0) < (this.#orders[other] ?? 0));
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    const size = this.#times.length;
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= size) return;
      const least = left + 1 < size && this.#before(left + 1, left) ? left + 1 : left;
      if (!this.#before(least, at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(one: number, other: number): void {
    exchange(this.#times, one, other);
    exchange(this.#orders, one, other);
    exchange(this.#events, one, other);
  }
}

function exchange<Item>(items: Item[], one: number, other: number): void {
  const kept = items[one] as Item;
  items[one] = items[other] as Item;
  items[other] = kept;
}
