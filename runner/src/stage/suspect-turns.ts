import { orAborted } from '@hangar/shared/or-aborted';

/**
 * Turns of stages whose previous owner was lost while it prepared them: one at a time, so that one that ends its runner again is known by
 * that.
 */
export class SuspectTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves with a function that ends the turn; the turn is passed on if the signal is aborted before it comes. */
  async take(signal: AbortSignal): Promise<() => void> {
    const before = this.#last;
    const turn = Promise.withResolvers<void>();
    this.#last = before.then(() => turn.promise);
    await orAborted(before, signal).catch((error: unknown) => {
      turn.resolve();
      throw error;
    });
    return turn.resolve;
  }
}
