import type { Signs } from '../health.ts';

/** The signs of a runner in which nothing is wrong. */
export const WELL: Signs = {
  starting: '',
  stopping: false,
  leaseLostMs: undefined,
  takingLease: false,
  watchStaleMs: 0,
  pollAgeMs: 0,
  pollTriedMs: 0,
};

/** The header of a user of the dashboard; `pair`: `user:password`. */
export const authorization = (pair: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
});
