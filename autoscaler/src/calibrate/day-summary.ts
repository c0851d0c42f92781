import type { Job } from '../capacity/job.ts';
import { PUSH_SECONDS } from '../capacity/pushes.ts';

const DAY_SECONDS = 86_400;

/** The sums of a day of builds that calibration needs. */
export interface DaySummary {
  /** Days since 1970, UTC. */
  readonly day: number;
  readonly pods: number;
  readonly podSeconds: number;
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  readonly builds: number;
  readonly peakHourPods: number;
  /** Sum of the squared numbers of Pods that arrived together. */
  readonly pushSquares: number;
  readonly boots: number;
  readonly bootSeconds: number;
  /** Runners or quotas were full for part of the day: there may have been more work. */
  readonly exhausted: boolean;
}

/** Limit of distinct builds per day; later ones count as new. */
const MOST_BUILDS = 50_000;

class OpenDay {
  readonly day: number;
  #pods = 0;
  #podSeconds = 0;
  #cpuMillicores = 0;
  #memoryBytes = 0;
  #unnamedBuilds = 0;
  #boots = 0;
  #bootSeconds = 0;
  exhausted = false;
  readonly #builds = new Set<string>();
  readonly #hours = new Float64Array(24);
  readonly #seconds: number[] = [];

  constructor(day: number) {
    this.day = day;
  }

  add({ arrivedAt, durationSeconds, request, build }: Job): void {
    this.#pods += 1;
    this.#podSeconds += durationSeconds;
    this.#cpuMillicores += request.cpuMillicores;
    this.#memoryBytes += request.memoryBytes;
    const hour = Math.floor((arrivedAt % DAY_SECONDS) / 3600);
    this.#hours[hour] = (this.#hours[hour] ?? 0) + 1;
    this.#seconds.push(arrivedAt);
    if (build === undefined || this.#builds.size >= MOST_BUILDS)
      this.#unnamedBuilds += build === undefined ? 0 : 1;
    else this.#builds.add(build);
  }

  booted(seconds: number): void {
    this.#boots += 1;
    this.#bootSeconds += seconds;
  }

  summary(): DaySummary {
    return {
      day: this.day,
      pods: this.#pods,
      podSeconds: this.#podSeconds,
      cpuMillicores: this.#cpuMillicores,
      memoryBytes: this.#memoryBytes,
      builds: this.#builds.size + this.#unnamedBuilds,
      peakHourPods: Math.max(...this.#hours),
      pushSquares: pushSquares(this.#seconds),
      boots: this.#boots,
      bootSeconds: this.#bootSeconds,
      exhausted: this.exhausted,
    };
  }
}

/** Sum of the squared push sizes. */
function pushSquares(seconds: readonly number[]): number {
  const times = Float64Array.from(seconds).sort();
  let squares = 0;
  let size = 0;
  let last = -Infinity;
  for (const at of times) {
    if (at - last > PUSH_SECONDS) {
      squares += size * size;
      size = 0;
    }
    size += 1;
    last = at;
  }
  return squares + size * size;
}

/** Sums up days as Pods end; old days are stored as sums, only the latest stay open. */
export class DayBook {
  readonly #closed = new Map<number, DaySummary>();
  readonly #open = new Map<number, OpenDay>();
  readonly #mostDays: number;

  /** @param mostDays how many days are kept */
  constructor(mostDays: number) {
    this.#mostDays = mostDays;
  }

  /** A build that has ended; it is counted on the day of its arrival. */
  add(job: Job): void {
    this.#dayOf(job.arrivedAt)?.add(job);
  }

  booted(atSeconds: number, seconds: number): void {
    this.#dayOf(atSeconds)?.booted(seconds);
  }

  exhaustedAt(atSeconds: number): void {
    const day = this.#dayOf(atSeconds);
    if (day !== undefined) day.exhausted = true;
  }

  /** Whole days before today with any build, oldest first; today is excluded. */
  wholeDays(nowSeconds: number): readonly DaySummary[] {
    const today = Math.floor(nowSeconds / DAY_SECONDS);
    for (const [day, open] of this.#open) {
      // A build of yesterday may still run today: a day is closed two days later, so that no build is missed.
      if (day < today - 2) this.#close(day, open);
    }
    const open = [...this.#open.values()].map((one) => one.summary());
    return [...this.#closed.values(), ...open]
      .filter(({ day, pods }) => day < today && day >= today - this.#mostDays && pods > 0)
      .sort((one, other) => one.day - other.day);
  }

  #dayOf(atSeconds: number): OpenDay | undefined {
    const day = Math.floor(atSeconds / DAY_SECONDS);
    if (this.#closed.has(day)) return undefined;
    const open = this.#open.get(day) ?? new OpenDay(day);
    this.#open.set(day, open);
    return open;
  }

  #close(day: number, open: OpenDay): void {
    this.#closed.set(day, open.summary());
    this.#open.delete(day);
    const oldest = Math.min(...this.#closed.keys());
    if (this.#closed.size > this.#mostDays) this.#closed.delete(oldest);
  }
}

/** Sums up a whole trace, for tests and for a start from stored records. */
export function summariesOf(jobs: readonly Job[]): readonly DaySummary[] {
  return [...Map.groupBy(jobs, ({ arrivedAt }) => Math.floor(arrivedAt / DAY_SECONDS))]
    .sort(([one], [other]) => one - other)
    .map(([day, members]) => {
      const open = new OpenDay(day);
      for (const job of members) open.add(job);
      return open.summary();
    });
}
