import type { Job } from '../capacity/job.ts';
import type { TraceProblem } from './trace-line.ts';
import { parseTraceLine } from './trace-line.ts';

/** What a trace held. */
export interface Trace {
  /** By arrival; jobs of one moment stay in the order of their lines. */
  readonly jobs: readonly Job[];
  /** The first damaged lines; {@link problemCount} counts all. */
  readonly problems: readonly TraceProblem[];
  readonly problemCount: number;
  /** Which lines the rest is: `22`, or `22 to 40`; `and others` at the end where they are very many. */
  readonly otherLines: readonly string[];
}

const MOST_PROBLEMS = 20;
const MOST_SPANS = 50;

/** Neighbouring lines. */
interface Span {
  readonly from: number;
  to: number;
}

const inWords = ({ from, to }: Span): string => (from === to ? `${from}` : `${from} to ${to}`);

/** Takes a trace in line by line, sorted or not; damaged lines are set aside and told, the others count. */
export class TraceGatherer {
  readonly #jobs: Job[] = [];
  readonly #problems: TraceProblem[] = [];
  readonly #others: Span[] = [];
  #isCut = false;
  #problemCount = 0;
  #line = 0;

  take(text: string): void {
    this.#line += 1;
    const found = parseTraceLine(text, this.#line);
    if (found === undefined) return;
    if ('problem' in found) this.damaged(found.problem);
    else this.#jobs.push(found);
  }

  /** Something is wrong at the line just taken, or at the end of the file. */
  damaged(problem: string): void {
    this.#problemCount += 1;
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ line: this.#line, problem });
    else this.#another();
  }

  #another(): void {
    const line = this.#line;
    const last = this.#others.at(-1);
    if (last !== undefined && line <= last.to + 1) last.to = line;
    else if (this.#others.length < MOST_SPANS) this.#others.push({ from: line, to: line });
    else this.#isCut = true;
  }

  done(): Trace {
    const jobs = this.#jobs.sort((one, other) => one.arrivedAt - other.arrivedAt);
    const otherLines = [...this.#others.map(inWords), ...(this.#isCut ? ['and others'] : [])];
    return { jobs, problems: this.#problems, problemCount: this.#problemCount, otherLines };
  }
}

/** Reads a whole trace from a text. */
export function parseTrace(text: string): Trace {
  const gatherer = new TraceGatherer();
  for (const line of text.split('\n')) gatherer.take(line);
  return gatherer.done();
}
