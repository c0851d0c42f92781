import type { Clock } from '@hangar/shared/clock';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { StageDetail } from '../pipeline/drone.ts';
import { type CiServer, CiServerError } from '../ports/ci-server.ts';

/** Delays between two requests of the details of a stage. */
export const DETAIL_RETRY: RetryPolicy = { firstDelayMs: 500, maxDelayMs: 30_000 };

/** The details are requested this many times, within about two minutes, while the server answers other calls: then it is the Git host. */
const MOST_FAILURES = 10;

/** Which details are read, and for how long. */
export interface DetailRead {
  readonly stageId: number;
  /** Whether the server answers a call for which it needs no Git host. If it does not, a failure of the details proves nothing. */
  readonly answers: () => Promise<boolean>;
  /** Aborted: the details are not needed any more. Pauses end; a request is not aborted, since the server could fail the build for it. */
  readonly unneeded?: AbortSignal;
}

/**
 * Reads the details of a stage, and repeats that while the server fails: without end while it answers no other call either, ten times while it
 * does.
 *
 * @throws {CiServerError} of the last request when these are used up
 * @throws the reason of `signal` or `unneeded` once that is aborted, and any other error at once, also of `answers`
 */
export function readDetails(
  { clock, ciServer }: { readonly clock: Clock; readonly ciServer: Pick<CiServer, 'detail'> },
  { stageId, answers, unneeded }: DetailRead,
  signal: AbortSignal,
): Promise<StageDetail> {
  const stop = unneeded ? AbortSignal.any([signal, unneeded]) : signal;
  let failures = 0;
  const shouldRetry = (error: unknown): boolean => isOfDetails(error) && failures < MOST_FAILURES;
  return retry(clock, { ...DETAIL_RETRY, shouldRetry }, stop, async () => {
    try {
      return await ciServer.detail(stageId, signal, { isRepeated: false });
    } catch (error) {
      if (!stop.aborted && isOfDetails(error) && (await answers())) failures += 1;
      throw error;
    }
  });
}

const isOfDetails = (error: unknown): boolean => error instanceof CiServerError && error.call === 'detail';
