import type { Job } from '../capacity/job.ts';
import { MIB } from '../capacity/shape.ts';
import type { Random } from '../simulate/random.ts';
import { seededRandom } from '../simulate/random.ts';
import type { Profile } from './daily-profile.ts';
import { shareAt } from './daily-profile.ts';

/** The two loads of scheduling-and-scaling §5. */
export type LoadName = 'table-like' | 'harder';

/** Both names. */
export const LOAD_NAMES: readonly LoadName[] = ['table-like', 'harder'];

/** Options of the generated load. */
export interface LoadOptions {
  readonly load: LoadName;
  readonly seed: number;
  /** 28 by default. */
  readonly days?: number;
  /** 1000 on a weekday by default. */
  readonly prsPerDay?: number;
  readonly profile?: Profile;
  /** How long before its arrival a job can be known; 0 by default. */
  readonly knownSeconds?: number;
  /** The share of pushes that can be known in advance; 1 by default. */
  readonly knownShare?: number;
  /** Builds have names: each push is one of a repository whose pipelines have run times of their own; none by default. */
  readonly named?: boolean;
}

const DAY = 86_400;
const HOUR = 3600;
/** Monday, 1 January 2024, 00:00 UTC. */
export const FIRST_MONDAY = 1_704_067_200;
const PUSHES_PER_PR = 3;
const WEEKEND_SHARE = 1 / 8;
const REQUEST = { cpuMillicores: 1150, memoryBytes: 1700 * MIB } as const;
const RUN = { meanSeconds: 603, cv: 1 } as const;
const MEAN_PUSH = 5;
const MOST_PUSH = 15;
/** Named builds; the spread of one pipeline's run times is that of a real trace (decision 25). */
const REPOS = 100;
const PIPELINES = 5;
const PIPELINE_SIGMA = 0.42;
const HARDER = { dayCv: 0.35, shiftedDays: 0.4, holiday: 17, doubledFrom: 20 } as const;

/** Lognormal with a given mean and coefficient of variation. */
function lognormal(random: Random, mean: number, cv: number): number {
  const variance = Math.log(1 + cv * cv);
  return mean * Math.exp(Math.sqrt(variance) * random.normal() - variance / 2);
}

/** Geometric from 1, truncated at {@link MOST_PUSH}; its parameter gives the wanted mean after truncation. */
function geometricPush(random: Random): number {
  const goOn = 0.808;
  let size = 1;
  while (size < MOST_PUSH && random.next() < goOn) size += 1;
  return size;
}

interface Day {
  readonly pushes: number;
  readonly shiftHours: number;
}

function planDay(day: number, options: LoadOptions, random: Random): Day {
  const weekend = day % 7 >= 5;
  const usual = (options.prsPerDay ?? 1000) * PUSHES_PER_PR * (weekend ? WEEKEND_SHARE : 1);
  if (options.load === 'table-like') return { pushes: usual, shiftHours: 0 };
  const factor = lognormal(random, 1, HARDER.dayCv);
  const shifted = random.next() < HARDER.shiftedDays;
  const shiftHours = shifted ? (random.next() < 0.5 ? -1 : 1) : 0;
  const holiday = day === HARDER.holiday ? WEEKEND_SHARE : 1;
  return { pushes: usual * factor * holiday * (day >= HARDER.doubledFrom ? 2 : 1), shiftHours };
}

/** Times of a Poisson stream whose rate follows the day's profile, by thinning. */
function pushTimes({ pushes, shiftHours }: Day, profile: Profile, random: Random): number[] {
  const busiest = 0.2;
  const perSecond = (pushes * busiest) / HOUR;
  const times: number[] = [];
  for (let at = 0; ; ) {
    at -= Math.log(1 - random.next()) / perSecond;
    if (at >= DAY) return times;
    if (random.next() * busiest < shareAt(at / HOUR - shiftHours, profile)) times.push(at);
  }
}

/** What the pushes of a load have in common. */
interface Pushes {
  readonly options: LoadOptions;
  readonly random: Random;
  readonly names: Names | undefined;
}

/** A build of a push, and how much longer than the mean its pipeline usually runs. */
interface NamedBuild {
  readonly repo: string;
  readonly stage: string;
  readonly factor: number;
}

/** Repositories, each with the usual run times of its pipelines. Mean and spread of all run times are as without names. */
class Names {
  readonly #random: Random;
  /** By repository and pipeline; 1 on average. */
  readonly #factors: readonly number[];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    const sigma = Math.sqrt(Math.log(1 + RUN.cv * RUN.cv) - PIPELINE_SIGMA ** 2);
    const factors = Array.from({ length: REPOS * PIPELINES }, () => Math.exp(sigma * this.#random.normal()));
    const mean = factors.reduce((sum, factor) => sum + factor, 0) / factors.length;
    this.#factors = factors.map((factor) => factor / mean);
  }

  /** The builds of the next push: of one repository. */
  push(size: number): readonly NamedBuild[] {
    const repo = Math.floor(this.#random.next() * REPOS);
    const first = Math.floor(this.#random.next() * PIPELINES);
    return Array.from({ length: size }, (_, nth) => {
      const pipeline = (first + nth) % PIPELINES;
      const factor = this.#factors[repo * PIPELINES + pipeline] ?? 1;
      return { repo: `acme/repo-${repo}`, stage: `pipeline-${pipeline}`, factor };
    });
  }
}

/** Of one pipeline. */
const namedSeconds = (factor: number, random: Random): number =>
  RUN.meanSeconds * factor * Math.exp(PIPELINE_SIGMA * random.normal() - PIPELINE_SIGMA ** 2 / 2);

function jobsOfPush(at: number, size: number, { options, random, names }: Pushes): Job[] {
  const known = (options.knownSeconds ?? 0) > 0 && random.next() < (options.knownShare ?? 1);
  const announced = known ? { knownAt: at - (options.knownSeconds ?? 0) } : {};
  const of = names?.push(size);
  return Array.from({ length: size }, (_, nth) => {
    const { factor, ...name } = of?.[nth] ?? {};
    const seconds =
      factor === undefined ? lognormal(random, RUN.meanSeconds, RUN.cv) : namedSeconds(factor, random);
    return {
      arrivedAt: at,
      durationSeconds: Math.max(1, seconds),
      request: REQUEST,
      ...announced,
      ...name,
    };
  });
}

/**
 * A load generated from a description, not from measurements: Poisson pushes under a daily profile, lognormal run times; `harder`
 * adds what makes forecasts difficult (days of different load, shifted peaks, pushes of 1 to 15, a holiday, demand doubled from day
 * 20).
 *
 * @returns jobs by arrival, starting on Monday 00:00 UTC; the same options give the same jobs
 * @see scheduling-and-scaling §5
 */
export function generateLoad(options: LoadOptions): readonly Job[] {
  const { load, seed, days = 28, profile = 'hourly' } = options;
  const random = seededRandom(seed);
  const names = options.named === true ? new Names(seed + 1) : undefined;
  const jobs: Job[] = [];
  for (let day = 0; day < days; day += 1) {
    const plan = planDay(day, options, random);
    for (const at of pushTimes(plan, profile, random)) {
      const size = load === 'harder' ? geometricPush(random) : MEAN_PUSH;
      for (const job of jobsOfPush(FIRST_MONDAY + day * DAY + at, size, { options, random, names }))
        jobs.push(job);
    }
  }
  return jobs;
}
