import type { ModelParameters } from '../model/parameters.ts';
import { PUBLISHED } from '../model/parameters.ts';
import type { DaySummary } from './day-summary.ts';
import { type DayPair, type Estimate, ratioOfDays } from './ratio.ts';

/** The quantities learned from data. */
export type QuantityName =
  | 'podsPerBuild'
  | 'podSeconds'
  | 'podCpuMillicores'
  | 'podMemoryBytes'
  | 'peakHourShare'
  | 'burstiness'
  | 'bootSeconds';

/** One quantity: the prior assumption, the data, the value used, and its uncertainty. */
export interface Quantity {
  readonly name: QuantityName;
  readonly meaning: string;
  readonly unit: string;
  readonly prior: number;
  readonly priorSource: string;
  /** Undefined: too few days. */
  readonly data: Estimate | undefined;
  /** The value used: data and prior, weighted by days. */
  readonly value: number;
  /** 90 % interval of the value used; as wide as the prior where there are no data. */
  readonly low: number;
  readonly high: number;
  readonly days: number;
  /** Full runners hid work on some of these days: the true value may be higher. */
  readonly lowerBound: boolean;
  /** `9 of 14 days`, and reservations, as text. */
  readonly because: string;
}

/** All calibrated quantities. */
export type Calibration = Readonly<Record<QuantityName, Quantity>>;

/** The weight of the prior in days: low enough that a week of data outweighs it. */
const PRIOR_DAYS = 2;
/** The factor by which the true value may differ where nothing is known; wide on purpose. */
const IGNORANCE = 2.5;
/** Builds of a PR per day: pushes. Pods don't contain their PR, so this stays our assumption. */
export const BUILDS_PER_PR = 3;

interface Description {
  readonly meaning: string;
  readonly unit: string;
  readonly prior: number;
  readonly priorSource: string;
  readonly pair: (day: DaySummary) => DayPair;
  /** Whether full runners hide part of it. */
  readonly censored: boolean;
}

const byPods = (over: (day: DaySummary) => number) => (day: DaySummary) => ({
  over: over(day),
  under: day.pods,
});

const TABLE = "the published table's parameters (our interpretation)";

/** The assumption for each quantity without data. */
const DESCRIPTIONS: Readonly<Record<QuantityName, Description>> = {
  podsPerBuild: {
    meaning: 'Pods that one build starts',
    unit: 'Pods',
    prior: PUBLISHED.podsPerPr / BUILDS_PER_PR,
    priorSource: `${TABLE}: ${PUBLISHED.podsPerPr} Pods a PR in ${BUILDS_PER_PR} pushes`,
    pair: ({ pods, builds }) => ({ over: pods, under: builds }),
    censored: false,
  },
  podSeconds: {
    meaning: 'time for which a Pod holds its request',
    unit: 's',
    prior: PUBLISHED.podSeconds,
    priorSource: TABLE,
    pair: byPods(({ podSeconds }) => podSeconds),
    censored: false,
  },
  podCpuMillicores: {
    meaning: 'CPU request of a Pod',
    unit: 'millicores',
    prior: PUBLISHED.pod.cpuMillicores,
    priorSource: TABLE,
    pair: byPods(({ cpuMillicores }) => cpuMillicores),
    censored: false,
  },
  podMemoryBytes: {
    meaning: 'memory request of a Pod',
    unit: 'bytes',
    prior: PUBLISHED.pod.memoryBytes,
    priorSource: TABLE,
    pair: byPods(({ memoryBytes }) => memoryBytes),
    censored: false,
  },
  peakHourShare: {
    meaning: "share of a day's Pods that arrive in its busiest hour",
    unit: '',
    prior: PUBLISHED.peakHourShare,
    priorSource: 'median of 18 busy days of one busy repository: 20.5 %',
    pair: byPods(({ peakHourPods }) => peakHourPods),
    censored: true,
  },
  burstiness: {
    meaning: 'Pods that arrive together, as the average Pod sees it (1: they arrive one by one)',
    unit: 'Pods',
    prior: 5,
    priorSource: 'one busy repository: a push brings 5.0 jobs',
    pair: byPods(({ pushSquares }) => pushSquares),
    censored: true,
  },
  bootSeconds: {
    meaning: 'from the request for a node until it is ready',
    unit: 's',
    prior: 180,
    priorSource: 'usual in clouds: three minutes',
    pair: ({ bootSeconds, boots }) => ({ over: bootSeconds, under: boots }),
    censored: false,
  },
};

/**
 * The estimate from the days. Days on which runners or quotas were full show too little: they are used where they raise the
 * estimate, and never lower it.
 */
function dataOf(
  days: readonly DaySummary[],
  { pair, censored }: Description,
  prior: number,
): Estimate | undefined {
  const all = ratioOfDays(days.map(pair));
  if (!censored || !days.some(({ exhausted }) => exhausted)) return all;
  const free = ratioOfDays(days.filter(({ exhausted }) => !exhausted).map(pair));
  return all !== undefined && all.value > (free?.value ?? prior) ? all : free;
}

function quantityOf(name: QuantityName, days: readonly DaySummary[], prior: number): Quantity {
  const description = DESCRIPTIONS[name];
  const { meaning, unit, priorSource, censored } = description;
  const data = dataOf(days, description, prior);
  const used = data?.days ?? 0;
  const value = data === undefined ? prior : (PRIOR_DAYS * prior + used * data.value) / (PRIOR_DAYS + used);
  const cut = censored ? days.filter(({ exhausted }) => exhausted).length : 0;
  return {
    name,
    meaning,
    unit,
    prior,
    priorSource,
    data,
    value,
    low: data === undefined ? prior / IGNORANCE : Math.min(data.low, value),
    high: data === undefined ? prior * IGNORANCE : Math.max(data.high, value),
    days: used,
    lowerBound: cut > 0,
    because: reasonOf({ used, total: days.length, cut }),
  };
}

function reasonOf({ used, total, cut }: { used: number; total: number; cut: number }): string {
  const days = (count: number): string => `${count} ${count === 1 ? 'day' : 'days'}`;
  const base =
    used === 0
      ? `no data yet (${days(total)} seen, 2 with data are needed): the assumption is used`
      : `${used} of ${days(total)}, against ${days(PRIOR_DAYS)} for the assumption`;
  return cut === 0
    ? base
    : `${base}; on ${days(cut)} runners or quotas were full: such days can only raise the value, so it is a lower bound`;
}

/**
 * Combines the prior with the data of whole days.
 *
 * @param days whole days, in any order
 * @param priors values that replace the default priors, such as a boot time that the operator knows
 * @returns for each quantity value, 90 % interval and reason; the same days give the same answer
 */
export function calibrate(
  days: readonly DaySummary[],
  priors: Partial<Readonly<Record<QuantityName, number>>> = {},
): Calibration {
  const of = (name: QuantityName): Quantity =>
    quantityOf(name, days, priors[name] ?? DESCRIPTIONS[name].prior);
  return {
    podsPerBuild: of('podsPerBuild'),
    podSeconds: of('podSeconds'),
    podCpuMillicores: of('podCpuMillicores'),
    podMemoryBytes: of('podMemoryBytes'),
    peakHourShare: of('peakHourShare'),
    burstiness: of('burstiness'),
    bootSeconds: of('bootSeconds'),
  };
}

/** The model of PRs per day with the calibrated parameters; what can't be observed stays as published. */
export function calibratedParameters(calibration: Calibration): ModelParameters {
  return {
    ...PUBLISHED,
    podsPerPr: calibration.podsPerBuild.value * BUILDS_PER_PR,
    podSeconds: calibration.podSeconds.value,
    peakHourShare: Math.min(1, calibration.peakHourShare.value),
    pod: {
      cpuMillicores: Math.max(1, Math.ceil(calibration.podCpuMillicores.value)),
      memoryBytes: Math.max(1, Math.ceil(calibration.podMemoryBytes.value)),
    },
  };
}
