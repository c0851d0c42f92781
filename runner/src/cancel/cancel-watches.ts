import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { CiServer } from '../ports/ci-server.ts';
import { BuildWatch, type ServerState, type StateCheck } from './build-watch.ts';
import { ObservedHold } from './observed-hold.ts';

export type { ServerState, StateCheck } from './build-watch.ts';

/** One stage's handle to the watch of its build; close it when the stage is over. */
export interface CancelWatch {
  readonly cancelled: AbortSignal;
  /** Called once the server knows the stage. `check` requests the stage's state; it is used whenever a cancel may have been missed. */
  checkWith(check: StateCheck): void;
  /** Requests the stage's state now; a cancel aborts `cancelled`. Never rejects. */
  requestState(): Promise<ServerState>;
  close(): void;
}

/** Watches builds for cancellation, one watcher per build for all of its stages in this process (drone-rpc §2.6). */
export class CancelWatches {
  readonly #parts: { clock: Clock; ciServer: CiServer; log: Logger };
  readonly #watches = new Map<number, BuildWatch>();
  readonly #hold = new ObservedHold(() => this.#watches.size);

  constructor(parts: { clock: Clock; ciServer: CiServer; log: Logger }) {
    this.#parts = parts;
  }

  /** Starts or shares the watch of a build; each caller closes its own handle. */
  open(buildId: number): CancelWatch {
    const watch = this.#watches.get(buildId) ?? this.#begin(buildId);
    const stage = watch.join();
    return {
      cancelled: stage.cancelled,
      checkWith: (check) => stage.checkWith(check),
      requestState: () => stage.requestState(),
      close: () => {
        if (stage.leave() === 'last') this.#watches.delete(buildId);
      },
    };
  }

  #begin(buildId: number): BuildWatch {
    const watch = new BuildWatch(this.#parts, buildId, this.#hold);
    this.#watches.set(buildId, watch);
    void watch.run();
    return watch;
  }
}
