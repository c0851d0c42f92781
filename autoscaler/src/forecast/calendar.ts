import { weekdayOf } from './day-minutes.ts';

/** Days, counted since 1970, that are like another weekday; Monday is 0. */
export type Calendar = ReadonlyMap<number, number>;

const DAY_MS = 86_400_000;
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
/** A date, and the weekday that it is like. */
const LINE = /^(\d{4}-\d\d-\d\d)(?:\s+([A-Za-z]{3}))?$/;

function dayOf(date: string): number | undefined {
  const ms = Date.parse(date);
  const isDate = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
  return isDate ? ms / DAY_MS : undefined;
}

/** Reads a calendar: a date on each line, such as `2026-12-25` or `2026-12-24 Sat`; a date alone is like a Sunday. */
export function parseCalendar(text: string): { readonly calendar: Calendar } | { readonly problem: string } {
  const calendar = new Map<number, number>();
  for (const [nth, line] of text.split('\n').entries()) {
    const content = line.replace(/#.*/, '').trim();
    if (content === '') continue;
    const [, date = '', name = 'sun'] = LINE.exec(content) ?? [];
    const day = dayOf(date);
    const weekday = WEEKDAYS.indexOf(name.toLowerCase());
    if (day === undefined || weekday < 0)
      return { problem: `line ${nth + 1} is not a date such as 2026-12-25, or 2026-12-24 Sat` };
    calendar.set(day, weekday);
  }
  return { calendar };
}

/** The weekday that a day is like. */
export const kindOfDay = (calendar: Calendar | undefined, day: number): number =>
  calendar?.get(day) ?? weekdayOf(day);
