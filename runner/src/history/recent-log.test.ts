import { createLogger } from '@hangar/shared/logger';
import { describe, expect, it } from 'vitest';
import { RecentLog } from './recent-log.ts';

function recentLog() {
  const written: string[] = [];
  const recent = new RecentLog({ write: (line) => void written.push(line) });
  return { recent, written, log: createLogger('info', recent) };
}

describe('the latest records', () => {
  it('have time, level, text and fields, and are passed on', () => {
    const { recent, written, log } = recentLog();
    log.child({ stageId: 7 }).warn({ reason: 'quota' }, 'waiting');

    expect(recent.records).toMatchObject([
      { level: 'warn', text: 'waiting', fields: { stageId: 7, reason: 'quota' } },
    ]);
    expect(Date.parse(recent.records[0]?.time ?? '')).not.toBeNaN();
    expect(JSON.parse(written[0] ?? '')).toMatchObject({ msg: 'waiting', reason: 'quota' });
  });

  it('are the last 250, and secrets are not among them', () => {
    const { recent, log } = recentLog();
    for (let n = 0; n < 251; n++) log.info({ n, token: 'hunter2' }, 'line');

    expect(recent.records).toHaveLength(250);
    expect(recent.records[0]?.fields).toEqual({ n: 1, token: '[hidden]' });
  });

  it('keep no fields of a record of more than 4 KiB but its stage; one of less is whole', () => {
    const { recent, written, log } = recentLog();
    log.info({ stageId: 7, text: 'x'.repeat(10_000) }, 'long');
    log.info({ text: 'x'.repeat(1_000) }, 'short');

    expect(recent.records.map(({ text, fields }) => [text, Object.keys(fields)])).toEqual([
      ['long', ['stageId']],
      ['short', ['text']],
    ]);
    expect(written[0]).toContain('x'.repeat(10_000));
  });
});
