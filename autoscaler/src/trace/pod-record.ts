import type { Job } from '../capacity/job.ts';
import type { PodFact } from '../capacity/read-pod.ts';
import { formatTraceLine, parseTraceLine } from './trace-line.ts';

/** A Pod that ended: a job of a trace, and the Pod's uid. */
export interface TraceRecord {
  /** Empty in traces that other programs wrote. */
  readonly uid: string;
  readonly job: Job;
}

/** One record as a line of a trace; `replay` reads it too and ignores the uid. */
export function formatRecord({ uid, job }: TraceRecord): string {
  const line = formatTraceLine(job);
  return uid === '' ? line : `${line.slice(0, -1)},"pod":${JSON.stringify(uid)}}`;
}

/**
 * Reads a line.
 *
 * @returns a record, or what is wrong with the line; undefined for an empty one
 */
export function parseRecord(
  text: string,
  line: number,
): TraceRecord | { readonly problem: string } | undefined {
  const job = parseTraceLine(text, line);
  if (job === undefined) return undefined;
  return 'problem' in job ? { problem: job.problem } : { uid: uidOf(text), job };
}

function uidOf(text: string): string {
  const data = JSON.parse(text) as { readonly pod?: unknown };
  return typeof data.pod === 'string' ? data.pod : '';
}

/**
 * The record of a Pod that ended: the room that it used, and for how long.
 *
 * @param goneMs when its end was observed, used when its status contains no time
 * @returns undefined for a Pod that never used room
 */
export function traceRecordOf(fact: PodFact, goneMs: number): TraceRecord | undefined {
  const from = fact.boundMs ?? fact.startedMs;
  if (from === undefined) return undefined;
  const { build, repo, stage, event } = fact;
  return {
    uid: fact.uid,
    job: {
      arrivedAt: fact.createdMs / 1000,
      durationSeconds: Math.max(0, ((fact.endedMs ?? goneMs) - from) / 1000),
      request: fact.request,
      ...(build === '' ? {} : { build }),
      ...(repo === '' ? {} : { repo }),
      ...(stage === '' ? {} : { stage }),
      ...(event === '' ? {} : { event }),
    },
  };
}
