import { showAnswer, showConditions } from './answer.js';
import { showBoots } from './boots.js';
import { showCurve } from './curve.js';
import { askBoots, askCurve, askDecisions, askDemand, askModel, askRecommendation, Refused } from './data.js';
import { byId, el, show } from './dom.js';
import { clockTime, span } from './format.js';
import { hoursShown, showDemand, showPool, showWaits } from './history.js';
import { showMoney } from './money.js';
import { isSelecting, zoomOf } from './plot.js';
import { showActs, showAdvice, showDecisions, showModel, showPools, showSizes } from './tables.js';
import { WhatIfPart } from './what-if.js';

/** @typedef {import('./data.js').Recommendation} Recommendation */
/** @typedef {import('./data.js').Demand} Demand */
/** @typedef {import('./data.js').Decisions} Decisions */
/** @typedef {import('./data.js').Model} Model */
/** @typedef {{ readonly answer: Recommendation | Refused, readonly demand: Demand, readonly decisions: Decisions, readonly model: Model, readonly boots: import('./data.js').Boots, readonly curve: import('./data.js').Curve | null }} Seen */

const LOOK_MS = 5_000;
const LONGEST_MS = 60_000;
const ROWS = 20;
/** The objective drawn while no answer contains one, in seconds. */
const USUAL_OBJECTIVE = 10;

/** Fetches the data and draws all changing parts of the page. */
class Page {
  /** @type {Seen | undefined} */ #seen;
  /** @type {string | undefined} */ #pool;
  /** @type {import('./plot.js').Zoom | undefined} */ #zoom;
  #rows = ROWS;
  #pauseMs = LOOK_MS;
  #looks = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #next;

  /** Fetches everything; after failures at growing intervals. A hidden page sends no requests. */
  async look() {
    clearTimeout(this.#next);
    if (document.hidden) return;
    this.#looks += 1;
    const mine = this.#looks;
    try {
      const seen = await everything(hoursShown());
      if (mine !== this.#looks) return;
      this.#seen = seen;
      this.#pauseMs = LOOK_MS;
      this.draw();
    } catch (error) {
      if (mine !== this.#looks) return;
      this.#pauseMs = Math.min(LONGEST_MS, this.#pauseMs * 2);
      this.#lost(error);
    }
    this.#next = setTimeout(() => void this.look(), this.#pauseMs);
  }

  /** @param {unknown} error */
  #lost(error) {
    showState('lost', 'no answer');
    const why = error instanceof Error ? error.message : String(error);
    byId('as-of').textContent =
      `The service does not answer (${why}): the data shown may be old. Retrying in ${span(this.#pauseMs / 1000)}.`;
  }

  /** @param {string} name */
  choosePool(name) {
    this.#pool = name;
    this.draw();
  }

  /** @param {import('./plot.js').Zoom | undefined} zoom undefined: the whole time */
  zoomTo(zoom) {
    this.#zoom = zoom;
    byId('unzoom').hidden = zoom === undefined;
    this.draw();
  }

  more() {
    this.#rows += ROWS * 5;
    this.draw();
  }

  draw() {
    if (this.#seen === undefined || isSelecting()) return;
    const { answer, demand, decisions, model, boots, curve } = this.#seen;
    const nowMs = Date.now();
    const isAnswer = !(answer instanceof Refused);
    if (isAnswer) this.#drawAnswer(answer, demand, nowMs);
    else notYet(answer, nowMs);
    const past = {
      history: demand.history,
      hours: hoursShown(),
      nowMs,
      leadSeconds: isAnswer ? answer.leadSeconds : 0,
      objective: isAnswer ? answer.objectiveWaitP95Seconds : USUAL_OBJECTIVE,
      zoom: this.#zoom,
    };
    showDemand(past);
    showWaits(past);
    const pools = isAnswer ? answer.pools.map(({ pool }) => pool) : [];
    showPool(past, pools, this.#pool);
    showDecisions(decisions.decisions, this.#rows, nowMs);
    showActs(decisions.acts, nowMs);
    showModel(model);
    showCurve(curve);
    showBoots(boots);
  }

  /**
   * @param {Recommendation} answer
   * @param {Demand} demand
   * @param {number} nowMs
   */
  #drawAnswer(answer, demand, nowMs) {
    const at = clockTime(Date.parse(answer.at), nowMs);
    if (answer.stale) showState('stale', 'stale');
    else showState('live', 'live');
    byId('as-of').textContent = answer.stale ? `last answer at ${at}` : `as of ${at}`;
    showConditions(answer, nowMs);
    showAnswer(answer, demand.history);
    showPools(answer, this.#pool);
    showMoney(answer, nowMs);
    showSizes(answer.requestClasses);
    showAdvice(answer.advice);
  }
}

/**
 * @param {number} hours
 * @returns {Promise<Seen>}
 */
async function everything(hours) {
  const [answer, demand, decisions, model, boots] = await Promise.all([
    askRecommendation(),
    askDemand(hours),
    askDecisions(),
    askModel(),
    askBoots(),
  ]);
  const curve = answer instanceof Refused ? null : await askCurve();
  return { answer, demand, decisions, model, boots, curve };
}

/**
 * Nothing is decided yet: shows the reasons.
 * @param {Refused} refused
 * @param {number} nowMs
 */
function notYet(refused, nowMs) {
  showState('waiting', 'no answer yet');
  byId('as-of').textContent = '';
  byId('lead').textContent = 'No decision yet. "What if" below already works.';
  const conditions = /** @type {const} */ ([{ weight: 'note', text: refused.remedy }]);
  showConditions({ conditions: [...conditions] }, nowMs, 'What is missing');
  show('pool-table', 'none yet', () => [
    el('p', { class: 'empty dim' }, 'Pools are shown with the first response.'),
  ]);
}

/**
 * @param {string} state
 * @param {string} text
 */
function showState(state, text) {
  const pill = byId('state');
  pill.dataset['state'] = state;
  pill.textContent = text;
}

const page = new Page();
const whatIf = new WhatIfPart();
byId('hours').addEventListener('change', () => {
  page.zoomTo(undefined);
  void page.look();
});
byId('unzoom').addEventListener('click', () => page.zoomTo(undefined));
document.addEventListener('zoom', (event) => page.zoomTo(zoomOf(event)));
byId('more').addEventListener('click', () => page.more());
byId('pool-table').addEventListener('change', ({ target }) => {
  if (target instanceof HTMLSelectElement) page.choosePool(target.value);
});
document.addEventListener('visibilitychange', () => void page.look());
window.addEventListener('resize', () => page.draw());
void page.look();
void whatIf.ask();
