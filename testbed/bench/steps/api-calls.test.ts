import { describe, expect, it } from 'vitest';
import type { AnsweredCall } from '../../suites/flows/runner-in-process.ts';
import { countCalls } from './api-calls.ts';

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
