import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { V1Lease } from '@kubernetes/client-node';
import { type Holder, holderOf, isRenewed, LeaseHeld, mayLive, termMsOf } from './holder.ts';

/** A Lease is renewed in this share of its term. */
export const RENEW_SHARE = 1 / 4;
/** A holder that may live is read so often, over twice the time in which it renews. */
const CHECKS = 4;
const CHECK_SHARE = (2 * RENEW_SHARE) / CHECKS;

interface LeaseReader {
  readonly clock: Clock;
  readonly log: Logger;
  /** Reads the Lease; undefined: there is none. */
  readonly find: () => Promise<V1Lease | undefined>;
}

/**
 * The Lease as nobody alive holds it; undefined: there is none.
 *
 * @throws {LeaseHeld} when another process renews it
 */
export async function freedLease(
  { clock, log, find }: LeaseReader,
  { holder, owner }: { readonly holder: Holder; readonly owner: string },
  signal: AbortSignal,
): Promise<V1Lease | undefined> {
  const first = await find();
  if (!first || !mayLive(first, holder, clock.now())) return first;
  const checkMs = termMsOf(first) * CHECK_SHARE;
  log.info(
    { lease: owner, holder: holderOf(first), waitMs: checkMs * CHECKS },
    'the Lease is held by another process of this name: checking whether it still renews it',
  );
  let last: V1Lease | undefined = first;
  for (let checks = 0; checks < CHECKS && last && holderOf(last) !== ''; checks++) {
    await clock.sleep(checkMs, signal);
    signal.throwIfAborted();
    last = await find();
    if (last && isRenewed(first, last)) throw new LeaseHeld(owner, holderOf(last));
  }
  return last;
}
