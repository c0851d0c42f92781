import { byId, details, el, list, show, svg } from './dom.js';
import { clockTime, cpu, figure, memory, money, percent, shapeTitle, span } from './format.js';
import { valueTicks } from './scale.js';

/** @typedef {import('./data.js').Recommendation} Recommendation */
/** @typedef {Recommendation['shapes'][number]} Shape */
/** @typedef {import('./data.js').HistoryPoint} HistoryPoint */

/**
 * The answer at a glance: a card for each shape, and the reasons.
 * @param {Recommendation} answer
 * @param {readonly HistoryPoint[]} history
 */
export function showAnswer(answer, history) {
  const { leadSeconds, objectiveWaitP95Seconds, shapes, pools, because } = answer;
  const lead = span(leadSeconds);
  show('changes', pools, changes);
  byId('lead').textContent =
    `Nodes if all of them had one shape. Now: for running, unschedulable and known Pods. Next: with the buffer for arrivals within ${lead}, the time until a new node is ready.`;
  const past = Object.fromEntries(
    shapes.map(({ shape }) => [shape, history.map((point) => point.shapes[shape] ?? null)]),
  );
  show('shapes', { answer: { shapes, lead, objectiveWaitP95Seconds, currency: answer.currency }, past }, () =>
    shapes.map((shape) => card(shape, answer, past[shape.shape] ?? [])),
  );
  show('why', because, () => [el('h3', {}, 'Why'), list(because)]);
  announce(pools, shapes);
}

/** Pools with a line of their own above; the table of pools has all. */
const MOST_LINES = 6;

/**
 * The answer in a line for each pool, those that change first: `builds 22 → 26, because …`.
 * @param {Recommendation['pools']} pools
 */
function changes(pools) {
  if (pools.length === 0) return [];
  /** @param {Recommendation['pools'][number]} pool */
  const isChanged = ({ actualNodes, desiredNodes }) => actualNodes !== desiredNodes;
  const sorted = [...pools].sort((one, other) => Number(isChanged(other)) - Number(isChanged(one)));
  const lines = sorted.slice(0, MOST_LINES).map((pool) => {
    const { actualNodes, desiredNodes, because } = pool;
    const unit = desiredNodes === 1 ? 'node' : 'nodes';
    const numbers = isChanged(pool)
      ? `${figure(actualNodes)} → ${figure(desiredNodes)} ${unit}`
      : `${figure(desiredNodes)} ${unit}, unchanged`;
    const why = because.at(-1);
    return el(
      'li',
      isChanged(pool) ? { class: 'changed' } : {},
      el('strong', { class: 'name' }, pool.pool),
      el('div', { class: 'from-to' }, numbers),
      ...(why === undefined ? [] : [el('p', { class: 'dim' }, `because ${why}`)]),
    );
  });
  const more = pools.length - lines.length;
  return [
    el('ul', { class: 'changes' }, ...lines),
    ...(more > 0 ? [el('p', { class: 'dim' }, `${figure(more)} more: see Pools.`)] : []),
  ];
}

/**
 * Screen readers announce a changed answer, not each refresh.
 * @param {Recommendation['pools']} pools
 * @param {readonly Shape[]} shapes
 */
function announce(pools, shapes) {
  const sentences = [
    ...pools.map((pool) => `${pool.pool}: ${pool.actualNodes} nodes, ${pool.desiredNodes} desired`),
    ...shapes.map(
      ({ shape, nodesNow, nodesAhead }) => `${shapeTitle(shape)}: ${nodesNow} nodes now, ${nodesAhead} next`,
    ),
  ];
  const text = `${sentences.join('; ')}.`;
  const news = byId('news');
  if (news.textContent !== text) news.textContent = text;
}

/**
 * @param {Shape} shape
 * @param {Recommendation} answer
 * @param {readonly (number | null)[]} past
 */
function card(shape, { objectiveWaitP95Seconds: objective, currency }, past) {
  const { nodesNow, nodesAhead, tooLargeShare, because, allocatable, cost } = shape;
  const title = shapeTitle(shape.shape);
  return el(
    'article',
    { class: 'card', 'aria-label': title },
    el('h3', {}, title),
    el(
      'dl',
      { class: 'numbers' },
      el('div', {}, el('dt', {}, 'now'), el('dd', { 'data-now': shape.shape }, figure(nodesNow))),
      el(
        'div',
        { class: 'next' },
        el('dt', {}, 'next'),
        el('dd', { 'data-next': shape.shape }, figure(nodesAhead)),
      ),
      spark(past),
    ),
    wait(shape.waitP95Seconds, objective),
    ...(tooLargeShare > 0
      ? [el('p', { class: 'warning' }, `${percent(tooLargeShare)} of the Pods do not fit on such a node`)]
      : []),
    ...(cost ? [el('p', {}, `${money(cost.perDay, currency)} a day at this size`)] : []),
    details(
      `why ${shape.shape}`,
      'Reasons',
      list([
        ...because,
        `a node offers ${cpu(allocatable.cpu)} CPU and ${memory(allocatable.memory)} (${shape.source})`,
      ]),
    ),
  );
}

/**
 * @param {number | null} seconds
 * @param {number} objective in seconds
 */
function wait(seconds, objective) {
  if (seconds === null) return el('p', { class: 'dim' }, 'Wait not simulated');
  const isGood = seconds <= objective;
  const than = isGood ? 'within' : 'beyond';
  return el(
    'p',
    { class: isGood ? 'good' : 'warning' },
    `Expected wait ${figure(Math.round(seconds * 10) / 10)} s (p95), ${than} the objective of ${figure(objective)} s`,
  );
}

/**
 * The history as one small line; the table of pools and the plots show the details.
 * @param {readonly (number | null)[]} past
 */
function spark(past) {
  const known = past.flatMap((value) => value ?? []);
  const most = valueTicks(Math.max(1, ...known)).at(-1) ?? 1;
  const [width, height] = [120, 36];
  const step = width / Math.max(1, past.length - 1);
  let pen = 'M';
  const path = past
    .map((value, nth) => {
      if (value === null) {
        pen = 'M';
        return '';
      }
      const mark = `${pen}${(nth * step).toFixed(1)} ${(height - 2 - (value / most) * (height - 4)).toFixed(1)}`;
      pen = 'L';
      return mark;
    })
    .join('');
  const picture = svg('svg', {
    class: 'spark',
    viewBox: `0 0 ${width} ${height}`,
    'aria-hidden': 'true',
    preserveAspectRatio: 'none',
  });
  if (known.length > 1) picture.append(svg('path', { class: 'line c1', d: path }));
  return picture;
}

/**
 * Conditions: a stale answer is shown first and prominently, the rest below the answer.
 * @param {Pick<Recommendation, 'conditions'> & Partial<Pick<Recommendation, 'stale' | 'staleSince'>>} answer
 * @param {number} nowMs
 * @param {string} heading of the lower part, where it differs from the default
 */
export function showConditions({ conditions, stale = false, staleSince }, nowMs, heading = '') {
  const since = staleSince === undefined ? '' : ` since ${clockTime(Date.parse(staleSince), nowMs)}`;
  const why = conditions.filter(({ weight }) => weight === 'stale').map(({ text }) => text);
  const others = conditions.filter(({ weight }) => weight !== 'stale');
  show('alarm', { stale, since, why }, () =>
    stale
      ? [
          el(
            'section',
            { class: 'alarm' },
            el('h2', {}, `Stale${since}: these are the last valid numbers`),
            el('p', {}, 'No newer decision was possible; nothing is scaled until there is one.'),
            list(why),
          ),
        ]
      : [],
  );
  const isPartial = others.some(({ weight }) => weight === 'partial');
  const title = heading || (isPartial ? 'Some data is missing' : 'Notes');
  show('conditions', { others, title }, () =>
    others.length === 0
      ? []
      : [
          el(
            'section',
            { class: 'notice', 'aria-label': title },
            el('h2', {}, title),
            list(others.map(({ text }) => text)),
          ),
        ],
  );
}
