import { ConfigError } from '@hangar/shared/program/command-error';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../replay/testing/a-service.ts';
import { withCalendar } from './with-calendar.ts';

const named = { ...defaultSettings(), calendarFile: '/etc/holidays' };
const problemOf = (readFile: () => string): unknown => {
  try {
    return withCalendar(named, readFile);
  } catch (error) {
    return error;
  }
};

describe('a calendar that settings name', () => {
  it('is read into the buffer of the policy', () => {
    expect(withCalendar(named, () => '2026-12-25\n').buffer.calendar?.size).toBe(1);
    expect(withCalendar(defaultSettings(), () => 'not read').buffer.calendar).toBeUndefined();
  });

  it('prevents the start when it is missing or wrong', () => {
    const missing = problemOf(() => {
      throw new Error('ENOENT');
    });

    expect(missing).toBeInstanceOf(ConfigError);
    expect(String(missing)).toContain('HANGAR_AUTOSCALER_CALENDAR: cannot read /etc/holidays: ENOENT');
    expect(String(problemOf(() => 'Christmas'))).toContain('/etc/holidays: line 1 is not a date');
  });
});
