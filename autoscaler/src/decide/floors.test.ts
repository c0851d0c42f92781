import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floorAt, parseFloors } from './floors.ts';

function floors(text: string) {
  const parsed = parseFloors(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.floors;
}
const nodesAt = (text: string, at: string, leadSeconds = 0): number =>
  floorAt(floors(text), Date.parse(at), leadSeconds)?.nodes ?? 0;

describe('calendar floors', () => {
  const OFFICE = 'Mon-Fri 08:00-18:00 Europe/Berlin=10; *=2';

  it.each([
    ['a winter morning, a minute before the floor', '2026-01-14T06:59:00Z', 2],
    ['eight in winter', '2026-01-14T07:00:00Z', 10],
    ['eight in summer is an hour earlier by UTC', '2026-07-15T06:00:00Z', 10],
    ['the last minute', '2026-01-14T16:59:59Z', 10],
    ['its end is exclusive', '2026-01-14T17:00:00Z', 2],
    ['Saturday', '2026-01-17T09:00:00Z', 2],
  ])('%s', (...[, at, nodes]) => {
    expect(nodesAt(OFFICE, at)).toBe(nodes);
  });

  it('hold over midnight, for the day on which they begin', () => {
    const night = 'Fri 22:00-06:00=5';

    expect(nodesAt(night, '2026-01-16T22:00:00Z')).toBe(5);
    expect(nodesAt(night, '2026-01-17T05:59:00Z')).toBe(5);
    expect(nodesAt(night, '2026-01-17T06:00:00Z')).toBe(0);
    expect(nodesAt(night, '2026-01-16T05:00:00Z')).toBe(0);
  });

  it('begin early enough for nodes to boot', () => {
    expect(nodesAt(OFFICE, '2026-01-14T06:57:00Z', 180)).toBe(10);
    expect(nodesAt(OFFICE, '2026-01-14T06:56:59Z', 180)).toBe(2);
    expect(nodesAt(OFFICE, '2026-01-14T06:58:30Z', 45)).toBe(2);
    expect(nodesAt(OFFICE, '2026-01-14T06:59:30Z', 45)).toBe(10);
  });

  it('accept lists of days and ranges over the end of the week', () => {
    expect(floors('Sat-Mon,Wed=1')[0]?.days).toEqual([5, 6, 0, 2]);
    expect(floors('sun 00:00-24:00 Asia/Kolkata=3')[0]).toMatchObject({ days: [6], toMinute: 1440 });
  });

  it.each([
    ['Mon-Fri', 'sets no number of nodes'],
    ['Mon=x', 'sets no number of nodes'],
    ['Moon=1', '"Moon" is not a day'],
    ['Mon 8-18=1', '"8-18" is not a time zone'],
    ['Mon 08:00-25:00=1', '"08:00-25:00" is not a time span'],
    ['Mon 08:60-09:00=1', 'is not a time span'],
    ['Mon 08:00-08:00=1', 'is not a time span'],
    ['Mon 08:00-09:00 Mars/Olympus=1', '"Mars/Olympus" is not a time zone'],
    ['Mon 08:00-09:00 UTC please=1', '"please" is unexpected'],
  ])('%s is refused with a remedy', (text, problem) => {
    const parsed = parseFloors(text);

    expect('problem' in parsed && parsed.problem).toContain(problem);
  });

  it('hold for exactly their minutes of a week, except for the hours that daylight saving time adds and removes', () => {
    const minute = fc.integer({ min: 0, max: 1439 });
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe');
    const clock = (at: number): string =>
      `${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`;
    fc.assert(
      fc.property(minute, minute, zone, fc.nat(51), (from, to, name, week) => {
        fc.pre(from !== to);
        const all = floors(`* ${clock(from)}-${clock(to)} ${name}=1`);
        const began = Date.UTC(2026, 0, 1) + week * 7 * 86_400_000;
        const halfHours = Array.from({ length: 7 * 48 }, (_, nth) => began + nth * 1_800_000);
        const held = halfHours.filter((at) => floorAt(all, at, 0) !== undefined).length;
        const expected = (7 * ((to - from + 1440) % 1440)) / 30;
        expect(Math.abs(held - expected)).toBeLessThanOrEqual(7 + 4);
      }),
      { numRuns: 10 },
    );
  });

  it('follow the wall clock of their zone in every hour of the year', () => {
    const office = floors('Mon-Fri 08:00-18:00 Europe/Berlin=1');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 365 * 24 * 60 - 1 }), (minutes) => {
        const at = Date.UTC(2026, 0, 1) + minutes * 60_000;
        const wall = new Date(at).toLocaleString('en-US', {
          timeZone: 'Europe/Berlin',
          weekday: 'long',
          hour: 'numeric',
          hour12: false,
        });
        const [day = '', hour = ''] = wall.split(/,? /);
        const isOffice = !day.startsWith('S') && Number(hour) % 24 >= 8 && Number(hour) < 18;
        expect(floorAt(office, at, 0) !== undefined).toBe(isOffice);
      }),
    );
  });
});
