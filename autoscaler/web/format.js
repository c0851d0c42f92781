const figures = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const amounts = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/**
 * A formatted number; a dash where there is none.
 * @param {number | null | undefined} value
 */
export const figure = (value) => (value === null || value === undefined ? '–' : figures.format(value));

/**
 * @param {number} value
 * @param {string} currency
 */
export const money = (value, currency) => `${amounts.format(value)} ${currency}`;

/** @param {number} share 0 to 1 */
export const percent = (share) => `${figures.format(Math.round(share * 1000) / 10)} %`;

/**
 * A duration: `45 s`, `3 min 20 s`, `2 h 5 min`.
 * @param {number} seconds
 */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  const [big, bigUnit, small, smallUnit] =
    whole < 3600
      ? [Math.floor(whole / 60), 'min', whole % 60, 's']
      : [Math.floor(minutes / 60), 'h', minutes % 60, 'min'];
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

/**
 * A wait with its objective: `3.4 s, within 10 s`.
 * @param {number} seconds
 * @param {number} objective in seconds
 */
export const waitBeside = (seconds, objective) =>
  `${figure(Math.round(seconds * 10) / 10)} s, ${seconds <= objective ? 'within' : 'beyond'} ${figure(objective)} s`;

/**
 * The local time of day; with the date when it was another day.
 * @param {number} atMs
 * @param {number} nowMs
 */
export function clockTime(atMs, nowMs) {
  const at = new Date(atMs);
  const time = at.toLocaleTimeString('en-GB');
  return at.toDateString() === new Date(nowMs).toDateString()
    ? time
    : `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${time}`;
}

/** @param {number} atMs */
export const shortTime = (atMs) =>
  new Date(atMs).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

/**
 * The display name of a published shape; any other shape keeps its name.
 * @param {string} shape
 */
export function shapeTitle(shape) {
  const [, cpu, memory] = /^(\d+)cpu-(\d+)gb$/.exec(shape) ?? [];
  return cpu === undefined ? shape : `${cpu} CPU / ${memory} GB`;
}

const GIB = 2 ** 30;
/** @type {Readonly<Record<string, number>>} */
const BYTES = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: GIB, Ti: 2 ** 40 };

/**
 * CPU in Kubernetes notation as whole CPUs: `1150m` is `1.15`.
 * @param {string} text
 */
export const cpu = (text) => figure(text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text));

/** @param {number} bytes */
export const memoryBytes = (bytes) =>
  bytes >= GIB ? `${figure(bytes / GIB)} GiB` : `${figure(Math.round(bytes / 2 ** 20))} MiB`;

/**
 * Memory in Kubernetes notation: `598400Mi` is `584.38 GiB`; text that can't be parsed is returned unchanged.
 * @param {string} text
 */
export function memory(text) {
  const [, number = '', unit = ''] = /^(\d+)([KMGT]i)?$/.exec(text) ?? [];
  const factor = BYTES[unit];
  return number === '' || factor === undefined ? text : memoryBytes(Number(number) * factor);
}

/**
 * A quantity in a readable unit.
 * @param {number} value
 * @param {string} unit
 */
export function quantity(value, unit) {
  if (unit === 'bytes') return memoryBytes(value);
  if (unit === 'millicores') return `${figure(value / 1000)} CPU`;
  return `${figure(value)} ${unit}`.trim();
}
