import type { V1Pod } from '@kubernetes/client-node';
import { Flight, type FlightEnd, type FlightOrder } from '../flight/flight.ts';
import type { Started } from '../launch/start.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import { Reporter } from '../report/reporter.ts';
import type { JourneyParts } from './journey-parts.ts';

/** What may stop a stage on its way; `stop` is either of the others. */
export interface Stops {
  readonly cancelled: AbortSignal;
  readonly handOver: AbortSignal;
  readonly stop: AbortSignal;
}

/** What both a new and an adopted stage bring to their flight. */
export interface Takeoff {
  readonly plan: Compiled['plan'];
  readonly masks: Compiled['masks'];
  readonly pod: V1Pod;
  readonly notes: readonly string[];
  readonly admittedMs: number;
  readonly started: Started;
  readonly adopted: boolean;
  /** How often it was taken over, by now. */
  readonly adoptions?: number;
}

/** The flight itself, with what it counts and shows. Its place in the roster is free as soon as the server knows the end. */
export async function fly(parts: JourneyParts, takeoff: Takeoff, stops: Stops): Promise<FlightEnd> {
  const { started, pod, admittedMs } = takeoff;
  const { stage } = started;
  const log = parts.log.child({ stageId: stage.id, buildId: stage.buildId, pod: pod.metadata?.name });
  const own = { ...parts, log };
  const takenOverMs = parts.clock.now();
  const reporter = started.reporter ?? reporterOf(own, takeoff, takenOverMs);
  const feed = parts.podWatch.feed(pod);
  const tail = Promise.withResolvers<void>();
  parts.roster.update(stage.id, { phase: 'running', reason: '', sinceMs: admittedMs });
  const reported = (): void => {
    parts.roster.land(pod.metadata?.uid, parts.clock.now());
    parts.roster.linger(tail.promise);
    parts.roster.leave(stage.id);
    parts.events.landed(parts.clock.now() - admittedMs);
  };
  const order = orderOf(takeoff, { takenOverMs, owner: parts.lease.owner, reported });
  try {
    return await new Flight(own, order, { feed, reporter }).run(stops);
  } finally {
    feed.close();
    tail.resolve();
  }
}

function reporterOf(parts: JourneyParts, takeoff: Takeoff, takenOverMs: number): Reporter {
  const { started, plan, adopted, adoptions = 1 } = takeoff;
  const { stage, stepIds } = started;
  const versions = adopted
    ? { versions: 'unknown' as const, adoptions, takenOverMs }
    : { versions: 'exact' as const };
  return new Reporter(parts, { stage, plan, stepIds, ...versions });
}

function orderOf(
  { plan, pod, masks, notes, admittedMs, adopted, started }: Takeoff,
  by: Pick<FlightOrder, 'takenOverMs' | 'owner' | 'reported'>,
): FlightOrder {
  const { firstLog } = started;
  return { plan, pod, masks, notes, admittedMs, adopted, ...by, ...(firstLog ? { firstLog } : {}) };
}
