/** How pushes of the last time correct the usual rate: a gamma distribution of the factor on it. */
export interface ActivityFactor {
  readonly mean: number;
  /** Pushes behind it; the fewer, the less certain. */
  readonly shape: number;
}

/** One way to believe recent activity: the weight of the usual rate, in pushes, and how long pushes are remembered. */
interface Belief {
  readonly priorPushes: number;
  readonly memorySeconds: number;
  recent: number;
  usual: number;
  score: number;
  forecast: { readonly mean: number; readonly shape: number } | undefined;
}

/** The first belief is used until another one has proved better. */
const PRIORS = [16, 4, 64, 1, 1000, 0.3] as const;
const MEMORIES = [2700, 9000, 900, 28_800] as const;
/** What a belief that follows single pushes must make up for first, as a logarithm of a probability. */
const DOUBT = 3;
/** That all pushing has stopped: a holiday, or for good. */
const STOPPED = 0.02;
/** How many pushes the usual number is worth while none comes: people pause together. */
const PAUSE_PUSHES = 4;
/** Weight of a lead time's score that is one lead time older: about five days of memory. */
const SCORE_DECAY = 0.9996;

/** Natural logarithm of the gamma function, for positive values (Stirling's series after a shift). */
export function logGamma(value: number): number {
  let shift = 0;
  let x = value;
  for (; x < 7; x += 1) shift -= Math.log(x);
  const inverse = 1 / (x * x);
  const series = (1 / 12 - inverse * (1 / 360 - inverse / 1260)) / x;
  return shift + (x - 0.5) * Math.log(x) - x + 0.9189385332046727 + series;
}

/** Logarithm of the probability of a count under a negative binomial distribution with this mean and shape. */
function logChance(count: number, mean: number, shape: number): number {
  if (mean <= 0) return count === 0 ? 0 : -20;
  const total = shape + mean;
  const ways = logGamma(count + shape) - logGamma(shape) - logGamma(count + 1);
  return Math.max(-20, ways + shape * Math.log(shape / total) + count * Math.log(mean / total));
}

/**
 * How much recent pushes say about the next ones. Where days differ and people push in sessions, much; where pushes are independent,
 * hardly anything. Several beliefs are kept at the same time, and the one that foretold the last days best is used.
 */
export class RecentActivity {
  readonly #beliefs: readonly Belief[] = PRIORS.flatMap((priorPushes) =>
    MEMORIES.map((memorySeconds) => ({
      ...{
        priorPushes,
        memorySeconds,
        recent: 0,
        usual: 0,
        score: priorPushes < 4 ? -DOUBT : 0,
        forecast: undefined,
      },
    })),
  );
  readonly #windowSeconds: number;
  #windowEnds = -Infinity;
  #windowPushes = 0;
  /** Usual pushes since the last one. */
  #missed = 0;
  #best: Belief | undefined;

  /** @param windowSeconds how far ahead beliefs are judged: the lead time */
  constructor(windowSeconds: number) {
    this.#windowSeconds = windowSeconds;
  }

  /** Time passed in which so many pushes came, and so many were usual. */
  passed(seconds: number, pushes: number, usual: number): void {
    this.#windowPushes += pushes;
    this.#missed = pushes > 0 ? 0 : this.#missed + usual;
    if (seconds === 0 && pushes === 0) return;
    for (const belief of this.#beliefs) {
      const fade = Math.exp(-seconds / belief.memorySeconds);
      belief.recent = belief.recent * fade + pushes;
      belief.usual = belief.usual * fade + usual;
    }
  }

  /** Judges the beliefs once in a lead time. @param usual pushes that are usual in the coming lead time */
  judge(nowSeconds: number, usual: number): void {
    if (nowSeconds < this.#windowEnds) return;
    for (const belief of this.#beliefs) {
      if (belief.forecast !== undefined) {
        const { mean, shape } = belief.forecast;
        belief.score = belief.score * SCORE_DECAY + logChance(this.#windowPushes, mean, shape);
      }
      const factor = factorOf(belief);
      belief.forecast = usual > 0 ? { mean: usual * factor.mean, shape: factor.shape } : undefined;
    }
    this.#best = undefined;
    this.#windowPushes = 0;
    this.#windowEnds = nowSeconds + this.#windowSeconds;
  }

  get factor(): ActivityFactor {
    this.#best ??= this.#beliefs.reduce((best, one) => (one.score > best.score ? one : best));
    const { mean, shape } = factorOf(this.#best);
    return { mean: mean * this.#goesOn, shape };
  }

  /** The chance that pushing has not stopped, by how many pushes are missing. */
  get #goesOn(): number {
    const pause = (1 + this.#missed / PAUSE_PUSHES) ** -PAUSE_PUSHES;
    return pause / (pause + STOPPED);
  }
}

const factorOf = ({ priorPushes, recent, usual }: Belief): ActivityFactor => ({
  mean: (priorPushes + recent) / (priorPushes + usual),
  shape: priorPushes + recent,
});
