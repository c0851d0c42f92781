import { orAborted } from '@hangar/shared/or-aborted';
import type { FinishedLog, Following, StepLogStream } from '../ports/step-logs.ts';

const TEXT =
  'the output of this step is withheld: the runner was lost several times in a row while it read the logs of this pipeline. The result is that of the step; "kubectl logs" shows the output while the Pod exists';

/** The log of a step whose container's log is not read. The step's start and end are then known from the container's status. */
export class WithheldLog implements StepLogStream {
  readonly isOutOfReach = false;
  readonly #log: StepLogStream;

  constructor(log: StepLogStream) {
    this.#log = log;
  }

  note(text: string, atMs?: number): void {
    this.#log.note(text, atMs);
  }

  goLive(): void {
    this.#log.goLive();
  }

  async follow({ ended, signal }: Following): Promise<void> {
    this.#log.note(TEXT);
    await orAborted(ended, signal).catch(() => undefined);
  }

  finish(signal: AbortSignal): Promise<FinishedLog> {
    return this.#log.finish(signal);
  }
}
