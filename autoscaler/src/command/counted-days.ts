import type { Job } from '../capacity/job.ts';

const DAY = 86_400;
/** Two weeks contain every weekday twice. */
const USUAL_TRAIN_DAYS = 14;

/** The part of a trace that counts. Times in seconds since 1970. */
export interface CountedDays {
  /** The first midnight UTC, at or before the first job. */
  readonly midnight: number;
  /** Days from then on that policies learn from, and that don't count. */
  readonly trainDays: number;
  readonly countFrom: number;
  /** A note for the user; empty: none. */
  readonly note: string;
}

const inDays = (days: number): string => `${days} ${days === 1 ? 'day' : 'days'}`;

/** Shorter than this, a trace ends before most of its builds do. */
const SHORT_SECONDS = 3600;

/** The cost of builds that run after the last arrival is not counted, so that of a single burst is nearly zero. */
function shortNote(seconds: number): string {
  if (seconds >= SHORT_SECONDS) return '';
  const span = seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} minutes`;
  return `the evaluated builds arrived within ${span}: node-hours are counted until the last one arrives, and say little here. Use a trace of a day or more`;
}

/** The note for the user: zeros would look like a result, and a part of the trace like the whole. */
function noteOf(days: number, trainDays: number, isAsked: boolean): string {
  if (trainDays >= days) {
    const cure = days === 1 ? '--train-days 0' : `--train-days 0, or fewer than ${days}`;
    return `the trace has ${inDays(days)}, and the first ${trainDays} are for training: nothing is left to evaluate. Use ${cure}`;
  }
  if (isAsked || trainDays === USUAL_TRAIN_DAYS) return '';
  const parts =
    trainDays === 0
      ? 'all of it is evaluated, without training'
      : `${inDays(trainDays)} for training, the rest is evaluated`;
  return `the trace has ${inDays(days)}: ${parts}. Override with --train-days N`;
}

/**
 * The part of a trace that counts.
 *
 * @param jobs by arrival
 * @param asked days for training; undefined: two weeks, or half of a trace that is not longer
 */
export function countedDays(jobs: readonly Job[], asked: number | undefined): CountedDays {
  const [first, last] = [jobs[0]?.arrivedAt ?? 0, jobs.at(-1)?.arrivedAt ?? 0];
  const midnight = Math.floor(first / DAY) * DAY;
  const days = Math.floor((last - midnight) / DAY) + 1;
  const trainDays = asked ?? (days > USUAL_TRAIN_DAYS ? USUAL_TRAIN_DAYS : Math.floor(days / 2));
  const countFrom = trainDays === 0 ? first : midnight + trainDays * DAY;
  const notes = [
    noteOf(days, trainDays, asked !== undefined),
    trainDays < days ? shortNote(last - countFrom) : '',
  ];
  return { midnight, trainDays, countFrom, note: notes.filter((note) => note !== '').join('\n') };
}
