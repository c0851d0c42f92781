import { formatOfContentType, parseExposition } from '@hangar/shared/exposition/parse';
import { isCut, queryTarget, type ScrapeParts } from './scrape.ts';

/** What the Drone server reports about its own queue. */
export interface DroneReading {
  /**
   * Its pending stages: those that no runner has accepted, and accepted ones until they start. Undefined: it didn't report them.
   */
  readonly pendingJobs: number | undefined;
  /** The problem with its remedy; empty: none. */
  readonly problem: string;
}

/** @see https://docs.drone.io/server/metrics */
const PENDING_JOBS = 'drone_pending_jobs';
/** A larger value is a mistake. */
const MOST_JOBS = 1_000_000;

/**
 * Queries the Drone server's own metrics, with the same deadline as for runners. Never rejects: a missing answer is undefined, not
 * zero.
 */
export async function queryDrone(parts: ScrapeParts, url: string, stop: AbortSignal): Promise<DroneReading> {
  const answer = await queryTarget(parts, url, {
    stop,
    refused: 'Drone requires the token of an administrator: check HANGAR_AUTOSCALER_DRONE_METRICS_TOKEN_FILE',
  });
  if ('problem' in answer) return gap(`${answer.problem} (${answer.cure})`);
  const { families } = parseExposition(answer.body, { format: formatOfContentType(answer.contentType) });
  const value = families.get(PENDING_JOBS)?.samples[0]?.value;
  if (value !== undefined && isCut(answer))
    return gap(`GET ${url} ends within a line: check the proxies before the Drone server`);
  if (value !== undefined && value >= 0 && value <= MOST_JOBS)
    return { pendingJobs: Math.round(value), problem: '' };
  const found = value === undefined ? `has no ${PENDING_JOBS}` : `has ${PENDING_JOBS} ${value}`;
  return gap(`GET ${url} ${found}: check that it is the address of the metrics of a Drone server`);
}

const gap = (problem: string): DroneReading => ({ pendingJobs: undefined, problem });
