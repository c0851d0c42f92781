import type { Job } from '@hangar/autoscaler/capacity/job';
import { MIB } from '@hangar/autoscaler/capacity/shape';
import { type Random, seededRandom } from '@hangar/autoscaler/simulate/random';
import { FIRST_MONDAY, generateLoad } from '@hangar/autoscaler/trace/generate';

/** One trace of the set: the builds of some weeks, of which the first days are for learning. */
export interface BenchTrace {
  readonly name: string;
  readonly about: string;
  readonly trainDays: number;
  readonly days: number;
  /** Left out of a quick run, because it takes minutes. */
  readonly isLarge: boolean;
  jobs(seed: number): readonly Job[];
}

const DAY = 86_400;
const HOUR = 3600;
const REQUEST = { cpuMillicores: 1150, memoryBytes: 1700 * MIB } as const;
const KNOWN_SECONDS = 180;

/** Lognormal run times by their mean and the standard deviation of their logarithm. */
interface RunTime {
  readonly meanSeconds: number;
  readonly sigma: number;
}

const USUAL_RUN: RunTime = { meanSeconds: 349, sigma: 0.83 };
const FAT_TAIL: RunTime = { meanSeconds: 600, sigma: 1.68 };

function runSeconds({ meanSeconds, sigma }: RunTime, random: Random): number {
  return Math.max(1, meanSeconds * Math.exp(sigma * random.normal() - (sigma * sigma) / 2));
}

/** Geometric sizes of pushes, from 1 to three times the mean and more. */
function pushSize(mean: number, random: Random): number {
  let size = 1;
  while (size < 6 * mean && random.next() < 1 - 1 / mean) size += 1;
  return size;
}

const push = (at: number, size: number, run: RunTime, random: Random): readonly Job[] =>
  Array.from({ length: size }, () => ({
    arrivedAt: at,
    durationSeconds: runSeconds(run, random),
    request: REQUEST,
  }));

/** Share of an office day's pushes around this hour of the local day, per hour; its sum over a day is about 1. */
function officeShare(hour: number): number {
  const morning = Math.exp(-(((hour - 10.5) / 1.8) ** 2) / 2);
  const afternoon = Math.exp(-(((hour - 15) / 1.6) ** 2) / 2);
  return 0.002 + 0.105 * morning + 0.12 * afternoon;
}

/** How builds arrive through the weeks. */
interface Arrivals {
  readonly buildsPerDay: number;
  readonly pushMean: number;
  readonly run: RunTime;
  /** The weight of a day beside a usual weekday. */
  readonly dayWeight: (day: number) => number;
  /** Share of the day's pushes per hour, at this hour of this day, UTC. */
  readonly share: (hour: number, day: number) => number;
}

const WEEKEND = 1 / 8;
const weekly = (day: number): number => (day % 7 >= 5 ? WEEKEND : 1);
const OFFICE: Pick<Arrivals, 'dayWeight' | 'share'> = { dayWeight: weekly, share: officeShare };
const BUSIEST_SHARE = 0.25;

/** Poisson pushes, thinned to the rate of each moment. */
function arrive(
  { buildsPerDay, pushMean, run, dayWeight, share }: Arrivals,
  days: number,
  seed: number,
): Job[] {
  const random = seededRandom(seed);
  const jobs: Job[] = [];
  for (let day = 0; day < days; day += 1) {
    const perSecond = ((buildsPerDay / pushMean) * dayWeight(day) * BUSIEST_SHARE) / HOUR;
    if (perSecond <= 0) continue;
    for (let at = 0; ; ) {
      at -= Math.log(1 - random.next()) / perSecond;
      if (at >= DAY) break;
      if (random.next() * BUSIEST_SHARE >= share(at / HOUR, day)) continue;
      const jobsOfPush = push(FIRST_MONDAY + day * DAY + at, pushSize(pushMean, random), run, random);
      for (const job of jobsOfPush) jobs.push(job);
    }
  }
  return jobs;
}

/** Work of one repository: sessions of pushes that follow one another in minutes, as people push while they work on something. */
function sessions(perDay: number, run: RunTime, days: number, seed: number): Job[] {
  const random = seededRandom(seed);
  const pushesPerSession = 4;
  const starts = arrive(
    { ...OFFICE, buildsPerDay: perDay / pushesPerSession / 3, pushMean: 1, run },
    days,
    seed + 1,
  );
  const jobs: Job[] = [];
  for (const { arrivedAt } of starts) {
    let at = arrivedAt;
    for (let nth = pushSize(pushesPerSession, random); nth > 0; nth -= 1) {
      jobs.push(...push(at, pushSize(3, random), run, random));
      at -= Math.log(1 - random.next()) * 900;
    }
  }
  return byArrival(jobs);
}

const byArrival = (jobs: Job[]): Job[] => jobs.sort((one, other) => one.arrivedAt - other.arrivedAt);

/** A scheduled pipeline: so many builds at a minute of the day, some seconds after it. */
function scheduled(
  {
    minute,
    size,
    onDays,
  }: { readonly minute: number; readonly size: number; readonly onDays: (day: number) => boolean },
  days: number,
  seed: number,
): Job[] {
  const random = seededRandom(seed + 77);
  return Array.from({ length: days }, (_, day) => day)
    .filter(onDays)
    .flatMap((day) =>
      push(FIRST_MONDAY + day * DAY + minute * 60 + 2 + 8 * random.next(), size, USUAL_RUN, random),
    );
}

const everyDay = (): boolean => true;

/** The usual length: two weeks to learn, two that count. */
const FOUR_WEEKS = { trainDays: 14, days: 28, isLarge: false } as const;

/** Office hours at a number of builds a weekday. */
const office = (buildsPerDay: number, over: Partial<Arrivals> = {}): ((seed: number) => readonly Job[]) => {
  const pushMean = buildsPerDay <= 20 ? 2 : 5;
  return (seed) => arrive({ ...OFFICE, buildsPerDay, pushMean, run: USUAL_RUN, ...over }, 28, seed);
};

const HOLIDAYS = [17, 18, 21];
const CHANGE_DAY = 18;

const published =
  (load: 'table-like' | 'harder', knownShare = 0) =>
  (seed: number): readonly Job[] =>
    generateLoad({ load, seed, knownShare, knownSeconds: knownShare > 0 ? KNOWN_SECONDS : 0 });

/** The set: what is published, and shapes that real repositories have. */
export const TRACES: readonly BenchTrace[] = [
  { ...FOUR_WEEKS, name: 'table-like', about: '15,000 builds a weekday', jobs: published('table-like') },
  { ...FOUR_WEEKS, name: 'harder', about: 'days differ, a doubling, a holiday', jobs: published('harder') },
  {
    ...{ ...FOUR_WEEKS, name: 'all known', about: 'table-like, announced 180 s early' },
    jobs: published('table-like', 1),
  },
  ...[5, 10, 100, 200, 1000].map(
    (builds): BenchTrace => ({
      ...FOUR_WEEKS,
      name: `${builds} a day`,
      about: 'office hours of one time zone',
      jobs: office(builds),
    }),
  ),
  {
    ...{
      name: '50,000 a day',
      about: 'office hours of one time zone',
      trainDays: 7,
      days: 10,
      isLarge: true,
    },
    jobs: (seed) => arrive({ ...OFFICE, buildsPerDay: 50_000, pushMean: 5, run: USUAL_RUN }, 10, seed),
  },
  {
    ...{ ...FOUR_WEEKS, name: 'bursty', about: 'sessions of one repository, 300 builds a day' },
    jobs: (seed) => sessions(300, USUAL_RUN, 28, seed),
  },
  {
    ...{ ...FOUR_WEEKS, name: 'fat tail', about: 'sessions, 20 builds a day, σ(log run time) 1.68' },
    jobs: (seed) => sessions(20, FAT_TAIL, 28, seed),
  },
  {
    ...{ ...FOUR_WEEKS, name: 'nightly', about: '20 builds at 02:00, nothing else' },
    jobs: (seed) => scheduled({ minute: 120, size: 20, onDays: everyDay }, 28, seed),
  },
  {
    ...{ ...FOUR_WEEKS, name: 'nightly and office', about: '40 builds at 02:00 on weekdays, 100 by day' },
    jobs: (seed) =>
      byArrival([
        ...scheduled({ minute: 120, size: 40, onDays: (day) => day % 7 < 5 }, 28, seed),
        ...office(100)(seed),
      ]),
  },
  {
    ...{ ...FOUR_WEEKS, name: 'three time zones', about: '1,500 builds a day from three offices' },
    jobs: office(1500, {
      share: (hour) => [0, 8, 16].reduce((sum, shift) => sum + officeShare((hour + shift) % 24) / 3, 0),
    }),
  },
  {
    ...{ ...FOUR_WEEKS, name: 'doubling', about: '500 builds a day, 1,000 from day 18 on' },
    jobs: office(500, { dayWeight: (day) => weekly(day) * (day >= CHANGE_DAY ? 2 : 1) }),
  },
  {
    ...{ ...FOUR_WEEKS, name: 'halving', about: '1,000 builds a day, 500 from day 18 on' },
    jobs: office(1000, { dayWeight: (day) => weekly(day) * (day >= CHANGE_DAY ? 0.5 : 1) }),
  },
  {
    ...{ ...FOUR_WEEKS, name: 'daylight saving', about: '500 builds a day, an hour earlier from day 20 on' },
    jobs: office(500, { share: (hour, day) => officeShare((hour + (day >= 20 ? 1 : 0)) % 24) }),
  },
  {
    ...{ ...FOUR_WEEKS, name: 'holidays', about: '500 builds a day, three holidays' },
    jobs: office(500, { dayWeight: (day) => weekly(day) * (HOLIDAYS.includes(day) ? WEEKEND : 1) }),
  },
  {
    ...{ ...FOUR_WEEKS, name: 'silence', about: '100 builds a day for 14 days, then one push after 14 days' },
    jobs: (seed) => [
      ...arrive({ ...OFFICE, buildsPerDay: 100, pushMean: 5, run: USUAL_RUN }, 14, seed),
      ...push(FIRST_MONDAY + 28 * DAY - HOUR, 5, USUAL_RUN, seededRandom(seed)),
    ],
  },
  {
    ...{ ...FOUR_WEEKS, name: 'burst of 500', about: '200 builds a day, once 500 at the same time' },
    jobs: (seed) =>
      byArrival([
        ...office(200)(seed),
        ...push(FIRST_MONDAY + 22 * DAY + 14 * HOUR, 500, USUAL_RUN, seededRandom(seed)),
      ]),
  },
];
