import { byId, el, list, show, table } from './dom.js';
import { clockTime, figure, money, shapeTitle } from './format.js';

/** @typedef {import('./data.js').Recommendation} Recommendation */

/**
 * The costs: the cheapest mix, each shape alone, and the spend of the live pools today.
 * @param {Recommendation} answer
 * @param {number} nowMs
 */
export function showMoney({ mix, spend, shapes, currency }, nowMs) {
  const priced = shapes.filter(({ cost }) => cost);
  const isEmpty = !mix && !spend && priced.length === 0;
  byId('money').hidden = isEmpty;
  byId('to-money').hidden = isEmpty;
  show('money-answer', { mix, spend, priced, currency }, () => [
    ...(mix ? mixParts(mix, currency) : []),
    ...(priced.length > 0 ? [costs(priced, mix ?? undefined, currency)] : []),
    ...(spend ? spendParts(spend, currency, nowMs) : []),
  ]);
}

/**
 * @param {NonNullable<Recommendation['mix']>} mix
 * @param {string} currency
 */
function mixParts({ parts, cost, waitP95Seconds, because }, currency) {
  const nodes = parts.map(({ shape, nodes: count }) => `${figure(count)} × ${shapeTitle(shape)}`).join(' + ');
  const wait = waitP95Seconds === null ? '' : `, expected wait ${figure(waitP95Seconds)} s (p95)`;
  return [
    el(
      'p',
      { class: 'headline' },
      el('span', { class: 'dim' }, 'Cheapest mix '),
      el('strong', {}, nodes || 'no node'),
      `: ${money(cost.perDay, currency)} a day${wait}`,
    ),
    list(because),
  ];
}

/**
 * @param {readonly Recommendation['shapes'][number][]} priced
 * @param {NonNullable<Recommendation['mix']> | undefined} mix
 * @param {string} currency
 */
function costs(priced, mix, currency) {
  /** @typedef {NonNullable<Recommendation['shapes'][number]['cost']>} Cost */
  /** @type {(name: string, cost: Cost) => string[]} */
  const row = (name, { perHour, perDay, perMonth, per1000Prs }) => [
    name,
    ...[perHour, perDay, perMonth].map((one) => money(one, currency)),
    per1000Prs === null ? '–' : money(per1000Prs, currency),
  ];
  return table({
    caption: 'What the recommended nodes cost',
    head: ['nodes', 'an hour', 'a day', 'a month', '1000 PRs'],
    rows: [
      ...(mix ? [row('cheapest mix', mix.cost)] : []),
      ...priced.flatMap(({ shape, cost }) => (cost ? [row(`${shapeTitle(shape)} alone`, cost)] : [])),
    ],
    numbers: [1, 2, 3, 4],
  });
}

/**
 * @param {NonNullable<Recommendation['spend']>} spend
 * @param {string} currency
 * @param {number} nowMs
 */
function spendParts({ perHourNow, today, countedFrom, maxPerDay, unpricedPools }, currency, nowMs) {
  const bound = maxPerDay === null ? 'there is no limit' : `the limit is ${money(maxPerDay, currency)}`;
  const text = `The actual pools cost ${money(perHourNow, currency)} an hour and have cost ${money(today, currency)} since ${clockTime(Date.parse(countedFrom), nowMs)}; ${bound}.`;
  const without = unpricedPools.length === 0 ? '' : ` Without a price: ${unpricedPools.join(', ')}.`;
  return [el('p', {}, text + without)];
}
