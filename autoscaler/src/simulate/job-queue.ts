import type { Job } from '../capacity/job.ts';
import type { Resources } from '../capacity/shape.ts';
import type { SizeClass } from '../capacity/size-class.ts';

/** Waiting jobs of one class, oldest first. */
class Waiting {
  readonly #jobs: Job[] = [];
  #head = 0;

  get count(): number {
    return this.#jobs.length - this.#head;
  }

  get first(): Job | undefined {
    return this.#jobs[this.#head];
  }

  push(job: Job): void {
    this.#jobs.push(job);
  }

  /** Drops the first job; the array is shortened only occasionally, so that each job is rarely moved. */
  shift(): void {
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#jobs.length) {
      this.#jobs.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

/** The queue of jobs without room: by arrival, and by request class, so that a class that finds no room is tried only once. */
export class JobQueue {
  readonly #classIds = new Map<string, number>();
  readonly #requests: Resources[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #addClass: (request: Resources) => number;
  #total = 0;

  /** @param addClass assigns each new request class its number: 0, 1, 2 and so on */
  constructor(addClass: (request: Resources) => number) {
    this.#addClass = addClass;
  }

  get total(): number {
    return this.#total;
  }

  classOf(request: Resources): number {
    const key = `${request.cpuMillicores}/${request.memoryBytes}`;
    const known = this.#classIds.get(key);
    if (known !== undefined) return known;
    const classId = this.#addClass(request);
    this.#classIds.set(key, classId);
    this.#requests[classId] = request;
    this.#waiting[classId] = new Waiting();
    return classId;
  }

  waitingOf(classId: number): number {
    return this.#waiting[classId]?.count ?? 0;
  }

  push(classId: number, job: Job): void {
    this.#waiting[classId]?.push(job);
    this.#total += 1;
  }

  /** The waiting jobs by class. */
  classes(): readonly SizeClass[] {
    return this.#requests.flatMap((request, classId) => {
      const count = this.waitingOf(classId);
      return count > 0 ? [{ request, count }] : [];
    });
  }

  /** Offers waiting jobs by arrival; after a refusal, the other jobs of the same class are not offered in this call. */
  drain(offer: (job: Job, classId: number) => boolean): void {
    if (this.#total === 0) return;
    const refused = new Set<number>();
    for (let next = this.#oldest(refused); next !== undefined; next = this.#oldest(refused)) {
      if (offer(next.job, next.classId)) {
        this.#waiting[next.classId]?.shift();
        this.#total -= 1;
      } else refused.add(next.classId);
    }
  }

  #oldest(refused: ReadonlySet<number>): { job: Job; classId: number } | undefined {
    let oldest: { job: Job; classId: number } | undefined;
    for (const [classId, waiting] of this.#waiting.entries()) {
      const job = waiting.first;
      if (job === undefined || refused.has(classId)) continue;
      if (oldest === undefined || job.arrivedAt < oldest.job.arrivedAt) oldest = { job, classId };
    }
    return oldest;
  }
}
