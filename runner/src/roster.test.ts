import { describe, expect, it } from 'vitest';
import { NO_LOAD } from './admit/admit.ts';
import { Roster, type RosterEntry } from './roster.ts';

const entry = (stageId: number): RosterEntry => ({
  stageId,
  buildId: 41,
  buildNumber: 12,
  repo: 'acme/widget',
  stageName: 'default',
  event: 'push',
  phase: 'preparing',
  sinceMs: 0,
  reason: '',
  pod: '',
  adopted: false,
  asks: NO_LOAD,
});

describe('Roster', () => {
  it('takes a stage once', () => {
    const roster = new Roster();
    expect([roster.enter(entry(1)), roster.enter(entry(1)), roster.has(1), roster.has(2)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(roster.entries).toHaveLength(1);
  });

  it('tells changes to who listens, and none that is none', () => {
    const roster = new Roster();
    let told = 0;
    const unlisten = roster.listen(() => {
      told += 1;
    });
    roster.enter(entry(1));
    roster.enter(entry(1));
    roster.update(1, { phase: 'running' });
    roster.update(2, { phase: 'running' });
    roster.leave(1);
    roster.leave(1);
    expect(told).toBe(3);
    unlisten();
    roster.enter(entry(3));
    expect(told).toBe(3);
  });

  it('remembers which Pods were dealt with until they are gone, and since when', () => {
    const roster = new Roster();
    roster.land('uid', 1_000);
    roster.land(undefined, 1_000);
    expect([
      roster.hasLanded('uid'),
      roster.isOverdue('uid', 301_000),
      roster.isOverdue('uid', 301_001),
    ]).toEqual([true, false, true]);
    expect(roster.isOverdue('another', 999_999)).toBe(false);
    roster.forget('uid');
    expect(roster.hasLanded('uid')).toBe(false);
  });

  it('does not grow with Pods whose end was told before they were dealt with', () => {
    const roster = new Roster();
    for (let n = 0; n <= 10_000; n++) roster.land(`uid-${n}`, n);
    expect([roster.hasLanded('uid-0'), roster.hasLanded('uid-1'), roster.hasLanded('uid-10000')]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is quiet when nothing is in hand, not even last lines', async () => {
    const roster = new Roster();
    let told = 0;
    roster.listen(() => {
      told += 1;
    });
    let end = (): void => undefined;
    roster.linger(
      new Promise<void>((resolve) => {
        end = resolve;
      }),
    );
    roster.enter(entry(1));
    roster.leave(1);
    expect([roster.isQuiet, told]).toEqual([false, 2]);
    end();
    await Promise.resolve();
    await Promise.resolve();
    expect([roster.isQuiet, told]).toEqual([true, 3]);
  });
});
