/** A minimum of nodes at certain times of the week, by the wall clock. */
export interface Floor {
  /** As the operator wrote it. */
  readonly text: string;
  /** Days on which it begins, 0 = Monday to 6 = Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight; `to` is exclusive. With `to` ≤ `from` it ends on the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** IANA name, such as `Europe/Berlin`. */
  readonly zone: string;
  readonly nodes: number;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAY_MINUTES = 1440;
const MINUTE_MS = 60_000;
const MOST_NODES = 100_000;
/** How far ahead a floor is looked up at most: no node takes longer to boot. */
const MOST_AHEAD_MINUTES = 120;

function daysOf(text: string): readonly number[] | undefined {
  if (text === '*') return DAYS.map((_, day) => day);
  const days = text
    .toLowerCase()
    .split(',')
    .map((part) => {
      const [from = '', to = from, ...rest] = part.split('-');
      const [first, last] = [DAYS.indexOf(from), DAYS.indexOf(to)];
      if (first < 0 || last < 0 || rest.length > 0) return undefined;
      const length = ((last - first + DAYS.length) % DAYS.length) + 1;
      return Array.from({ length }, (_, nth) => (first + nth) % DAYS.length);
    });
  return days.includes(undefined) ? undefined : [...new Set(days.flatMap((one) => one ?? []))];
}

function minuteOf(text: string): number | undefined {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= DAY_MINUTES ? minute : undefined;
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).format(0) !== '';
  } catch {
    return false;
  }
}

type Parsed = { readonly floor: Floor } | { readonly problem: string };

/** `08:00-18:00` in minutes; undefined: not a time span. */
function spanOf(text: string): Pick<Floor, 'fromMinute' | 'toMinute'> | undefined {
  const [fromMinute, toMinute, ...others] = text.split('-').map(minuteOf);
  if (fromMinute === undefined || toMinute === undefined || others.length > 0) return undefined;
  return fromMinute === toMinute || fromMinute === DAY_MINUTES ? undefined : { fromMinute, toMinute };
}

/** The parts before `=`: days, a time span, a zone; span and zone are optional. */
function partsOf(text: string): Omit<Floor, 'nodes' | 'text'> | string {
  const [dayText = '', ...rest] = text.split(/\s+/);
  const spanText = rest[0]?.includes(':') === true ? rest.shift() : undefined;
  const [zone = 'UTC', ...more] = rest;
  const days = daysOf(dayText);
  const span = spanOf(spanText ?? '00:00-24:00');
  if (days === undefined) return `"${dayText}" is not a day. Write Mon-Fri, Sat,Sun or *`;
  if (span === undefined) return `"${spanText}" is not a time span. Write 08:00-18:00`;
  if (more.length > 0) return `"${more.join(' ')}" is unexpected`;
  if (!isZone(zone)) return `"${zone}" is not a time zone. Write an IANA name such as Europe/Berlin`;
  return { days, ...span, zone };
}

function parseOne(text: string): Parsed {
  const [when = '', count = '', ...rest] = text.split('=').map((part) => part.trim());
  if (when === '' || rest.length > 0 || !/^\d{1,6}$/.test(count) || Number(count) > MOST_NODES)
    return { problem: `"${text}" sets no number of nodes. Write Mon-Fri 08:00-18:00 Europe/Berlin=10` };
  const parts = partsOf(when);
  return typeof parts === 'string'
    ? { problem: parts }
    : { floor: { ...parts, text: when, nodes: Number(count) } };
}

/**
 * Reads floors such as `Mon-Fri 08:00-18:00 Europe/Berlin=10; *=2`.
 *
 * @returns the floors, or the first mistake with its remedy
 */
export function parseFloors(
  text: string,
): { readonly floors: readonly Floor[] } | { readonly problem: string } {
  const parts = text.split(';').map((part) => part.trim());
  const parsed = parts.filter((part) => part !== '').map(parseOne);
  const wrong = parsed.find((one) => 'problem' in one);
  if (wrong !== undefined && 'problem' in wrong) return wrong;
  return { floors: parsed.flatMap((one) => ('floor' in one ? [one.floor] : [])) };
}

interface WallTime {
  /** 0 = Monday. */
  readonly day: number;
  readonly minute: number;
}

function wallTimes(atsMs: readonly number[], zone: string): readonly WallTime[] {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return atsMs.map((atMs) => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const minute = Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
    return { day: DAYS.indexOf((parts.get('weekday') ?? '').toLowerCase()), minute };
  });
}

function holds({ days, fromMinute, toMinute }: Floor, { day, minute }: WallTime): boolean {
  const yesterday = (day + DAYS.length - 1) % DAYS.length;
  if (toMinute > fromMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
  return (days.includes(day) && minute >= fromMinute) || (days.includes(yesterday) && minute < toMinute);
}

/**
 * The highest floor from now until `leadSeconds` later: its nodes must be ready when it begins. Daylight saving time is that of the
 * floor's zone. Pure.
 *
 * @returns undefined: none holds
 */
export function floorAt(floors: readonly Floor[], nowMs: number, leadSeconds: number): Floor | undefined {
  const minutes = Math.min(MOST_AHEAD_MINUTES, Math.ceil(leadSeconds / 60));
  const atsMs = Array.from({ length: minutes + 1 }, (_, nth) =>
    nth === minutes ? nowMs + Math.min(leadSeconds * 1000, minutes * MINUTE_MS) : nowMs + nth * MINUTE_MS,
  );
  return floors
    .filter((floor) => wallTimes(atsMs, floor.zone).some((at) => holds(floor, at)))
    .reduce<Floor | undefined>(
      (highest, floor) => (highest === undefined || floor.nodes > highest.nodes ? floor : highest),
      undefined,
    );
}
