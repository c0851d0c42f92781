import { AUTOSCALER_METRICS as SERVICE } from '@hangar/autoscaler/metrics';
import { RUNNER_METRICS as RUNNER } from '@hangar/shared/contract/runner-metrics';

/** Series in promtool's notation, one value a minute: `0+2x30` is 0, 2, 4 … 60, and `_` a gap. */
export type PromtoolSeries = Readonly<Record<string, string>>;

/** Series for which an alert fires and, nearby, for which it does not. */
export interface RuleExample {
  readonly fires: {
    readonly given: PromtoolSeries;
    readonly atMinute: number;
    readonly labels: PromtoolSeries;
  };
  /** By the reason why nothing is wrong. */
  readonly quiet: Readonly<Record<string, { readonly given: PromtoolSeries; readonly atMinute: number }>>;
}

type Labels = Readonly<Record<string, string>>;

const HERE: Labels = { namespace: 'ci' };
const ONE: Labels = { ...HERE, instance: 'runner-0' };

const series = (name: string, labels: Labels): string =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(', ')}}`;

const of = (spec: { readonly name: string }, labels: Labels = {}): string =>
  series(spec.name, { ...ONE, ...labels });

/** Cumulative buckets of a histogram in which all observations lie between two bounds. */
function buckets(spec: { readonly name: string }, under: string, above: string, each = 10): PromtoolSeries {
  const bucket = (le: string): string => series(`${spec.name}_bucket`, { ...ONE, le });
  const grows = `0+${each}x180`;
  return {
    [bucket(under)]: '0x180',
    [bucket(above)]: grows,
    [bucket('+Inf')]: grows,
    [series(`${spec.name}_count`, ONE)]: grows,
  };
}

const stages = (waiting: string, running: string): PromtoolSeries => ({
  [of(RUNNER.stages, { state: 'waiting' })]: waiting,
  [of(RUNNER.stages, { state: 'starting' })]: '0x180',
  [of(RUNNER.stages, { state: 'running' })]: running,
  [of(RUNNER.capacity)]: '10x180',
});

const poll = (age: string, waiting: string, running: string): PromtoolSeries => ({
  [of(RUNNER.pollAge)]: age,
  ...stages(waiting, running),
});

const waits = (quick: boolean): PromtoolSeries => ({
  [of(RUNNER.waits, { reason: 'quota' })]: '0+1x60',
  ...(quick ? buckets(RUNNER.wait, '60', '120') : buckets(RUNNER.wait, '300', '600')),
});

const broken = (blame: string, failures: string, ended: string): PromtoolSeries => ({
  [of(RUNNER.failures, { class: 'evicted', blame })]: failures,
  [of(RUNNER.stagesEnded, { result: 'completed' })]: ended,
});

const calls = (labels: Labels, some: string): PromtoolSeries => ({
  [of(RUNNER.apiRequests, { verb: 'patch', resource: 'pods', ...labels })]: some,
  [of(RUNNER.apiRequests, { verb: 'patch', resource: 'pods', code: '200' })]: '0+600x60',
});

const drone = (code: string, some: string): PromtoolSeries => ({
  [of(RUNNER.droneRequests, { call: 'updateStage', code })]: some,
  [of(RUNNER.droneRequests, { call: 'updateStage', code: '200' })]: '0+10x60',
});

const starts = (values: string): PromtoolSeries => ({
  [of(RUNNER.processStart)]: values,
  [of(RUNNER.info, { version: '1', machine: 'm' })]: '1x60',
});

const pool = (actual: string, wanted: string): PromtoolSeries => ({
  [of(SERVICE.poolNodes, { pool: 'builds', state: 'actual' })]: actual,
  [of(SERVICE.poolNodes, { pool: 'builds', state: 'desired' })]: wanted,
});

const forecast = (miss: string, byForecast: string): PromtoolSeries => ({
  [of(SERVICE.forecastMiss)]: miss,
  [of(SERVICE.buffer)]: byForecast,
  [of(SERVICE.demand, { state: 'running' })]: '20x240',
  [of(SERVICE.demand, { state: 'pending' })]: '0x240',
});

const later = (given: PromtoolSeries, atMinute = 30) => ({ given, atMinute });

const JOB: Labels = { job: 'hangar' };

/** A process that Prometheus scrapes up to that minute of an hour, and no longer. */
const upUntil = (spec: { readonly name: string }, minute: number, labels: Labels = {}): PromtoolSeries => ({
  [of(spec, { ...JOB, version: '1', ...labels })]: `1x${minute} _x${60 - minute}`,
});

/** By the alert's name. */
export const RULE_EXAMPLES: Readonly<Record<string, RuleExample>> = {
  HangarRunnerDown: {
    // Another release answers: it does not hide the one that is gone.
    fires: {
      given: { ...upUntil(RUNNER.info, 10), ...upUntil(RUNNER.info, 60, { namespace: 'other' }) },
      atMinute: 30,
      labels: { ...HERE, job: 'hangar' },
    },
    quiet: {
      'one of two runners answers': later({
        ...upUntil(RUNNER.info, 10),
        ...upUntil(RUNNER.info, 60, { instance: 'runner-1' }),
      }),
      'no release was ever scraped': later({}),
    },
  },
  HangarRunnerTargetDown: {
    fires: {
      given: { ...upUntil(RUNNER.info, 10), [of({ name: 'up' }, JOB)]: '1x10 0x50' },
      atMinute: 30,
      labels: { ...ONE, ...JOB },
    },
    quiet: {
      'its Pod was replaced': later({ ...upUntil(RUNNER.info, 10), [of({ name: 'up' }, JOB)]: '1x10 _x50' }),
      'another program is down': later({ [of({ name: 'up' }, { job: 'other' })]: '0x60' }),
    },
  },
  HangarRunnerNotPolling: {
    fires: { given: poll('0+60x30', '0x30', '3x30'), atMinute: 20, labels: ONE },
    quiet: {
      'a poll takes a minute': later(poll('60x60', '0x60', '3x60')),
      'it is full and does not ask': later(poll('0+60x60', '0x60', '10x60')),
      'a stage waits, so it does not ask': later(poll('0+60x60', '1x60', '3x60')),
    },
  },
  HangarStagesWaitTooLong: {
    fires: { given: waits(false), atMinute: 40, labels: { ...HERE, reason: 'quota' } },
    quiet: {
      'stages wait, and not for long': later(waits(true), 40),
      'nobody had to wait of late': later(
        { ...waits(false), [of(RUNNER.waits, { reason: 'quota' })]: '5x60' },
        40,
      ),
    },
  },
  HangarNothingAdmitted: {
    fires: {
      given: { ...stages('2x90', '3x90'), [series(`${RUNNER.wait.name}_count`, ONE)]: '7x90' },
      atMinute: 60,
      labels: HERE,
    },
    quiet: {
      'one is admitted now and then': later(
        { ...stages('2x90', '3x90'), [series(`${RUNNER.wait.name}_count`, ONE)]: '0x29 1x29 2x30' },
        60,
      ),
      'nobody waited in between': later(
        { ...stages('2x40 0 2x40', '3x90'), [series(`${RUNNER.wait.name}_count`, ONE)]: '7x90' },
        60,
      ),
    },
  },
  HangarPodsUnschedulable: {
    fires: { given: { [of(RUNNER.unschedulable)]: '4x60' }, atMinute: 30, labels: HERE },
    quiet: { 'a node boots for ten minutes': later({ [of(RUNNER.unschedulable)]: '0x10 4x10 0x30' }, 20) },
  },
  HangarStagesBreak: {
    fires: {
      given: broken('cluster', '0+1x60', '0+10x60'),
      atMinute: 45,
      labels: { ...HERE, blame: 'cluster' },
    },
    quiet: {
      'one in a hundred': later(broken('cluster', '0+1x60', '0+100x60'), 45),
      'one of a few': later(broken('cluster', '0x40 1x20', '0x40 4x20'), 45),
      'pipelines that their authors must mend': later(broken('pipeline', '0+1x60', '0+2x60'), 45),
    },
  },
  HangarInternalErrors: {
    fires: {
      given: { [of(RUNNER.failures, { class: 'internal', blame: 'bug' })]: '0x10 1x30' },
      atMinute: 15,
      labels: { ...HERE, class: 'internal' },
    },
    quiet: {
      'it was yesterday': later({ [of(RUNNER.failures, { class: 'internal', blame: 'bug' })]: '1x60' }),
    },
  },
  HangarApiThrottled: {
    fires: { given: calls({ code: '429' }, '0+12x60'), atMinute: 30, labels: HERE },
    quiet: { 'a few refusals': later(calls({ code: '429' }, '0+3x60')) },
  },
  HangarClientRateLimited: {
    fires: { given: buckets(RUNNER.limiterWait, '5', '10'), atMinute: 30, labels: ONE },
    quiet: { 'a second or two': later(buckets(RUNNER.limiterWait, '1', '2')) },
  },
  HangarApiFailing: {
    fires: { given: calls({ code: '503' }, '0+120x60'), atMinute: 20, labels: HERE },
    quiet: {
      'one in a hundred fails': later(calls({ code: '503' }, '0+6x60')),
      'conflicts are ordinary': later(calls({ code: '409' }, '0+600x60')),
    },
  },
  HangarPermissionMissing: {
    fires: {
      given: calls({ code: '403' }, '0+1x60'),
      atMinute: 20,
      labels: { ...HERE, verb: 'patch', resource: 'pods' },
    },
    quiet: { 'one call at start': later(calls({ code: '403' }, '0x10 1x50')) },
  },
  HangarDroneFailing: {
    fires: { given: drone('500', '0+5x60'), atMinute: 30, labels: { ...HERE, call: 'updateStage' } },
    quiet: {
      'one in eleven': later(drone('500', '0+1x60')),
      'another runner was faster': later(drone('409', '0+10x60')),
    },
  },
  HangarWatchStale: {
    fires: { given: { [of(RUNNER.watchStale)]: '0+60x60' }, atMinute: 20, labels: ONE },
    quiet: { 'bookmarks come once a minute': later({ [of(RUNNER.watchStale)]: '60x60' }) },
  },
  HangarLogsLate: {
    fires: { given: { [of(RUNNER.logLag)]: '45x60' }, atMinute: 20, labels: ONE },
    quiet: { 'a burst': later({ [of(RUNNER.logLag)]: '1x20 45x5 1x30' }, 25) },
  },
  HangarOrphanedPods: {
    fires: { given: { [of(RUNNER.orphans)]: '1x60' }, atMinute: 30, labels: HERE },
    quiet: { 'taken over within a minute': later({ [of(RUNNER.orphans)]: '0x10 3 0x40' }, 11) },
  },
  HangarStagesExpired: {
    fires: { given: { [of(RUNNER.expired)]: '0x20 2x60' }, atMinute: 30, labels: HERE },
    quiet: { 'it was yesterday': later({ [of(RUNNER.expired)]: '2x60' }) },
  },
  HangarRunnerRestarts: {
    fires: { given: starts('1x10 2x10 3x10 4x10'), atMinute: 42, labels: ONE },
    quiet: { 'an upgrade': later(starts('1x20 2x40'), 42) },
  },
  HangarEventLoopLag: {
    fires: { given: { [of(RUNNER.eventLoopLag)]: '0.8x60' }, atMinute: 20, labels: ONE },
    quiet: { 'a tenth of a second': later({ [of(RUNNER.eventLoopLag)]: '0.1x60' }) },
  },
  HangarAutoscalerDown: {
    fires: { given: upUntil(SERVICE.info, 10), atMinute: 40, labels: { ...HERE, job: 'hangar' } },
    quiet: { 'it answers': later(upUntil(SERVICE.info, 60)) },
  },
  HangarAutoscalerTargetDown: {
    fires: {
      given: { ...upUntil(SERVICE.info, 10), [of({ name: 'up' }, JOB)]: '1x10 0x50' },
      atMinute: 30,
      labels: { ...ONE, ...JOB },
    },
    quiet: {
      'a restart of a few minutes': later(
        { ...upUntil(SERVICE.info, 10), [of({ name: 'up' }, JOB)]: '1x10 0x5 1x45' },
        25,
      ),
    },
  },
  HangarRecommendationStale: {
    fires: { given: { [of(SERVICE.stale)]: '1x60' }, atMinute: 20, labels: HERE },
    quiet: {
      'one tick was too early': later({ [of(SERVICE.stale)]: '0x10 1x5 0x40' }, 15),
      'the other replica is well': later({
        [of(SERVICE.stale)]: '1x60',
        [of(SERVICE.stale, { instance: 'other' })]: '0x60',
      }),
    },
  },
  HangarTicksFail: {
    fires: {
      given: { [of(SERVICE.ticks, { outcome: 'failed' })]: '0x10 0+1x30' },
      atMinute: 30,
      labels: HERE,
    },
    quiet: {
      'stale ticks have an alert of their own': later({
        [of(SERVICE.ticks, { outcome: 'stale' })]: '0+6x60',
      }),
    },
  },
  HangarRunnersUnreachable: {
    fires: { given: { [of(SERVICE.targets, { state: 'missing' })]: '1x60' }, atMinute: 30, labels: HERE },
    quiet: { 'a roll-out': later({ [of(SERVICE.targets, { state: 'missing' })]: '0x10 1x5 0x40' }, 15) },
  },
  HangarWaitsAboveObjective: {
    fires: {
      given: { ...buckets(SERVICE.nodeWait, '30', '60'), [of(SERVICE.objective)]: '10x180' },
      atMinute: 90,
      labels: HERE,
    },
    quiet: {
      'as agreed': later({ ...buckets(SERVICE.nodeWait, '5', '10'), [of(SERVICE.objective)]: '10x180' }, 90),
      'nobody waited': later(
        { ...buckets(SERVICE.nodeWait, '30', '60', 0), [of(SERVICE.objective)]: '10x180' },
        90,
      ),
    },
  },
  HangarWaitBoundNotHeld: {
    fires: {
      given: {
        [of(SERVICE.waitBoundHeld)]: '0x60',
        [of(SERVICE.waitBoundHeld, { instance: 'just started' })]: '1x60',
      },
      atMinute: 40,
      labels: HERE,
    },
    quiet: {
      'a peak at the maximum': later({ [of(SERVICE.waitBoundHeld)]: '1x10 0x20 1x30' }, 30),
      'there is no bound': later({}, 40),
    },
  },
  HangarPoolAtItsLimit: {
    fires: {
      given: { [of(SERVICE.poolShort, { pool: 'builds' })]: '3x60' },
      atMinute: 30,
      labels: { ...HERE, pool: 'builds' },
    },
    quiet: {
      'it grows step by step': later({ [of(SERVICE.poolShort, { pool: 'builds' })]: '0x10 3x10 0x30' }, 20),
    },
  },
  HangarPoolUnserved: {
    fires: {
      given: { [of(SERVICE.outcome, { pool: 'builds', outcome: 'unserved' })]: '1x60' },
      atMinute: 20,
      labels: { ...HERE, pool: 'builds' },
    },
    quiet: {
      'nodes boot': later({ [of(SERVICE.outcome, { pool: 'builds', outcome: 'set' })]: '1x60' }),
      'they came late': later(
        { [of(SERVICE.outcome, { pool: 'builds', outcome: 'unserved' })]: '1x8 _x52' },
        8,
      ),
    },
  },
  HangarOrdersFail: {
    fires: {
      given: { [of(SERVICE.outcome, { pool: 'builds', outcome: 'refused' })]: '1x60' },
      atMinute: 20,
      labels: { ...HERE, pool: 'builds', outcome: 'refused' },
    },
    quiet: {
      'a dry run': later({ [of(SERVICE.outcome, { pool: 'builds', outcome: 'dry-run' })]: '1x60' }),
      'paused by a person': later({ [of(SERVICE.outcome, { pool: 'builds', outcome: 'paused' })]: '1x60' }),
    },
  },
  HangarNodesIdle: {
    fires: { given: pool('20x200', '8x200'), atMinute: 150, labels: { ...HERE, pool: 'builds' } },
    quiet: {
      'a few more than wanted': later(pool('13x200', '8x200'), 150),
      'a pool of two, of which none is needed': later(pool('2x200', '0x200'), 150),
      'the evening of a busy day': later(pool('20x200', '20x100 8x100'), 180),
    },
  },
  HangarForecastOff: {
    fires: { given: forecast('15x240', '1x240'), atMinute: 200, labels: HERE },
    quiet: {
      'a third of the demand': later(forecast('7x240', '1x240'), 200),
      'the rule sets the buffer': later(forecast('15x240', '0x240'), 200),
    },
  },
};
