import { byId, details, el, list, show, table } from './dom.js';
import { clockTime, cpu, figure, memory, percent, quantity, waitBeside } from './format.js';
import { poolChoice } from './history.js';

/** @typedef {import('./data.js').Recommendation} Recommendation */
/** @typedef {import('./data.js').Decisions['decisions'][number]} Decision */

/**
 * @param {number} actual
 * @param {number} wanted
 */
function change(actual, wanted) {
  if (actual === wanted) return el('span', { class: 'chip' }, 'unchanged');
  return el(
    'span',
    { class: 'chip change' },
    wanted > actual ? `+${wanted - actual}` : `−${actual - wanted}`,
  );
}

/**
 * @param {number | null} seconds
 * @param {number} objective in seconds
 */
function wait(seconds, objective) {
  if (seconds === null) return el('span', { class: 'dim' }, 'not simulated');
  return el('span', { class: seconds <= objective ? 'good' : 'warning' }, waitBeside(seconds, objective));
}

/**
 * @param {Pick<Recommendation, 'pools' | 'objectiveWaitP95Seconds'>} answer
 * @param {string | undefined} chosen
 */
export function showPools({ pools, objectiveWaitP95Seconds: objective }, chosen) {
  show('pool-table', { pools, objective, chosen }, () => {
    if (pools.length === 0)
      return [
        el('p', { class: 'empty dim' }, 'No node belongs to a pool for builds. Only shapes are sized.'),
      ];
    const rows = pools.map((pool) => [
      el('span', { class: 'name' }, pool.pool),
      figure(pool.actualNodes),
      el('strong', {}, figure(pool.desiredNodes)),
      change(pool.actualNodes, pool.desiredNodes),
      wait(pool.waitP95Seconds, objective),
      figure(pool.readyNodes),
      figure(pool.emptyNodes),
      pool.owner,
      details(`pool ${pool.pool}`, pool.because.at(-1) ?? 'why', list(pool.because)),
    ]);
    return [
      table({
        caption: 'Pools: actual and desired nodes',
        head: [
          'pool',
          'actual',
          'desired',
          'change',
          'expected wait (p95)',
          'ready',
          'empty',
          'owner',
          'why',
        ],
        rows,
        numbers: [1, 2, 5, 6],
      }),
      ...poolChoice(
        pools.map(({ pool }) => pool),
        chosen,
      ),
    ];
  });
}

/**
 * @param {readonly Decision[]} decisions latest first
 * @param {number} most
 * @param {number} nowMs
 */
export function showDecisions(decisions, most, nowMs) {
  byId('more').hidden = decisions.length <= most;
  byId('more').textContent = `Show more (${Math.max(0, decisions.length - most)} older)`;
  const today = new Date(nowMs).toDateString();
  show('decision-table', { decisions: decisions.slice(0, most), today }, () => {
    if (decisions.length === 0)
      return [el('p', { class: 'empty dim' }, "No decision yet: changes of a pool's size are listed here.")];
    const rows = decisions
      .slice(0, most)
      .map(({ at, pool, fromNodes, toNodes, outcome, note, because }) => [
        el('time', { datetime: at }, clockTime(Date.parse(at), nowMs)),
        el('span', { class: 'name' }, pool),
        `${figure(fromNodes)} → ${figure(toNodes)}`,
        el('span', {}, el('span', { class: 'chip' }, outcome), ` ${note}`),
        details(`decision ${at} ${pool}`, because.at(-1) ?? 'no reason was given', list(because)),
      ]);
    return [
      table({
        caption: 'Decisions, latest first',
        head: ['when', 'pool', 'nodes', 'outcome', 'why'],
        rows,
      }),
    ];
  });
}

/**
 * What was done to pools, or why not; empty in a dry run.
 * @param {import('./data.js').Decisions['acts']} acts latest first
 * @param {number} nowMs
 */
export function showActs(acts, nowMs) {
  byId('acts').hidden = acts.length === 0;
  const today = new Date(nowMs).toDateString();
  show('act-table', { acts, today }, () => [
    table({
      caption: 'Acts, latest first',
      head: ['when', 'who', 'what', 'nodes', 'note', 'why'],
      rows: acts.map(({ at, lastAt, times, actor, kind, from, to, text, because }) => [
        el('time', { datetime: at }, clockTime(Date.parse(at), nowMs)),
        el('span', { class: 'name' }, actor),
        el('span', { class: 'chip' }, kind),
        `${figure(from)} → ${figure(to)}`,
        times === 1 ? text : `${text} (${figure(times)} times until ${clockTime(Date.parse(lastAt), nowMs)})`,
        because,
      ]),
    }),
  ]);
}

/** @param {import('./data.js').Model} model */
export function showModel({ learned }) {
  show('model-table', learned, () => {
    const known = learned.filter(({ data }) => data !== null);
    const assumed = learned.filter(({ data }) => data === null);
    const sentence =
      known.length === 0
        ? 'Nothing has been learned from this cluster yet: the model uses assumed values.'
        : `${figure(assumed.length)} parameters are not learned yet: the model uses assumed values.`;
    return [
      ...(known.length > 0 ? [parameters('Learned parameters of the model', known)] : []),
      ...(assumed.length > 0
        ? [
            el('p', { class: 'dim' }, sentence),
            details('assumed', 'Assumed values', parameters('Assumed parameters of the model', assumed)),
          ]
        : []),
    ];
  });
}

/**
 * @param {string} caption
 * @param {import('./data.js').Model['learned']} rows
 */
const parameters = (caption, rows) =>
  table({
    caption,
    head: ['parameter', 'value', '90 % confidence interval', 'assumed', 'source'],
    rows: rows.map(({ meaning, value, unit, lowerBound, low90, high90, prior, because }) => [
      meaning,
      `${quantity(value, unit)}${lowerBound ? ' or more' : ''}`,
      `${quantity(low90, unit)} and ${quantity(high90, unit)}`,
      quantity(prior, unit),
      because,
    ]),
    numbers: [1, 2, 3],
  });

/** @param {Recommendation['requestClasses']} classes */
export function showSizes(classes = []) {
  byId('sizes').hidden = classes.length === 0;
  show('size-table', classes, () => [
    table({
      caption: 'Pods that need capacity now, by request',
      head: ['request (CPU, memory)', 'running', 'unschedulable', 'known', 'share', 'fits', 'too large for'],
      rows: classes.map(
        ({ request, runningPods, pendingPods, knownStages, share, fitsShapes, tooLargeForShapes }) => [
          `${cpu(request.cpu)} CPU, ${memory(request.memory)}`,
          figure(runningPods),
          figure(pendingPods),
          figure(knownStages),
          percent(share),
          fitsShapes.join(', ') || '–',
          tooLargeForShapes.join(', ') || '–',
        ],
      ),
      numbers: [1, 2, 3, 4],
    }),
  ]);
}

/** @param {Recommendation['advice']} advice */
export function showAdvice(advice = []) {
  byId('advice').hidden = advice.length === 0;
  show('advice-list', advice, () => [
    el(
      'ul',
      { class: 'plain' },
      ...advice.map(({ engine, pool, setting, now, better, saves, because }) =>
        el(
          'li',
          {},
          el(
            'p',
            {},
            el('strong', {}, `${engine}, ${pool}: `),
            el('code', {}, setting),
            ' is ',
            el('code', {}, now),
            ', recommended ',
            el('code', {}, better),
          ),
          el('p', { class: 'dim' }, `${because} ${saves.text}`),
        ),
      ),
    ),
  ]);
}
