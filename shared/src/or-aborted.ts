/**
 * Returns the result of `work`, unless `signal` is aborted first: then it rejects with the signal's reason and ignores the work's result.
 * Leaves no listener on the signal, which may exist as long as the process.
 */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    const over = (): void => signal.removeEventListener('abort', giveUp);
    work.then(resolve, reject).finally(over);
  });
}
