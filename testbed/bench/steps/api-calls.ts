import type { AnsweredCall } from '../../suites/flows/runner-in-process.ts';

const WRITES: readonly AnsweredCall['verb'][] = ['create', 'patch', 'delete'];

/** Calls of the Kubernetes API for one pipeline. */
export interface CallCount {
  /** Without those of Leases, which are renewed by the clock and not by pipelines. */
  readonly writes: number;
  readonly leaseWrites: number;
  /** `2 create pods, 1 delete pods`: writes first, then the rest. */
  readonly text: string;
}

/** Counts calls by verb and resource. */
export function countCalls(calls: readonly AnsweredCall[]): CallCount {
  const isWrite = ({ verb }: AnsweredCall): boolean => WRITES.includes(verb);
  const onLease = ({ resource }: AnsweredCall): boolean => resource === 'leases';
  const writes = calls.filter((call) => isWrite(call) && !onLease(call));
  const leases = calls.filter(onLease);
  const rest = calls.filter((call) => !isWrite(call) && !onLease(call));
  const parts = [listed(writes), `besides: ${listed(rest)}`, `Leases: ${listed(leases)}`];
  return { writes: writes.length, leaseWrites: leases.filter(isWrite).length, text: parts.join('; ') };
}

function listed(calls: readonly AnsweredCall[]): string {
  const counts = new Map<string, number>();
  for (const { verb, resource, status } of calls) {
    const what =
      status < 400 && status > 0 ? `${verb} ${resource}` : `${verb} ${resource} answered ${status}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  if (counts.size === 0) return 'none';
  return [...counts].map(([what, count]) => `${count} ${what}`).join(', ');
}
