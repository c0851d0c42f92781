import { byId, el, show } from './dom.js';
import { figure, percent } from './format.js';
import { showPlot } from './plot.js';

/** @typedef {import('./data.js').Recommendation} Recommendation */
/** @typedef {import('./data.js').HistoryPoint} HistoryPoint */
/** @typedef {import('./scale.js').Point} Point */
/** @typedef {{ readonly history: readonly HistoryPoint[], readonly hours: number, readonly nowMs: number, readonly leadSeconds: number, readonly objective: number, readonly zoom: import('./plot.js').Zoom | undefined }} Past */

/**
 * @param {readonly HistoryPoint[]} history
 * @param {(point: HistoryPoint) => number | null | undefined} pick
 * @param {number} laterMs
 * @returns {readonly Point[]}
 */
const series = (history, pick, laterMs = 0) =>
  history.map((point) => [Date.parse(point.at) + laterMs, pick(point) ?? null]);

/** @param {HistoryPoint} point */
function workOf({ running, pending, known }) {
  return running === null ? null : running + (pending ?? 0) + (known ?? 0);
}

/**
 * Starts no earlier than the first known point, so that the first minutes fill the plot.
 * @param {Past} past
 */
function fromOf({ history, hours, nowMs }) {
  const first = history[0] ? Date.parse(history[0].at) : nowMs;
  return Math.max(nowMs - hours * 3_600_000, Math.min(first, nowMs - 300_000));
}

/**
 * The time that a plot shows: what the user has selected, else everything.
 * @param {Past} past
 * @param {number} aheadMs
 */
const timeOf = (past, aheadMs = 0) => past.zoom ?? { fromMs: fromOf(past), toMs: past.nowMs + aheadMs };

/** @param {Past} past */
export function showDemand(past) {
  const { history, nowMs, leadSeconds } = past;
  const leadMs = leadSeconds * 1000;
  showPlot('plot-demand', {
    title: 'Pods that need room',
    about: 'The band is the capacity that was forecast one boot time earlier. Demand should stay inside it.',
    unit: 'Pods',
    ...timeOf(past, leadMs),
    nowMs,
    series: [
      {
        name: 'forecast, with buffer',
        look: 'c2',
        kind: 'band',
        points: series(history, workOf, leadMs),
        upper: series(
          history,
          (point) => {
            const work = workOf(point);
            return work === null || point.buffer === null ? null : work + point.buffer;
          },
          leadMs,
        ).filter(([at]) => at <= nowMs + leadMs),
      },
      { name: 'running, unschedulable or known', look: 'c1', kind: 'step', points: series(history, workOf) },
      {
        name: 'unschedulable',
        look: 'c3',
        kind: 'step',
        points: series(history, ({ pending }) => pending),
      },
    ],
  });
}

/** @param {Past} past */
export function showWaits(past) {
  const { history, nowMs, objective } = past;
  const waits = history.flatMap(({ waitSeconds }) => waitSeconds ?? []);
  const within = waits.filter((one) => one <= objective).length;
  const about =
    waits.length === 0
      ? 'No Pod was scheduled in this time.'
      : `Longest wait at each moment. ${percent(within / waits.length)} are within the objective, and the maximum is ${figure(Math.max(...waits))} s.`;
  showPlot('plot-waits', {
    title: 'Waits for a node',
    about,
    unit: 'seconds',
    ...timeOf(past),
    nowMs,
    bound: { name: 'objective (p95)', value: objective },
    series: [
      {
        name: 'longest wait',
        look: 'c4',
        kind: 'dots',
        points: series(history, ({ waitSeconds }) => waitSeconds),
      },
    ],
  });
}

/**
 * Nodes of one pool, selected by the user.
 * @param {Past} past
 * @param {readonly string[]} pools
 * @param {string | undefined} chosen
 */
export function showPool(past, pools, chosen) {
  const pool = pools.find((one) => one === chosen) ?? pools[0];
  if (pool === undefined) return show('plot-pool', [], () => []);
  const { history, nowMs } = past;
  showPlot('plot-pool', {
    title: `Nodes of ${pool}`,
    about: 'Desired: recommended nodes. Actual: nodes in the cluster, including booting ones.',
    unit: 'nodes',
    ...timeOf(past),
    nowMs,
    series: [
      {
        name: 'desired',
        look: 'c2',
        kind: 'step',
        points: series(history, ({ pools: all }) => all[pool]?.desired),
      },
      {
        name: 'actual',
        look: 'c1',
        kind: 'step',
        points: series(history, ({ pools: all }) => all[pool]?.actual),
      },
    ],
  });
}

/**
 * The selection of a pool, where there are several.
 * @param {readonly string[]} pools
 * @param {string | undefined} chosen
 */
export function poolChoice(pools, chosen) {
  const options = pools.map((pool) =>
    el('option', { value: pool, ...(pool === chosen ? { selected: '' } : {}) }, pool),
  );
  return pools.length < 2
    ? []
    : [
        el(
          'label',
          { class: 'choice' },
          'Pool in the plot ',
          el('select', { id: 'pool-choice', 'data-focus': 'pool-choice' }, ...options),
        ),
      ];
}

/** @returns {number} the selected number of hours */
export function hoursShown() {
  const place = byId('hours');
  return place instanceof HTMLSelectElement ? Number(place.value) : 6;
}
