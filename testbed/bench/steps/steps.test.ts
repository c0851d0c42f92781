import { describe, expect, it } from 'vitest';
import type { AnsweredCall } from '../../suites/flows/runner-in-process.ts';
import { readWritten } from './gaps.ts';
import { readRan } from './observed-build.ts';
import { countCalls } from './pipelines.ts';

const call = (verb: AnsweredCall['verb'], resource: string, status = 200): AnsweredCall => ({
  verb,
  resource,
  status,
});

describe('countCalls', () => {
  it('counts writes apart from reads, and Leases apart from both', () => {
    const calls = [
      call('create', 'pods', 201),
      call('create', 'secrets', 201),
      call('patch', 'leases'),
      call('log', 'pods/log'),
      call('log', 'pods/log'),
      call('delete', 'pods'),
    ];
    expect(countCalls(calls)).toEqual({
      writes: 3,
      leaseWrites: 1,
      text: '1 create pods, 1 create secrets, 1 delete pods; besides: 2 log pods/log; Leases: 1 patch leases',
    });
  });

  it('a refused write is a write all the same, and shows', () => {
    expect(countCalls([call('patch', 'pods', 409)])).toMatchObject({
      writes: 1,
      text: '1 patch pods answered 409; besides: none; Leases: none',
    });
  });
});

describe('readRan', () => {
  it('reads what a gate leaves, with its newline or without', () => {
    const want = { code: 2, startMs: 1768383013000, endMs: 1768383088000 };
    expect(readRan('ran 2 1768383013000 1768383088000\n')).toEqual(want);
    expect(readRan('ran 2 1768383013000 1768383088000')).toEqual(want);
  });

  it.each([undefined, '', 'failed-before 0 1 1\n', 'ran 0 1\n', 'ran 0 1 2 3\n', 'it ran 0 1 2\n'])(
    'takes %j for no step that ran',
    (message) => {
      expect(readRan(message)).toBeUndefined();
    },
  );
});

describe('readWritten', () => {
  it('takes the first and the last stamp, to the microsecond', () => {
    const log = '2026-11-25T21:00:00.5Z a\n2026-11-25T21:00:01.250125Z b\n2026-11-25T21:00:02Z c\n';
    const whole = Date.parse('2026-11-25T21:00:00Z');
    expect(readWritten(log)).toEqual({ startMs: whole + 500, endMs: whole + 2000 });
    expect(readWritten(log.split('\n')[1] ?? '')?.startMs).toBeCloseTo(whole + 1250.125, 3);
  });

  it.each(['', 'unable to retrieve container logs for containerd://x', '2026-11-25 no stamp'])(
    'finds nothing in %j',
    (log) => {
      expect(readWritten(log)).toBeUndefined();
    },
  );
});
