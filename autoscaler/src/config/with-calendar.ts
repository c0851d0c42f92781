import { errorText } from '@hangar/shared/error-text';
import { ConfigError } from '@hangar/shared/program/command-error';
import { parseCalendar } from '../forecast/calendar.ts';
import type { BufferOptions } from '../forecast/live-forecast.ts';

const NAME = 'HANGAR_AUTOSCALER_CALENDAR';

/** Settings that name a calendar. */
interface Named {
  readonly calendarFile: string;
  readonly buffer: BufferOptions;
}

/**
 * The same settings with the calendar that they name.
 *
 * @throws {ConfigError} when the file can't be read, or a line is wrong
 */
export function withCalendar<S extends Named>(settings: S, readFile: (path: string) => string): S {
  const { calendarFile: file, buffer } = settings;
  if (file === '') return settings;
  const read = parseCalendar(textOf(file, readFile));
  if ('problem' in read) throw new ConfigError([`${NAME}: ${file}: ${read.problem}`]);
  return { ...settings, buffer: { ...buffer, calendar: read.calendar } };
}

function textOf(file: string, readFile: (path: string) => string): string {
  try {
    return readFile(file);
  } catch (error) {
    throw new ConfigError([`${NAME}: cannot read ${file}: ${errorText(error)}`]);
  }
}
