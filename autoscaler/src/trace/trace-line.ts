import { isRecord, type JsonRecord, parseJson } from '@hangar/shared/json';
import type { Job } from '../capacity/job.ts';
import { MIB } from '../capacity/shape.ts';

/** Why a line of a trace is skipped, and the remedy. */
export interface TraceProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly problem: string;
}

/** Larger figures are mistakes, and one such line would distort every sum. */
const MOST = { durationSeconds: 30 * 86_400, cpuMillis: 1_000_000, memoryMiB: 16 * 1024 * 1024 } as const;
/** The year 2200: later times are probably milliseconds. */
const LATEST_SECONDS = 7_258_118_400;
/** Date, hour and minute, second, fraction, offset. */
const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const LEAP_SECOND = '60';

class Unreadable extends Error {}

function fieldsOf(text: string): JsonRecord {
  const data = parseJson(text);
  if (data === undefined) throw new Unreadable('it is not JSON; write one object on each line');
  if (isRecord(data)) return data;
  throw new Unreadable(
    'it is not a JSON object; write {"arrivedAt": …, "durationSeconds": …, "cpuMillis": …, "memoryMiB": …}',
  );
}

/** `Date.parse` alone reads 30 February as 2 March. */
const isDay = (text: string): boolean =>
  !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);

/** Seconds since 1970; NaN for invalid text. */
function instantOf(text: string): number {
  const [, day = '', minute = '', second = '', fraction = '0', zone = ''] = RFC_3339.exec(text) ?? [];
  if (!isDay(day)) return Number.NaN;
  const leap = second === LEAP_SECOND ? 1 : 0;
  const wholeMs = Date.parse(`${day}T${minute}:${leap === 1 ? '59' : second}${zone.toUpperCase()}`);
  return wholeMs / 1000 + leap + Number(fraction);
}

function timeOf(fields: JsonRecord, key: string): number {
  const value = fields[key];
  const seconds = typeof value === 'string' ? instantOf(value) : value;
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= LATEST_SECONDS) return seconds;
  throw new Unreadable(`${key} must be a time such as "2026-01-31T08:15:00Z", or seconds since 1970`);
}

function amountOf(fields: JsonRecord, key: keyof typeof MOST): number {
  const value = fields[key];
  if (typeof value === 'number' && value >= 0 && value <= MOST[key]) return value;
  throw new Unreadable(`${key} must be a number from 0 to ${MOST[key]}`);
}

function knownTime(fields: JsonRecord, arrivedAt: number): { readonly knownAt?: number } {
  if (fields['knownAt'] === undefined || fields['knownAt'] === null) return {};
  const knownAt = timeOf(fields, 'knownAt');
  if (knownAt <= arrivedAt) return { knownAt };
  throw new Unreadable('knownAt must not be later than arrivedAt');
}

type TextKey = 'build' | 'repo' | 'stage' | 'event';

function textField(fields: JsonRecord, key: TextKey): Partial<Record<TextKey, string>> {
  const value = fields[key];
  return typeof value === 'string' || typeof value === 'number' ? { [key]: String(value) } : {};
}

function jobOf(fields: JsonRecord): Job {
  const arrivedAt = timeOf(fields, 'arrivedAt');
  return {
    arrivedAt,
    durationSeconds: amountOf(fields, 'durationSeconds'),
    request: {
      cpuMillicores: Math.ceil(amountOf(fields, 'cpuMillis')),
      memoryBytes: Math.ceil(amountOf(fields, 'memoryMiB') * MIB),
    },
    ...knownTime(fields, arrivedAt),
    ...textField(fields, 'build'),
    ...textField(fields, 'repo'),
    ...textField(fields, 'stage'),
    ...textField(fields, 'event'),
  };
}

/**
 * Reads one line of a trace; unknown fields are ignored.
 *
 * @param line its number, counted from 1
 * @returns a job, or what is wrong; undefined for an empty line
 */
export function parseTraceLine(text: string, line: number): Job | TraceProblem | undefined {
  if (text.trim() === '') return undefined;
  try {
    return jobOf(fieldsOf(text));
  } catch (error) {
    if (error instanceof Unreadable) return { line, problem: error.message };
    throw error;
  }
}

/** One job as a line of a trace, without a line end; the inverse of {@link parseTraceLine}. */
export function formatTraceLine({ request, ...job }: Job): string {
  const { arrivedAt, durationSeconds, knownAt, build, repo, stage, event } = job;
  const memoryMiB = request.memoryBytes / MIB;
  return JSON.stringify({
    arrivedAt,
    durationSeconds,
    cpuMillis: request.cpuMillicores,
    memoryMiB,
    knownAt,
    build,
    repo,
    stage,
    event,
  });
}
