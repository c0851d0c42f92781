import type { Job } from '../capacity/job.ts';
import type { TraceProblem } from './trace-line.ts';
import { parseTraceLine } from './trace-line.ts';

/** The content of a trace. */
export interface Trace {
  /** By arrival; jobs with the same arrival keep the order of their lines. */
  readonly jobs: readonly Job[];
  /** The line of each job, counted from 1, in the order of the jobs. */
  readonly lines: readonly number[];
  /** The first damaged lines; {@link problemCount} counts all. */
  readonly problems: readonly TraceProblem[];
  readonly problemCount: number;
  /** Line numbers of the other damaged lines: `22`, or `22 to 40`; ends with `and others` where there are very many. */
  readonly otherLines: readonly string[];
}

const MOST_PROBLEMS = 20;
const MOST_SPANS = 50;

/** A range of consecutive lines. */
interface Span {
  readonly from: number;
  to: number;
}

const spanText = ({ from, to }: Span): string => (from === to ? `${from}` : `${from} to ${to}`);

/** Collects a trace line by line, sorted or not; damaged lines are skipped and reported. */
export class TraceGatherer {
  readonly #jobs: { readonly job: Job; readonly line: number }[] = [];
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
    else this.#jobs.push({ job: found, line: this.#line });
  }

  /** Reports a problem at the line just read, or at the end of the file. */
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
    const found = this.#jobs.sort((one, other) => one.job.arrivedAt - other.job.arrivedAt);
    const otherLines = [...this.#others.map(spanText), ...(this.#isCut ? ['and others'] : [])];
    return {
      jobs: found.map(({ job }) => job),
      lines: found.map(({ line }) => line),
      problems: this.#problems,
      problemCount: this.#problemCount,
      otherLines,
    };
  }
}

/** Reads a whole trace from a text. */
export function parseTrace(text: string): Trace {
  const gatherer = new TraceGatherer();
  for (const line of text.split('\n')) gatherer.take(line);
  return gatherer.done();
}
