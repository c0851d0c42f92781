/** A push that may come, beside the usual ones. */
export interface SinglePush {
  readonly chance: number;
  /** Each equally likely. */
  readonly sizes: readonly number[];
  /** Node-minutes for each minute that its builds wait. */
  readonly price: number;
}

/** What changes demand within a time. */
export interface Changes {
  /** Node-minutes for each minute that one of the coming builds waits, at the mean. */
  readonly price: number;
  /** The number of pushes: negative binomial. */
  readonly pushes: { readonly mean: number; readonly shape: number };
  /** Chance of each size of a push; index 0 is unused. */
  readonly sizes: Float64Array;
  readonly singles: readonly SinglePush[];
  /** Builds that are certain to come. */
  readonly known: number;
  /** Running builds that are likely to end: groups of builds with the same chance. */
  readonly leaving: readonly { readonly count: number; readonly chance: number }[];
}

/** Above this many expected arrivals, or ends, a normal distribution is as good. */
const MANY = 60;
/** Chances smaller than this are nothing. */
const LEAST_CHANCE = 1e-7;
const WIDE = 5;

/** Chances of a whole number: `chances[i]` is that of `from + i`. */
export interface Chances {
  readonly from: number;
  readonly chances: Float64Array;
}

interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** Nothing changes. */
export const NO_RISE: Chances = { from: 0, chances: Float64Array.of(1) };

/** A normal distribution on whole numbers. */
function normal(mean: number, variance: number): Chances {
  const spread = Math.sqrt(Math.max(variance, 0.01));
  const from = Math.floor(mean - WIDE * spread);
  const chances = new Float64Array(Math.ceil(2 * WIDE * spread) + 2);
  let sum = 0;
  for (let nth = 0; nth < chances.length; nth += 1) {
    const chance = Math.exp(-(((from + nth - mean) / spread) ** 2) / 2);
    chances[nth] = chance;
    sum += chance;
  }
  return { from, chances: chances.map((chance) => chance / sum) };
}

function sum(one: Chances, other: Chances): Chances {
  if (one.chances.length === 1) return { from: one.from + other.from, chances: other.chances };
  if (other.chances.length === 1) return { from: one.from + other.from, chances: one.chances };
  const chances = new Float64Array(one.chances.length + other.chances.length - 1);
  for (const [nth, chance] of one.chances.entries())
    if (chance > LEAST_CHANCE)
      for (const [mth, also] of other.chances.entries())
        chances[nth + mth] = (chances[nth + mth] ?? 0) + chance * also;
  return { from: one.from + other.from, chances };
}

/** Builds of a negative binomial number of pushes (Panjer's recursion). */
function compound({ mean, shape }: Changes['pushes'], sizes: Float64Array, builds: Moments): Chances {
  if (mean < 1e-9) return NO_RISE;
  const ratio = mean / shape;
  const share = ratio / (1 + ratio);
  const most = Math.ceil(builds.mean + 7 * Math.sqrt(builds.variance)) + 2;
  const chances = new Float64Array(most + 1);
  chances[0] = Math.exp(-shape * Math.log1p(ratio));
  const largest = Math.min(most, sizes.length - 1);
  for (let total = 1; total <= most; total += 1) {
    let chance = 0;
    for (let size = Math.min(largest, total); size > 0; size -= 1) {
      const sizeChance = sizes[size] ?? 0;
      if (sizeChance > 0)
        chance += (1 + ((shape - 1) * size) / total) * sizeChance * (chances[total - size] ?? 0);
    }
    chances[total] = share * chance;
  }
  return { from: 0, chances };
}

function single({ chance, sizes }: SinglePush): Chances {
  const chances = new Float64Array(Math.max(0, ...sizes) + 1);
  chances[0] = 1 - chance;
  for (const size of sizes) chances[size] = (chances[size] ?? 0) + chance / sizes.length;
  return { from: 0, chances };
}

/** How many of the running builds end. */
function ends(leaving: Changes['leaving']): Chances {
  let mean = 0;
  let variance = 0;
  let builds = 0;
  for (const { count, chance } of leaving) {
    mean += count * chance;
    variance += count * chance * (1 - chance);
    if (chance > 1e-4) builds += count;
  }
  if (builds > 40) return normal(mean, variance);
  let chances = Float64Array.of(1);
  for (const { count, chance } of leaving) {
    if (chance <= 1e-4) continue;
    for (let nth = 0; nth < count; nth += 1) {
      const next = new Float64Array(chances.length + 1);
      for (const [ended, before] of chances.entries()) {
        next[ended] = (next[ended] ?? 0) + before * (1 - chance);
        next[ended + 1] = (next[ended + 1] ?? 0) + before * chance;
      }
      chances = next;
    }
  }
  return { from: 0, chances };
}

function exactRise({ pushes, sizes, leaving }: Changes, builds: Moments): Chances {
  const ended = ends(leaving);
  const turned = { from: -(ended.from + ended.chances.length - 1), chances: ended.chances.toReversed() };
  return sum(compound(pushes, sizes, builds), turned);
}

/** Mean and variance of the builds of the pushes. */
function momentsOf({ mean, shape }: Changes['pushes'], sizes: Float64Array): Moments {
  let first = 0;
  let second = 0;
  for (let size = 1; size < sizes.length; size += 1) {
    first += size * (sizes[size] ?? 0);
    second += size * size * (sizes[size] ?? 0);
  }
  return { mean: mean * first, variance: mean * second + (mean * first) ** 2 / shape };
}

/** Many builds: a normal distribution of the difference of arrivals and ends. */
function normalRise({ leaving }: Changes, arrivals: Moments): Chances {
  let { mean, variance } = arrivals;
  for (const { count, chance } of leaving) {
    mean -= count * chance;
    variance += count * chance * (1 - chance);
  }
  return normal(mean, variance);
}

/** The chances that demand rises by at least so many Pods: index 0 is `from`. */
export function chancesOfRise(changes: Changes): Chances {
  const moments = momentsOf(changes.pushes, changes.sizes);
  const usual = moments.mean > MANY ? normalRise(changes, moments) : exactRise(changes, moments);
  const rise = changes.singles.map(single).reduce(sum, usual);
  const atLeast = new Float64Array(rise.chances.length);
  let rest = 0;
  for (let nth = atLeast.length - 1; nth >= 0; nth -= 1) {
    rest += rise.chances[nth] ?? 0;
    atLeast[nth] = Math.min(1, rest);
  }
  return { from: rise.from + changes.known, chances: atLeast };
}

/** The expected rise, a fall counted as none. */
export function expectedRise({ from, chances }: Chances): number {
  let pods = Math.max(0, from);
  for (let nth = Math.max(1, 1 - from); nth < chances.length; nth += 1) pods += chances[nth] ?? 0;
  return pods;
}

/** The chance of a rise of at least so many Pods. */
export const chanceOfAtLeast = ({ from, chances }: Chances, pods: number): number =>
  pods <= from ? 1 : (chances[pods - from] ?? 0);
