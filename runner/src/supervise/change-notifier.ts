/** Somebody's state may have changed: those who wait for something look again. */
export class ChangeNotifier {
  readonly #waiting = new Set<() => void>();

  /** Lets all who wait look again. */
  notify(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves `true` when `holds` does, `false` when the signal is aborted first. */
  until(holds: () => boolean, signal: AbortSignal): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (answer: boolean): void => {
        this.#waiting.delete(look);
        signal.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      const look = (): void => {
        if (holds()) settle(true);
      };
      const giveUp = (): void => settle(false);
      this.#waiting.add(look);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}
