import { byId, el, show, table } from './dom.js';
import { figure, span } from './format.js';

/** @typedef {import('./data.js').Boots} Boots */

/**
 * How long each phase of a boot takes, and what it costs; hidden until a boot was observed.
 * @param {Boots} boots
 */
export function showBoots(boots) {
  byId('boots').hidden = boots.phases.length === 0;
  show('boot-table', boots, () => [
    el('p', { class: 'dim' }, costOf(boots.minute)),
    table({
      caption: 'Phases of the boot of a node',
      head: ['phase', 'median', 'boots', 'node-hours per 1000 PRs', 'what it is', 'advice'],
      rows: boots.phases.map(({ phase, seconds, boots: seen, nodeHoursPer1000Prs, meaning, advice }) => [
        el('span', { class: 'name' }, phase),
        span(seconds),
        figure(seen),
        nodeHoursPer1000Prs === null ? '–' : figure(nodeHoursPer1000Prs),
        meaning,
        advice ?? '–',
      ]),
      numbers: [1, 2, 3],
    }),
  ]);
}

/** @param {Boots['minute']} minute */
function costOf(minute) {
  if (minute === null)
    return 'What a minute of boot costs is shown when a replay of past builds has computed it.';
  const wait = figure(Math.abs(minute.waitMeanSeconds));
  const change = minute.waitMeanSeconds < 0 ? `${wait} s less` : `${wait} s more`;
  return `One minute more of boot costs ${figure(minute.nodeHoursPer1000Prs)} node-hours per 1000 PRs and ${change} mean wait, by a replay of past builds.`;
}
