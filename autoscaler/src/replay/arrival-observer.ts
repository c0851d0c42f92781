import type { Job } from '../capacity/job.ts';
import type { Resources } from '../capacity/shape.ts';

/** What an observer of arrivals knows at each time: the arrivals so far, and the announced jobs. */
export class ArrivalObserver {
  #arrivals: number[] = [];
  #events: string[] = [];
  /** Announced jobs by the time at which they became known. */
  readonly #announced: readonly Job[];
  #arrived = 0;
  #cpuSum = 0;
  #memorySum = 0;
  #known = 0;
  #knownArrived = 0;

  constructor(jobs: readonly Job[]) {
    this.#announced = jobs
      .filter((job) => job.knownAt !== undefined && job.knownAt < job.arrivedAt)
      .sort((one, other) => (one.knownAt ?? 0) - (other.knownAt ?? 0));
  }

  arrived(job: Job): void {
    this.#arrivals.push(job.arrivedAt);
    this.#events.push(job.event ?? '');
    this.#arrived += 1;
    this.#cpuSum += job.request.cpuMillicores;
    this.#memorySum += job.request.memoryBytes;
    if (job.knownAt !== undefined && job.knownAt < job.arrivedAt) this.#knownArrived += 1;
  }

  /** Arrival times since the last call, and the events of these builds. */
  takeArrivals(): { readonly arrivals: readonly number[]; readonly events: readonly string[] } {
    const taken = { arrivals: this.#arrivals, events: this.#events };
    this.#arrivals = [];
    this.#events = [];
    return taken;
  }

  /** Announced jobs that have not arrived yet. */
  knownAhead(now: number): number {
    while ((this.#announced[this.#known]?.knownAt ?? Infinity) <= now) this.#known += 1;
    return Math.max(0, this.#known - this.#knownArrived);
  }

  /** Mean request so far; one core and one GiB before the first arrival. */
  get typicalRequest(): Resources {
    const count = this.#arrived;
    if (count === 0) return { cpuMillicores: 1000, memoryBytes: 2 ** 30 };
    return { cpuMillicores: this.#cpuSum / count, memoryBytes: this.#memorySum / count };
  }
}
