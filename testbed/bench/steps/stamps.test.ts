import { describe, expect, it } from 'vitest';
import { readWritten } from './stamps.ts';

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
