import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel, silentLogger } from './logger.ts';

function written(level: LogLevel) {
  const lines: string[] = [];
  const log = createLogger(level, { write: (line: string) => void lines.push(line) });
  return { lines, log, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

describe('the logger', () => {
  it('writes one JSON object per line, with the level by name and an ISO timestamp', () => {
    const { log, last } = written('info');
    log.warn({ stageId: 63 }, 'the quota is spent');
    expect(last()).toMatchObject({ level: 'warn', stageId: 63, msg: 'the quota is spent' });
    expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('suppresses messages below its level', () => {
    const { log, lines } = written('info');
    log.debug({}, 'not wanted');
    log.info({}, 'wanted');
    expect(lines).toHaveLength(1);
  });

  it('includes the fields of its parent', () => {
    const { log, last } = written('debug');
    log.child({ pod: 'p' }).debug({ n: 1 }, 'text');
    expect(last()).toMatchObject({ pod: 'p', n: 1 });
  });

  it.each([
    ['token', { token: 'S3CRET' }],
    ['password', { password: 'S3CRET' }],
    ['a nested secret', { of: { secret: 'S3CRET' } }],
    ['an authorization header', { headers: { authorization: 'Bearer S3CRET' } }],
  ])('hides %s', (_, fields) => {
    const { log, lines } = written('info');
    log.info(fields, 'text');
    expect(lines[0]).toContain('[hidden]');
    expect(lines[0]).not.toContain('S3CRET');
  });

  it('writes errors with their stack', () => {
    const { log, last } = written('info');
    log.error({ err: new Error('what went wrong') }, 'text');
    expect(last()['err']).toMatchObject({ message: 'what went wrong' });
  });

  it('can be silent', () => {
    for (const level of ['debug', 'info', 'warn', 'error'] as const)
      expect(silentLogger[level]({}, 'text')).toBeUndefined();
    expect(silentLogger.child({})).toBe(silentLogger);
  });
});
