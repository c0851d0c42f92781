import { createLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { Condition } from '../capacity/condition.ts';
import { ConditionLog } from './condition-log.ts';

const NOW = 1_768_383_000_000;

function aLog() {
  const clock = new FakeClock(NOW);
  const lines: string[] = [];
  const write = (line: string) => {
    const { level, msg } = JSON.parse(line) as { level: string; msg: string };
    lines.push(`${level} ${msg}`);
  };
  const conditions = new ConditionLog({ clock, log: createLogger('info', { write }) });
  const ticks = (...all: readonly string[][]): readonly string[] => {
    for (const texts of all) conditions.take(texts.map((text): Condition => ({ weight: 'partial', text })));
    return lines.splice(0);
  };
  return { clock, conditions, lines, ticks };
}

describe('conditions in the log', () => {
  it('appear once when they begin, and once when they are over', () => {
    const { ticks } = aLog();

    expect(ticks(['a is missing'], ['a is missing'], ['a is missing'])).toEqual(['warn a is missing']);
    expect(ticks([], [])).toEqual(['info no longer: a is missing']);
  });

  it('do not appear if they last for one tick', () => {
    expect(aLog().ticks(['a is missing'], [], ['b is missing'], [])).toEqual([]);
  });

  it('are the same with another count or age, and another one for another target', () => {
    const { ticks } = aLog();
    const texts = (count: number) => [
      `the watch last received an event ${count} s ago`,
      `http://10.0.0.${count}:3000: GET answers 500`,
    ];

    expect(ticks(texts(1), texts(1), [texts(2)[0] ?? ''], [texts(3)[0] ?? ''])).toEqual([
      'warn the watch last received an event 1 s ago',
      'warn http://10.0.0.1:3000: GET answers 500',
      'info no longer: http://10.0.0.1:3000: GET answers 500',
    ]);
    expect(ticks(texts(2), texts(2))).toEqual(['warn http://10.0.0.2:3000: GET answers 500']);
  });

  it('that come and go are repeated after ten minutes, and not before', async () => {
    const { clock, ticks } = aLog();
    const comesAndGoes = [['a'], ['a'], []];

    expect(ticks(...comesAndGoes)).toHaveLength(2);
    expect(ticks(...comesAndGoes, ...comesAndGoes)).toEqual([]);
    await clock.step(600_000);

    expect(ticks([], ...comesAndGoes)).toEqual(['warn a', 'info no longer: a']);
  });

  it('that return soon and stay are logged again after ten minutes: the last line is true', async () => {
    const { clock, ticks } = aLog();

    expect(ticks(['a'], ['a'], [], ['a'], ['a'])).toEqual(['warn a', 'info no longer: a']);
    await clock.step(599_999);
    expect(ticks(['a'])).toEqual([]);
    await clock.step(1);
    expect(ticks(['a'], ['a'])).toEqual(['warn a']);
  });

  it('that are different at each time have a limit', () => {
    const { ticks } = aLog();
    const garbage = Array.from({ length: 1000 }, (_, nth) => [`garbage ${nth}x`]);

    expect(ticks(...garbage.flatMap((one) => [one, one])).length).toBeLessThanOrEqual(200);
  });

  it('that are notes are no warnings', () => {
    const { conditions, lines } = aLog();
    const note: Condition = { weight: 'note', text: 'DaemonSets cannot be watched' };
    conditions.take([note]);
    conditions.take([note]);

    expect(lines).toEqual(['info DaemonSets cannot be watched']);
  });
});
