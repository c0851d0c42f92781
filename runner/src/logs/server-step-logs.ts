import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import type { Logger } from '@hangar/shared/logger';
import { orAborted } from '@hangar/shared/or-aborted';
import type { CiServer } from '../ports/ci-server.ts';
import type { LogSource } from '../ports/log-source.ts';
import type { LogTrial } from '../ports/log-trial.ts';
import type { FinishedLog, Following, LogOrder, StepLogStream, StepLogs } from '../ports/step-logs.ts';
import type { Card } from './card-text.ts';
import { followLog } from './follow.ts';
import type { LogMemory } from './log-memory.ts';
import { Masks } from './mask.ts';
import { openStepLog } from './step-log.ts';

/** The dependencies that the logs of all steps share. */
export interface ServerStepLogsParts {
  readonly clock: Clock;
  readonly ciServer: Pick<CiServer, 'sendLines' | 'uploadLog' | 'uploadCard'>;
  readonly source: LogSource;
  readonly log: Logger;
  readonly random: () => number;
  readonly limitBytes: number;
  readonly memory: LogMemory;
  /** Whether cards are removed from logs. */
  readonly cards: boolean;
  readonly trial: LogTrial;
  /** Called with what the server will never store of a step, in words. */
  readonly refused?: (stepId: number, text: string) => void;
}

/** Logs that are sent to the Drone server: live while the step runs, and as a whole at its end. */
export function serverStepLogs(parts: ServerStepLogsParts): StepLogs {
  const masks = new StageMasks();
  return { open: (order) => new ServerStepLog(parts, order, masks.of(order.masks)) };
}

const NONE: readonly string[] = [];
const WITHHELD =
  'the output of this step is not shown: the runner was restarted, and without permission to get Secrets it cannot mask secret values';

/** Shares masks between the steps of a stage, because the tables of many secrets take a while to build. */
class StageMasks {
  readonly #known = new WeakMap<readonly string[], Masks>();

  of(values: readonly string[] = NONE): Masks {
    const masks = this.#known.get(values) ?? new Masks(values);
    this.#known.set(values, masks);
    return masks;
  }
}

const HARMFUL =
  'the output of this step is withheld: each process that reads it ends. The result is that of the step; "kubectl logs" shows the output while the Pod exists';
const NOT_READ =
  'the output of this step is withheld: the runner was lost many times in a row while it read the logs of this pipeline. The result is that of the step; "kubectl logs" shows the output while the Pod exists';

class ServerStepLog implements StepLogStream {
  readonly #parts: ServerStepLogsParts;
  readonly #order: LogOrder;
  isOutOfReach = false;
  readonly #inner: ReturnType<typeof openStepLog>;

  constructor(parts: ServerStepLogsParts, order: LogOrder, masks: Masks) {
    this.#parts = parts;
    this.#order = order;
    const { limitBytes, cards } = parts;
    const { stepId, nonce, shownUntilMs } = order;
    // The server creates a step's stream when the step is reported as running; before that, lines would be lost.
    const how = {
      live: 'on-demand',
      limitBytes,
      cards,
      ...(shownUntilMs === undefined ? {} : { shownUntilMs }),
      ...(order.masks === undefined ? { withheld: true, head: [WITHHELD] } : {}),
    } as const;
    this.#inner = openStepLog(parts, { stepId, nonce, masks, ...how });
    order.leaving?.addEventListener('abort', () => this.#inner.drop(), { once: true });
  }

  note(text: string, atMs?: number): void {
    this.#inner.note(text, atMs);
  }

  goLive(): void {
    this.#inner.goLive();
  }

  async follow(following: Following): Promise<void> {
    const withheld = await this.#withheld(following);
    if (withheld !== undefined) return this.#inner.note(withheld);
    if (following.signal.aborted) return;
    const expectsStart = this.#order.nonce !== undefined && this.#order.shownUntilMs !== undefined;
    const onReach = (isOutOfReach: boolean): void => {
      this.isOutOfReach = isOutOfReach;
    };
    await followLog(this.#parts, this.#order, this.#inner, { ...following, expectsStart, onReach });
    this.isOutOfReach = false;
  }

  /** Waits until it is known whether the log may be read. @returns why not, if so */
  async #withheld({ ended, signal }: Following): Promise<string | undefined> {
    const { caution } = this.#order;
    if (caution === undefined) return undefined;
    try {
      await orAborted(ended, signal);
      if (caution === 'withhold') return NOT_READ;
      // The Pod stays meanwhile.
      this.isOutOfReach = true;
      return (await this.#parts.trial.isHarmless(this.#order, signal)) ? undefined : HARMFUL;
    } catch {
      return undefined;
    } finally {
      this.isOutOfReach = false;
    }
  }

  async finish(signal: AbortSignal): Promise<FinishedLog> {
    const { refusal, card } = await this.#inner.finish(signal);
    const log = refusal === undefined ? [] : [`its log is not stored: ${refusal}`];
    const { schema, refusals } = card ? await this.#upload(card, signal) : { schema: '', refusals: [] };
    const refused = [...log, ...refusals].join('; ');
    if (refused !== '') this.#parts.refused?.(this.#order.stepId, refused);
    return { schema, refused };
  }

  async #upload(
    card: Card,
    signal: AbortSignal,
  ): Promise<{ readonly schema: string; readonly refusals: readonly string[] }> {
    const { stepId, stepName } = this.#order;
    try {
      await this.#parts.ciServer.uploadCard(stepId, card, signal);
      return { schema: card.schema, refusals: [] };
    } catch (error) {
      if (signal.aborted) return { schema: '', refusals: [] };
      this.#parts.log.warn({ err: error, step: stepName }, 'the card of a step could not be stored');
      return { schema: '', refusals: [`its card is not stored: ${errorText(error)}`] };
    }
  }
}
