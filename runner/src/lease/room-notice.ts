import type { Logger } from '@hangar/shared/logger';

/** Logs once that a Lease has become full: the runner stops polling then, and nothing else shows why. */
export class RoomNotice {
  #wasFull = false;

  /** Called after each new record. */
  note(
    { name: lease, isFull, intents }: { name: string; isFull: boolean; intents: readonly unknown[] },
    log: Pick<Logger, 'warn'>,
  ): void {
    if (isFull && !this.#wasFull)
      log.warn(
        { lease, stages: intents.length },
        'the Lease of this replica has no room for another pipeline: none is accepted until others have ended; more replicas can take more',
      );
    this.#wasFull = isFull;
  }
}
