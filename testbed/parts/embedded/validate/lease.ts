import { invalidValue } from '../api/field-errors.ts';
import { type KubeObject, recordOf } from '../api/objects.ts';
import type { FieldError } from '../api/status-errors.ts';

/** Go's layout of a Lease's times: microseconds are a must. */
const LAYOUT = '2006-01-02T15:04:05.000000Z07:00';
const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const MICROSECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

/** Faults of a Lease: its durations. */
export function leaseFaults(lease: KubeObject): FieldError[] {
  const { leaseDurationSeconds: seconds } = recordOf(lease['spec']);
  if (typeof seconds !== 'number' || seconds > 0) return [];
  return [invalidValue('spec.leaseDurationSeconds', seconds, 'must be greater than 0')];
}

/** Why a Lease's times can not be read, in the decoder's words; undefined when they can. */
export function leaseTimeFault(lease: Readonly<Record<string, unknown>>): string | undefined {
  const spec = recordOf(lease['spec']);
  for (const time of [spec['acquireTime'], spec['renewTime']]) {
    if (typeof time !== 'string' || MICROSECONDS.test(time)) continue;
    const rest = SECONDS.test(time) ? time.slice(19) : time;
    const expected = SECONDS.test(time) ? '.000000' : '2006';
    return `parsing time "${time}" as "${LAYOUT}": cannot parse "${rest}" as "${expected}"`;
  }
  return undefined;
}
