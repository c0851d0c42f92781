/**
 * Share of a weekday's pushes in each hour, UTC: our own profile, with the busiest hour at 20 % (scheduling-and-scaling §4.1: 20.5
 * % measured) and the shape of an office day around it.
 */
export const HOUR_SHARES: readonly number[] = [
  0.005, 0.005, 0.005, 0.005, 0.005, 0.005, 0.01, 0.025, 0.05, 0.075, 0.09, 0.085, 0.07, 0.115, 0.2, 0.12,
  0.065, 0.03, 0.015, 0.005, 0.005, 0.005, 0.0025, 0.0025,
];

/** How the rate changes from one hour to the next. */
export type Profile = 'hourly' | 'smooth';

/**
 * Rate at a time of day, as a share of the day per hour.
 *
 * @param hour time of day in hours, any number; it wraps around
 * @param profile `hourly` changes at full hours; `smooth` interpolates linearly from the middle of an hour to the middle of the
 * next
 */
export function shareAt(hour: number, profile: Profile): number {
  const of = (index: number): number => HOUR_SHARES[((index % 24) + 24) % 24] ?? 0;
  if (profile === 'hourly') return of(Math.floor(hour));
  const before = Math.floor(hour - 0.5);
  const part = hour - 0.5 - before;
  return of(before) * (1 - part) + of(before + 1) * part;
}
