/**
 * The answers of the service, with the types of its own code.
 * @typedef {ReturnType<typeof import('../src/http/answers.ts').recommendationAnswer>} Recommendation
 * @typedef {ReturnType<typeof import('../src/http/answers.ts').demandAnswer>} Demand
 * @typedef {Demand['history'][number]} HistoryPoint
 * @typedef {ReturnType<typeof import('../src/http/answers.ts').decisionsAnswer>} Decisions
 * @typedef {ReturnType<typeof import('../src/http/answers.ts').modelAnswer>} Model
 * @typedef {ReturnType<typeof import('../src/http/answers.ts').whatIfAnswer>} WhatIf
 * @typedef {ReturnType<typeof import('../src/http/boot-answers.ts').bootsAnswer>} Boots
 * @typedef {import('../src/http/problem.ts').Problem} Problem
 * @typedef {{ readonly waitPrice: number, readonly nodeHoursPerDay: number, readonly waitMinutesPerDay: number, readonly waitMeanSeconds: number, readonly waitP95Seconds: number }} CurvePoint
 * @typedef {{ readonly days: number, readonly builds: number, readonly waitPrice: number | null, readonly points: readonly CurvePoint[] }} Curve
 */

/** An error response of the service, with its problem document. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {Problem} problem
   */
  constructor(status, problem) {
    super(`${problem.detail}: ${problem.remedy}`);
    this.status = status;
    this.remedy = problem.remedy;
  }
}

const PATIENCE_MS = 15_000;

/**
 * Queries the service. Rejects with {@link Refused}, or when there is no answer in time.
 * @param {string} path below /api/v1/
 * @returns {Promise<unknown>}
 */
async function ask(path) {
  const answer = await fetch(`api/v1/${path}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  /** @type {unknown} */
  const data = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, /** @type {Problem} */ (data));
  return data;
}

/** @returns {Promise<Recommendation | Refused>} the problem is returned when no decision yet */
export async function askRecommendation() {
  try {
    return /** @type {Recommendation} */ (await ask('recommendations'));
  } catch (error) {
    if (error instanceof Refused && error.status === 503) return error;
    throw error;
  }
}

/** @param {number} hours length of the history */
export const askDemand = async (hours) => /** @type {Demand} */ (await ask(`demand?hours=${hours}`));

export const askDecisions = async () => /** @type {Decisions} */ (await ask('decisions'));

/**
 * The curve of cost against waiting; null until it is learned.
 * @returns {Promise<Curve | null>}
 */
export async function askCurve() {
  const { curve = null } = /** @type {{ curve?: Curve | null }} */ (await ask('forecast'));
  return curve;
}

export const askBoots = async () => /** @type {Boots} */ (await ask('boots'));

export const askModel = async () => /** @type {Model} */ (await ask('model'));

/** @param {string} prsPerDay as it was typed */
export const askWhatIf = async (prsPerDay) =>
  /** @type {WhatIf} */ (await ask(`what-if?prsPerDay=${encodeURIComponent(prsPerDay)}`));
