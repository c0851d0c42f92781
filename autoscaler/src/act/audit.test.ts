import { describe, expect, it } from 'vitest';
import { type AuditedAct, AuditTrail } from './audit.ts';

const act = (more: Partial<AuditedAct> = {}): AuditedAct => ({
  atMs: 1,
  actor: 'a',
  kind: 'paused',
  from: 1,
  to: 2,
  because: 'demand',
  text: 'paused by annotation',
  ...more,
});

describe('the audit list', () => {
  it('counts who repeats himself, whatever others do between', () => {
    const trail = new AuditTrail();
    expect(trail.record(act())).toBe(true);
    trail.record(act({ actor: 'b' }));
    expect(trail.record(act({ atMs: 9 }))).toBe(false);
    expect(trail.entries.map(({ actor, times, atMs, lastAtMs }) => [actor, times, atMs, lastAtMs])).toEqual([
      ['a', 2, 1, 9],
      ['b', 1, 1, 1],
    ]);
  });

  it('lists each act that was done, even two alike, and each other outcome', () => {
    const trail = new AuditTrail();
    for (const kind of ['set', 'set', 'paused'] as const) expect(trail.record(act({ kind }))).toBe(true);
    expect(trail.record(act({ to: 3 }))).toBe(true);
    expect(trail.entries).toHaveLength(4);
  });

  it('is bounded, the oldest go', () => {
    const trail = new AuditTrail();
    for (let to = 0; to < 1_001; to += 1) trail.record(act({ to }));
    expect(trail.entries).toHaveLength(1_000);
    expect(trail.entries[0]?.to).toBe(1);
  });
});
