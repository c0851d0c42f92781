import { byId, details, el, show, svg, table } from './dom.js';
import { figure } from './format.js';
import { valueTicks } from './scale.js';

/** @typedef {import('./data.js').Curve} Curve */
/** @typedef {import('./data.js').CurvePoint} CurvePoint */

const [WIDTH, HEIGHT] = [640, 260];
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 60, 24, 40];

/**
 * Node-hours against waits, a point for each price of waiting; hidden until it is learned.
 * @param {Curve | null} curve
 */
export function showCurve(curve) {
  const isLearned = curve !== null && curve.points.length > 1;
  byId('curve').hidden = !isLearned;
  show('plot-curve', curve, () => (isLearned ? parts(curve) : []));
}

/** @param {Curve} curve */
function parts({ days, builds, waitPrice, points }) {
  const own = points.find((point) => point.waitPrice === waitPrice);
  const stands =
    own === undefined
      ? 'HANGAR_AUTOSCALER_WAIT_PRICE is off: no point of the curve is in use.'
      : `The present price is ${figure(own.waitPrice)}: ${figure(own.nodeHoursPerDay)} node-hours a day, a mean wait of ${figure(own.waitMeanSeconds)} s.`;
  return [
    el(
      'figcaption',
      {},
      el(
        'p',
        { class: 'dim' },
        `${figure(builds)} builds of ${figure(days)} days, replayed with each price of waiting. More node-hours, shorter waits. ${stands}`,
      ),
    ),
    drawing(points, own),
    details('curve-table', 'Cost against waiting as a table', asTable(points)),
  ];
}

/**
 * @param {readonly CurvePoint[]} points
 * @param {CurvePoint | undefined} own
 */
function drawing(points, own) {
  const [across, up] = [
    valueTicks(Math.max(...points.map(({ nodeHoursPerDay }) => nodeHoursPerDay))),
    valueTicks(Math.max(...points.map(({ waitMeanSeconds }) => waitMeanSeconds))),
  ];
  /** @type {(value: number) => number} */
  const x = (value) => LEFT + (value / (across.at(-1) ?? 1)) * (WIDTH - LEFT - RIGHT);
  /** @type {(value: number) => number} */
  const y = (value) => HEIGHT - BOTTOM - (value / (up.at(-1) ?? 1)) * (HEIGHT - TOP - BOTTOM);
  const line = points.map((point) => `${x(point.nodeHoursPerDay)} ${y(point.waitMeanSeconds)}`).join('L');
  return svg(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: 'img',
      'aria-label':
        'Node-hours a day against the mean wait in seconds, by the price of waiting; the table has the numbers',
    },
    svg('text', { class: 'unit', x: 0, y: 12 }, 'mean wait in seconds'),
    svg('text', { class: 'unit', x: WIDTH - RIGHT, y: HEIGHT - 4, 'text-anchor': 'end' }, 'node-hours a day'),
    ...up.flatMap((tick) => [
      svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }),
      svg('text', { x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end' }, figure(tick)),
    ]),
    ...across.map((tick) =>
      svg('text', { x: x(tick), y: HEIGHT - 22, 'text-anchor': 'middle' }, figure(tick)),
    ),
    svg('path', { class: 'line c2', d: `M${line}` }),
    ...points.map((point) =>
      dot(point, point === own, { x: x(point.nodeHoursPerDay), y: y(point.waitMeanSeconds) }),
    ),
  );
}

/**
 * @param {CurvePoint} point
 * @param {boolean} isOwn
 * @param {{ readonly x: number, readonly y: number }} at
 */
const dot = ({ waitPrice, nodeHoursPerDay, waitMeanSeconds }, isOwn, { x, y }) =>
  svg(
    'circle',
    { class: isOwn ? 'own' : 'dot c2', cx: x, cy: y, r: isOwn ? 6 : 4 },
    svg(
      'title',
      {},
      `price ${figure(waitPrice)}: ${figure(nodeHoursPerDay)} node-hours a day, mean wait ${figure(waitMeanSeconds)} s`,
    ),
  );

/** @param {readonly CurvePoint[]} points */
const asTable = (points) =>
  table({
    caption: 'Cost against waiting, by the price of waiting',
    head: ['price of waiting', 'node-hours a day', 'minutes waited a day', 'mean wait (s)', 'p95 wait (s)'],
    rows: points.map((point) => [
      figure(point.waitPrice),
      figure(point.nodeHoursPerDay),
      figure(point.waitMinutesPerDay),
      figure(point.waitMeanSeconds),
      figure(point.waitP95Seconds),
    ]),
    numbers: [0, 1, 2, 3, 4],
  });
