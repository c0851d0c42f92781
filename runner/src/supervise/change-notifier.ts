/** Lets callers wait for a condition, which is checked again whenever state may have changed. */
export class ChangeNotifier {
  readonly #waiting = new Set<() => void>();

  /** Makes all waiting callers check their conditions again. */
  notify(): void {
    for (const check of [...this.#waiting]) check();
  }

  /** A signal that is aborted once the condition holds, or the given signal is. */
  signalOnce(holds: () => boolean, signal: AbortSignal): AbortSignal {
    const held = new AbortController();
    void this.until(holds, signal).then(() => held.abort());
    return held.signal;
  }

  /** Resolves `true` once the condition holds, `false` when the signal is aborted first. */
  until(holds: () => boolean, signal: AbortSignal): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (answer: boolean): void => {
        this.#waiting.delete(check);
        signal.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      const check = (): void => {
        if (holds()) settle(true);
      };
      const giveUp = (): void => settle(false);
      this.#waiting.add(check);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}
