import { createActing } from './act/acting.ts';
import type { Actor } from './act/actor.ts';
import { AdviceSources } from './advise/advice-sources.ts';
import { type Comparer } from './advise/adviser.ts';
import { Autoscaler } from './autoscaler.ts';
import type { AutoscalerConfig } from './config/load.ts';
import { CurveKeeper, type CurvePlayer } from './curve/curve-keeper.ts';
import { type Decider, decideHere } from './decide/decider.ts';
import { Snapshots } from './freeze/snapshots.ts';
import { ActLog } from './history/act-log.ts';
import { Ledger } from './history/ledger.ts';
import { AutoscalerMetrics } from './metrics/autoscaler-metrics.ts';
import { ConditionLog } from './observe/condition-log.ts';
import { Observer, type ObserverParts } from './observe/observer.ts';
import { WallClock } from './observe/wall-clock.ts';
import { Learner } from './store/learner.ts';
import { Recorder } from './store/recorder.ts';
import type { TraceMemory } from './trace/trace-memory.ts';

/** External dependencies: the clock, the sources, the store and the decider. */
export interface Outside extends ObserverParts {
  readonly memory: TraceMemory;
  /** Replaces the actor that the settings configure. */
  readonly actor?: Actor | undefined;
  /** Undefined: decided in this thread. */
  readonly decider?: Decider | undefined;
  /** Undefined: advice on node scalers is based on published figures. */
  readonly comparer?: Comparer | undefined;
  /** Undefined: there is no curve of cost against waiting. */
  readonly curvePlayer?: CurvePlayer | undefined;
  /** Distinguishes this process from others with the same name; empty: not set. */
  readonly instance?: string;
  readonly version: string;
}

/** An autoscaler that is wired and not started. */
export interface Assembly {
  readonly autoscaler: Autoscaler;
  readonly ledger: Ledger;
  readonly learner: Learner;
  readonly metrics: AutoscalerMetrics;
  readonly curves: CurveKeeper;
}

/** Wires the autoscaler from its configuration; it sends no request yet. */
export function assemble(outside: Outside, config: AutoscalerConfig): Assembly {
  const { clock, log, cluster, comparer, version } = outside;
  const metrics = new AutoscalerMetrics(version, clock.now());
  const ledger = new Ledger();
  const actor = outside.actor ?? actingOf(outside, config, ledger);
  const observer = new Observer(outside, config);
  const learner = new Learner(clock, {
    buffer: config.buffer,
    bootSeconds: config.bootMs / 1000,
    objectiveP95Seconds: config.objectiveMs / 1000,
    tickSeconds: config.tickMs / 1000,
  });
  const curves = new CurveKeeper({ clock, log, player: outside.curvePlayer }, curveSettingsOf(config));
  const adviceSources = new AdviceSources({ clock, log, cluster, comparer, curves });
  const actLog = new ActLog(metrics, ledger.decisions, (pool) => observer.watch?.ordered(pool));
  const autoscaler = new Autoscaler({
    ...{ clock, log, observer, learner, adviceSources, actor, actLog, ledger, metrics },
    recorder: new Recorder({ clock, log, memory: outside.memory, metrics }),
    snapshots: new Snapshots({ clock, observer, learner, adviceSources, grewAtMs: actLog.grewAtMs }, config),
    wallClock: new WallClock({ clock, log, onJump: () => metrics.clockJumped() }),
    conditionLog: new ConditionLog({ clock, log }),
    decider: outside.decider ?? decideHere(config),
    expected: expectedOf(config),
    rails: config.rails,
    tickMs: config.tickMs,
  });
  return { autoscaler, ledger, learner, metrics, curves };
}

/** Only what can be passed to a thread. */
function curveSettingsOf({ buffer, rails, floors, objectiveMs, tickMs, acting }: AutoscalerConfig) {
  const { emptyForMs, lowerPaceMs, billing } = acting;
  return { buffer, rails, floors, objectiveMs, tickMs, emptyForMs, lowerPaceMs, billing };
}

function expectedOf({ cluster, runners, runnerService, staleAfterMs }: AutoscalerConfig) {
  return {
    cluster: cluster !== undefined,
    runners: runners.length > 0 || runnerService !== undefined,
    staleAfterMs,
  };
}

function actingOf(
  { clock, log, cluster, instance = '' }: Outside,
  config: AutoscalerConfig,
  { audit }: Ledger,
): Actor | undefined {
  if (cluster === undefined) return undefined;
  const { acting, rules, tickMs, runnerService } = config;
  const { replica, ...lease } = acting.lease;
  const name = instance === '' ? replica : `${replica}_${instance}`;
  return createActing(
    { clock, cluster, log, trail: audit },
    {
      ...acting,
      lease: { ...lease, replica: name },
      rules,
      tickMs,
      runnersNamespace: runnerService?.namespace,
    },
  );
}
