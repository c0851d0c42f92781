import { askWhatIf } from './data.js';
import { byId, el, show, table } from './dom.js';
import { cpu, figure, memory, shapeTitle } from './format.js';

/** @typedef {import('./data.js').WhatIf} WhatIf */

/** Requests are sent when the slider rests, not for each step of a drag. */
const REST_MS = 80;

/** The question about PRs a day: slider and number field show the same value, and the answer is updated. */
export class WhatIfPart {
  /** @type {HTMLInputElement} */ #slide;
  /** @type {HTMLInputElement} */ #exact;
  #asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #rest;

  constructor() {
    const [slide, exact] = [byId('slide'), byId('prs')];
    if (!(slide instanceof HTMLInputElement && exact instanceof HTMLInputElement))
      throw new Error('page.html lacks the inputs of what-if');
    [this.#slide, this.#exact] = [slide, exact];
    slide.addEventListener('input', () => this.#changed(slide, exact));
    exact.addEventListener('input', () => this.#changed(exact, slide));
  }

  /**
   * @param {HTMLInputElement} from
   * @param {HTMLInputElement} to
   */
  #changed(from, to) {
    to.value = from.value;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => void this.ask(), REST_MS);
  }

  /** Sends a request; the answer is ignored if a later request was sent meanwhile. */
  async ask() {
    this.#asked += 1;
    const mine = this.#asked;
    const prs = this.#exact.value;
    this.#slide.setAttribute('aria-valuetext', `${prs} pull requests a day`);
    try {
      const answer = await askWhatIf(prs);
      if (mine === this.#asked) showWhatIf(answer);
    } catch (error) {
      if (mine === this.#asked)
        byId('what-if-note').textContent = error instanceof Error ? error.message : '';
    }
  }
}

/** @param {WhatIf} answer */
function showWhatIf(answer) {
  const { shapes, calibrated, assumes, prsPerDay } = answer;
  const { podRequest, runnerCapacity, quota } = assumes;
  const isLearned = calibrated.days > 0;
  show('what-if-answer', answer, () => [
    table({
      caption: `Nodes for ${figure(prsPerDay)} pull requests a day`,
      head: ['shape', 'low', 'high', ...(isLearned ? ['low, learned', 'high, learned'] : [])],
      rows: Object.entries(shapes).map(([shape, { low, high }]) => {
        const learned = calibrated.shapes[shape];
        return [
          shapeTitle(shape),
          ...(isLearned ? [low, high, learned?.low, learned?.high] : [low, high]).map((one) =>
            el('span', { class: 'large' }, figure(one)),
          ),
        ];
      }),
      numbers: isLearned ? [1, 2, 3, 4] : [1, 2],
      isNarrow: true,
    }),
    el(
      'p',
      { class: 'dim' },
      `This assumes Pods with requests of ${cpu(podRequest.cpu)} CPU and ${memory(podRequest.memory)}, runners that can run ${figure(runnerCapacity.low)} to ${figure(runnerCapacity.high)} pipelines at once, ${quotaText(quota.high)}.`,
    ),
  ]);
  const values = Object.entries(shapes).map(
    ([shape, { low, high }]) => `${shapeTitle(shape)}: ${low} to ${high} nodes`,
  );
  byId('what-if-note').textContent =
    `${figure(prsPerDay)} pull requests a day, ${values.join('; ')}. ${isLearned ? `Learned: ${calibrated.because}` : 'Nothing has been learned from this cluster yet'}.`;
}

/** @param {WhatIf['assumes']['quota']['high']} high */
const quotaText = (high) =>
  high === undefined
    ? 'and no quota'
    : `and a quota of ${cpu(high.cpu)} CPU, ${memory(high.memory)} and ${figure(high.pods)} Pods at the high level`;
