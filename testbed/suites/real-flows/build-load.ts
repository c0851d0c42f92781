import { seededRandom } from '@hangar/autoscaler/simulate/random';

/** One build of a load: its arrival, counted from the start of the load, and how long it runs on its node. */
export interface TimedBuild {
  readonly atSeconds: number;
  /** Infinity: until it is ended. */
  readonly runSeconds: number;
}

/** `count` builds whose rate rises from nothing, in a straight line, until `spanSeconds`. */
export function risingBuilds(count: number, spanSeconds: number, runSeconds: number): readonly TimedBuild[] {
  return Array.from({ length: count }, (_, nth) => ({
    atSeconds: spanSeconds * Math.sqrt((nth + 1) / count),
    runSeconds,
  }));
}

/** Builds that arrive at one moment. */
export const buildBurst = (count: number, atSeconds: number, runSeconds: number): readonly TimedBuild[] =>
  Array.from({ length: count }, () => ({ atSeconds, runSeconds }));

/** A load as in scheduling-and-scaling §5, in small: Poisson pushes of five, lognormal run times, and a rate that rises all the time. */
export interface RampOptions {
  readonly seed: number;
  readonly spanSeconds: number;
  /** Pushes a minute at its start and at its end. */
  readonly pushesPerMinute: readonly [number, number];
  readonly meanRunSeconds: number;
}

const PUSH_SIZE = 5;
/** Of run times; measured on a busy repository (scheduling-and-scaling §4.1: cv² 0.99). */
const RUN_CV = 1;
const SHORTEST_RUN_SECONDS = 5;

/** The builds of a ramp by their arrival; the same options give the same builds. */
export function rampBuilds({
  seed,
  spanSeconds,
  pushesPerMinute,
  meanRunSeconds,
}: RampOptions): readonly TimedBuild[] {
  const random = seededRandom(seed);
  const [first, last] = pushesPerMinute;
  const fastest = Math.max(first, last) / 60;
  const variance = Math.log(1 + RUN_CV * RUN_CV);
  const run = (): number => meanRunSeconds * Math.exp(Math.sqrt(variance) * random.normal() - variance / 2);
  const builds: TimedBuild[] = [];
  // By thinning: candidates at the fastest rate, of which the rate's share stays.
  for (let at = 0; ; ) {
    at -= Math.log(1 - random.next()) / fastest;
    if (at >= spanSeconds) return builds;
    const rate = (first + ((last - first) * at) / spanSeconds) / 60;
    if (random.next() * fastest >= rate) continue;
    for (let nth = 0; nth < PUSH_SIZE; nth += 1)
      builds.push({ atSeconds: at, runSeconds: Math.max(SHORTEST_RUN_SECONDS, run()) });
  }
}
