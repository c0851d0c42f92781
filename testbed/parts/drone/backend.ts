import type { Clock } from '@hangar/shared/clock';
import type { Queue } from './queue.ts';
import type { BuildStore } from './store.ts';
import type { Streams } from './streams.ts';
import type { Watches } from './watches.ts';

/** What the server's operations work on. */
export interface Backend {
  readonly clock: Clock;
  readonly store: BuildStore;
  readonly streams: Streams;
  readonly watches: Watches;
  readonly queue: Queue;
}

/** Now in whole Unix seconds. */
export function nowSeconds({ clock }: Pick<Backend, 'clock'>): number {
  return Math.floor(clock.now() / 1000);
}

const ERROR_BYTES = 500;

/** The error text cut as the server's column does. */
export function cutError(text: string): string {
  return Buffer.from(text).subarray(0, ERROR_BYTES).toString();
}

/** An answer of the RPC layer other than success: the status and the plain text of its body (drone-rpc §2.0). */
export class RpcFailure extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/** The text of every lock conflict. */
export const LOCK_TEXT = 'Optimistic Lock Error';

/** 409: the version was stale, or another runner has the stage. */
export const lockConflict = (): RpcFailure => new RpcFailure(409, LOCK_TEXT);

/** 500 for an id that is in no table. */
export const noRows = (): RpcFailure => new RpcFailure(500, 'sql: no rows in result set');
