import type { Queue } from './queue.ts';
import type { Store } from './store.ts';
import type { Streams } from './streams.ts';
import type { Timers } from './timers.ts';
import type { Watches } from './watches.ts';

/** What the server's operations work on. */
export interface Backend {
  readonly timers: Timers;
  readonly store: Store;
  readonly streams: Streams;
  readonly watches: Watches;
  readonly queue: Queue;
}

/** Now in whole Unix seconds. */
export function nowSeconds(backend: Pick<Backend, 'timers'>): number {
  return Math.floor(backend.timers.nowMs() / 1000);
}

const ERROR_BYTES = 500;

/** The error text cut as the server's column does. */
export function cutError(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= ERROR_BYTES ? text : bytes.subarray(0, ERROR_BYTES).toString();
}
