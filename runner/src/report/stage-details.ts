import type { Clock } from '@hangar/shared/clock';
import { type RetryPolicy, retry } from '@hangar/shared/retry';
import type { DroneStage, StageDetail } from '../pipeline/drone.ts';
import { type CiServer, CiServerError } from '../ports/ci-server.ts';
import { UnknownStageCheck } from '../ports/unknown-stage.ts';

/** Delays between two requests of the details of a stage. */
export const DETAIL_RETRY: RetryPolicy = { firstDelayMs: 500, maxDelayMs: 30_000 };

/** The details are requested this many times, within about two minutes, while the server answers other calls: then it is the Git host. */
const MOST_FAILURES = 10;

/**
 * Reads the details of a stage that this runner has accepted, and repeats that while the server fails: without end while it answers no other
 * call either, ten times while it does.
 *
 * @throws {CiServerError} of the last request when these are used up
 * @throws the reason of `signal` once that is aborted, and any other error at once
 */
export function readDetails(
  { clock, ciServer }: { readonly clock: Clock; readonly ciServer: Pick<CiServer, 'accept' | 'detail'> },
  { id, machine }: Pick<DroneStage, 'id' | 'machine'>,
  signal: AbortSignal,
): Promise<StageDetail> {
  // The server needs its database for that, and no Git host. If it does not answer, a failure of the details proves nothing.
  const answers = (): Promise<unknown> => ciServer.accept(id, machine, signal);
  let failures = 0;
  const shouldRetry = (error: unknown): boolean => isOfDetails(error) && failures < MOST_FAILURES;
  return retry(clock, { ...DETAIL_RETRY, shouldRetry }, signal, async () => {
    try {
      return await ciServer.detail(id, signal, { isRepeated: false });
    } catch (error) {
      if (!signal.aborted && isOfDetails(error)) {
        await answers();
        failures += 1;
      }
      throw error;
    }
  });
}

/**
 * Requests the details once: what follows from a failure is known by the caller.
 *
 * @throws {CiServerError} with `unknown` once the check is certain that the server does not know the stage
 */
export async function detailsOnce(
  ciServer: Pick<CiServer, 'detail'>,
  stageId: number,
  unknown: UnknownStageCheck,
  signal: AbortSignal,
): Promise<StageDetail> {
  try {
    return await ciServer.detail(stageId, signal, { isRepeated: false });
  } catch (error) {
    if (!(error instanceof CiServerError)) throw error;
    const { call, status, message, missing } = error;
    if (!(await unknown.isCertain(missing))) throw error;
    throw new CiServerError(call, status, message, { cause: error, missing, unknown: true });
  }
}

/** Whether the server has the stage open for that runner. Pure. */
export function isOpenFor(
  { stage, build }: StageDetail,
  machine: string,
  statuses: readonly DroneStage['status'][],
): boolean {
  const isBuildOpen = build.status === 'running' || build.status === 'pending';
  return isBuildOpen && statuses.includes(stage.status) && stage.machine === machine;
}

/**
 * Reports the end of a stage with the version that its details show, if it is open there. Repeated without end, since no other process would do
 * it: not knowing is no reason to leave it open.
 *
 * @returns `conflict`: it has ended there, or is assigned to another runner
 * @throws {CiServerError} when the server does not know the stage
 * @throws the reason of `signal` once that is aborted
 */
export function finishOpen(
  { clock, ciServer }: { readonly clock: Clock; readonly ciServer: CiServer },
  endedStage: DroneStage,
  signal: AbortSignal,
): Promise<'reported' | 'conflict'> {
  const shouldRetry = (error: unknown): boolean => !(error instanceof CiServerError && error.unknown);
  const unknown = new UnknownStageCheck(clock, () => ciServer.ping(signal));
  return retry(clock, { ...DETAIL_RETRY, shouldRetry }, signal, async () => {
    const detail = await detailsOnce(ciServer, endedStage.id, unknown, signal);
    if (!isOpenFor(detail, endedStage.machine, ['pending', 'running'])) return 'conflict';
    const { version } = detail.stage;
    const update = await ciServer.updateStage({ ...endedStage, version, steps: [] }, signal);
    if (update.kind === 'updated') return 'reported';
    throw new Error('the version of the stage has changed since it was read');
  });
}

const isOfDetails = (error: unknown): boolean => error instanceof CiServerError && error.call === 'detail';
