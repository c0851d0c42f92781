import { byId, details, el, show, svg, table } from './dom.js';
import { clockTime, figure, shortTime } from './format.js';
import { nearestPoint, sampled, timeTicks, valueAt, valueTicks } from './scale.js';

/** @typedef {import('./scale.js').Point} Point */
/**
 * `upper` with `points` as its lower edge makes a band; `look` names a colour of page.css.
 * @typedef {{ readonly name: string, readonly look: string, readonly kind: 'line' | 'step' | 'dots' | 'band', readonly points: readonly Point[], readonly upper?: readonly Point[] }} Series
 */
/** @typedef {{ readonly title: string, readonly about: string, readonly unit: string, readonly series: readonly Series[], readonly bound?: { readonly name: string, readonly value: number }, readonly fromMs: number, readonly toMs: number, readonly nowMs: number }} Plot */
/** @typedef {{ readonly fromMs: number, readonly toMs: number }} Zoom */
/** @typedef {{ readonly width: number, readonly x: (atMs: number) => number, readonly y: (value: number) => number }} Frame */

const HEIGHT = 230;
const [LEFT, RIGHT, TOP, BOTTOM] = [40, 12, 24, 24];
/** A shorter drag is a click. */
const LEAST_DRAG_PX = 8;
const TABLE_ROWS = 24;

/**
 * Draws lines over time with a legend and a table of the same data.
 * @param {string} id
 * @param {Plot} whole
 */
export function showPlot(id, whole) {
  const plot = visible(whole);
  const width = Math.round(Math.min(1200, Math.max(260, byId(id).clientWidth)));
  show(id, { ...plot, width }, () => [
    el('figcaption', {}, el('h3', {}, plot.title), el('p', { class: 'dim' }, plot.about)),
    ...(valuesOf(plot).length === 0
      ? [el('p', { class: 'empty dim' }, 'No data for this time yet.')]
      : [
          drawing(plot, width),
          legend(plot),
          details(`${id}-table`, `${plot.title} as a table`, asTable(plot)),
        ]),
  ]);
}

/**
 * The points in the time shown, with the last one before it: a line comes from there.
 * @param {Plot} plot
 * @returns {Plot}
 */
function visible(plot) {
  const { fromMs, toMs, series } = plot;
  /** @param {readonly Point[]} points */
  const within = (points) => {
    const first = points.findIndex(([at]) => at >= fromMs);
    return first < 0 ? [] : points.slice(Math.max(0, first - 1)).filter(([at]) => at <= toMs);
  };
  const shown = series.map((one) => ({
    ...one,
    points: within(one.points),
    ...(one.upper === undefined ? {} : { upper: within(one.upper) }),
  }));
  return { ...plot, series: shown };
}

/** @param {Plot} plot */
const valuesOf = ({ series }) =>
  series.flatMap(({ points, upper = [] }) => [...points, ...upper].flatMap(([, value]) => value ?? []));

/**
 * @param {Plot} plot
 * @param {number} width
 */
function drawing(plot, width) {
  const { fromMs, toMs, bound, series } = plot;
  const ticks = valueTicks(Math.max(...valuesOf(plot), (bound?.value ?? 0) * 1.1));
  const most = ticks.at(-1) ?? 1;
  /** @type {Frame} */
  const frame = {
    width,
    x: (atMs) => LEFT + (Math.max(0, atMs - fromMs) / Math.max(1, toMs - fromMs)) * (width - LEFT - RIGHT),
    y: (value) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM),
  };
  const picture = svg(
    'svg',
    { viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': summaryOf(plot) },
    ...axes(plot, frame, ticks),
    ...series.flatMap((one) => drawn(one, frame)),
    ...(bound === undefined ? [] : [across(frame, bound.value, 'bound')]),
  );
  return readable(picture, plot, frame);
}

/** @param {Plot} plot */
function summaryOf({ title, unit, series, bound, nowMs }) {
  const now = series.map(({ name, points, upper }) => `${name} ${figure(valueAt(upper ?? points, nowMs))}`);
  const more = bound === undefined ? [] : [`${bound.name} ${figure(bound.value)}`];
  return `${title}, in ${unit}. Now: ${[...now, ...more].join(', ')}.`;
}

/**
 * @param {Frame} frame
 * @param {number} value
 * @param {string} look
 */
const across = ({ width, y }, value, look) =>
  svg('line', { class: look, x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) });

/**
 * @param {Plot} plot
 * @param {Frame} frame
 * @param {readonly number[]} ticks
 */
function axes({ fromMs, toMs, nowMs, unit }, frame, ticks) {
  const { width, x, y } = frame;
  const values = ticks.flatMap((tick) => [
    across(frame, tick, 'grid'),
    svg('text', { x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end' }, figure(tick)),
  ]);
  const times = timeTicks(fromMs, toMs, width < 420 ? 4 : 7)
    .filter((at) => x(at) > LEFT + 12 && x(at) < width - RIGHT - 12)
    .map((at) => svg('text', { x: x(at), y: HEIGHT - 6, 'text-anchor': 'middle' }, shortTime(at)));
  const now = { class: 'now', x1: x(nowMs), x2: x(nowMs), y1: TOP, y2: HEIGHT - BOTTOM };
  const label = svg('text', { class: 'unit', x: 0, y: 12 }, unit);
  const isNowInside = nowMs < toMs && nowMs > fromMs;
  return [label, ...values, ...times, ...(isNowInside ? [svg('line', now)] : [])];
}

/** @param {number} value */
const place = (value) => value.toFixed(1);

/**
 * Consecutive runs of known values.
 * @param {readonly Point[]} points
 * @returns {readonly (readonly (readonly [number, number])[])[]}
 */
function stretches(points) {
  /** @type {[number, number][][]} */
  const all = [[]];
  for (const [at, value] of points)
    if (value === null) all.push([]);
    else all.at(-1)?.push([at, value]);
  return all.filter(({ length }) => length > 0);
}

/**
 * @param {readonly Point[]} points
 * @param {Frame} frame
 * @param {boolean} isStep
 */
function path(points, { x, y }, isStep) {
  return stretches(points)
    .map((known) =>
      known
        .map(([at, value], nth) => {
          if (nth === 0) return `M${place(x(at))} ${place(y(value))}h.1`;
          return isStep ? `H${place(x(at))}V${place(y(value))}` : `L${place(x(at))} ${place(y(value))}`;
        })
        .join(''),
    )
    .join('');
}

/**
 * @param {Series} series
 * @param {Frame} frame
 * @returns {readonly SVGElement[]}
 */
function drawn({ kind, look, points, upper = [] }, frame) {
  const { x, y } = frame;
  if (kind === 'dots')
    return stretches(points).flatMap((known) =>
      known.map(([at, value]) =>
        svg('circle', { class: `dot ${look}`, cx: place(x(at)), cy: place(y(value)), r: 2.5 }),
      ),
    );
  if (kind !== 'band')
    return [svg('path', { class: `line ${look}`, d: path(points, frame, kind === 'step') })];
  const low = new Map(points);
  const areas = stretches(upper).map((known) => {
    const there = known.map(([at, value]) => `${place(x(at))} ${place(y(value))}`);
    const back = known.map(([at]) => `${place(x(at))} ${place(y(low.get(at) ?? 0))}`).reverse();
    return svg('path', { class: `area ${look}`, d: `M${[...there, ...back].join('L')}Z` });
  });
  return [...areas, svg('path', { class: `edge ${look}`, d: path(upper, frame, false) })];
}

/** @param {Plot} plot */
function legend({ series, bound }) {
  /** @type {(name: string, look: string) => HTMLElement} */
  const entry = (name, look) =>
    el('li', {}, el('span', { class: `swatch ${look}`, 'aria-hidden': 'true' }), name);
  return el(
    'ul',
    { class: 'legend' },
    ...series.map(({ name, look, kind }) => entry(name, `${look} ${kind}`)),
    ...(bound === undefined ? [] : [entry(bound.name, 'bound')]),
  );
}

/** @param {Series} series */
const shownPoints = ({ points, upper }) => upper ?? points;

/** @param {Plot} plot */
const timesOf = ({ series }) =>
  [...new Set(series.flatMap((one) => shownPoints(one).map(([at]) => at)))].sort((one, other) => one - other);

/** @param {Plot} plot */
function asTable(plot) {
  const { series, nowMs, title } = plot;
  return table({
    caption: title,
    head: ['time', ...series.map(({ name }) => name)],
    rows: sampled(timesOf(plot), TABLE_ROWS).map((at) => [
      clockTime(at, nowMs),
      ...series.map((one) => figure(valueAt(shownPoints(one), at))),
    ]),
    numbers: series.map((_, nth) => nth + 1),
    isNarrow: true,
  });
}

/**
 * Adds a line at the pointer with the values there; the table contains the same values.
 * @param {SVGElement} picture
 * @param {Plot} plot
 * @param {Frame} frame
 */
function readable(picture, plot, { width, x }) {
  const times = timesOf(plot);
  const line = svg('line', { class: 'pointer', y1: TOP, y2: HEIGHT - BOTTOM, visibility: 'hidden' });
  const readout = el('p', { class: 'readout dim', 'aria-hidden': 'true' }, '\u00a0');
  picture.append(line);
  /** @param {PointerEvent} event */
  const timeAt = ({ clientX }) => {
    const box = picture.getBoundingClientRect();
    const share = (((clientX - box.left) / box.width) * width - LEFT) / (width - LEFT - RIGHT);
    return plot.fromMs + Math.min(1, Math.max(0, share)) * (plot.toMs - plot.fromMs);
  };
  /** @param {PointerEvent} event */
  const read = (event) => {
    const at = nearestPoint(times, timeAt(event));
    if (at === undefined) return;
    for (const end of ['x1', 'x2']) line.setAttribute(end, String(x(at)));
    line.setAttribute('visibility', 'visible');
    const values = plot.series.map((one) => `${one.name} ${figure(valueAt(shownPoints(one), at))}`);
    readout.textContent = `${clockTime(at, plot.nowMs)}: ${values.join(', ')}`;
  };
  picture.addEventListener('pointermove', read);
  picture.addEventListener('pointerleave', () => {
    line.setAttribute('visibility', 'hidden');
    readout.textContent = '\u00a0';
  });
  zoomable(picture, { timeAt, x });
  return el('div', {}, picture, readout);
}

/**
 * A drag selects a stretch of time: the picture dispatches it as an event `zoom`.
 * @param {SVGElement} picture
 * @param {{ readonly timeAt: (event: PointerEvent) => number, readonly x: (atMs: number) => number }} frame
 */
function zoomable(picture, { timeAt, x }) {
  picture.addEventListener('pointerdown', (start) => {
    const [beganMs, pointer] = [timeAt(start), start.pointerId];
    const area = svg('rect', { class: 'selection', y: TOP, height: HEIGHT - TOP - BOTTOM, width: 0 });
    picture.append(area);
    picture.setPointerCapture(pointer);
    /** @param {PointerEvent} event */
    const drag = (event) => {
      const [from, to] = [beganMs, timeAt(event)].sort((one, other) => one - other).map(x);
      area.setAttribute('x', String(from));
      area.setAttribute('width', String((to ?? 0) - (from ?? 0)));
    };
    /** @param {PointerEvent} end */
    const drop = (end) => {
      area.remove();
      picture.removeEventListener('pointermove', drag);
      if (Math.abs(end.clientX - start.clientX) < LEAST_DRAG_PX) return;
      const [fromMs = 0, toMs = 0] = [beganMs, timeAt(end)].sort((one, other) => one - other);
      picture.dispatchEvent(new CustomEvent('zoom', { bubbles: true, detail: { fromMs, toMs } }));
    };
    picture.addEventListener('pointermove', drag);
    picture.addEventListener('pointerup', drop, { once: true });
    picture.addEventListener('pointercancel', () => area.remove(), { once: true });
  });
}

/**
 * The stretch of time that an event `zoom` selects.
 * @param {Event} event
 * @returns {Zoom | undefined}
 */
export const zoomOf = (event) =>
  event instanceof CustomEvent ? /** @type {CustomEvent<Zoom>} */ (event).detail : undefined;

/** Whether a stretch of time is being selected: a redraw would end it. */
export const isSelecting = () => document.querySelector('.selection') !== null;
