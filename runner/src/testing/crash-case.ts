import { recordOf } from '@hangar/shared/json';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { draftParts, wire } from '../assemble.ts';
import { loadConfig } from '../config/load.ts';
import type { RunnerConfig } from '../config/runner-config.ts';
import { withRights } from '../granted-parts.ts';
import { LEASE_ANNOTATION } from '../lease/lease-record.ts';
import { LeaseValidity } from '../lease/lease-validity.ts';
import { clusterLogSource } from '../logs/cluster-log-source.ts';
import { FakeOverflow } from '../logs/testing/fake-overflow.ts';
import type { Granted } from '../permissions/review.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import type { DroneStep, Status } from '../pipeline/drone.ts';
import { plannedNumber } from '../pipeline/stage-state.ts';
import type { LogTrial } from '../ports/log-trial.ts';
import { runIndependently } from '../run-independently.ts';
import { run } from '../runner.ts';
import { CrashingProcess, type CrashPoint, type LethalLog, type NameCall } from './crash.ts';
import { FakeDrone, type StageRow } from './fake-drone.ts';
import { LONG_LINE, RunningCluster } from './fake-kubelet.ts';
import {
  clusterAnswerLost,
  droneAnswerLost,
  overflowAnswerLost,
  parserAnswerLost,
  pluginsOf,
} from './lost-answers.ts';
import { Connection, type Outage, reachable } from './outage.ts';

/** Builds, what happens to them, and how they end if no process is lost. */
export interface CrashScenario {
  readonly name: string;
  readonly pipelines: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The next process is the same container, started again; default: another replica. */
  readonly isSameContainer?: boolean;
  /** The rights of the previous runner: each process works for itself, and the next one is the same container. */
  readonly hasPreviousRole?: boolean;
  /** The first build is cancelled this long after the start of the case. */
  readonly cancelAfterMs?: number;
  readonly outage?: Outage;
  /** Whether the nodes can mount an image as a volume; default: they can. */
  readonly hasImageVolumes?: boolean;
  /** A ResourceQuota refuses all Pods for so long. */
  readonly quotaForMs?: number;
  /** The step whose log ends each process that reads it. */
  readonly lethal?: string;
  /** There is no memory for logs: what is full goes to the overflow. */
  readonly hasNoLogMemory?: boolean;
  /** For each build: the status of its stage, and of each step; without `steps`, any final status. */
  readonly ends: readonly { readonly stage: Status; readonly steps?: readonly string[] }[];
}

/** The result of a case. */
export interface CaseEnd {
  /** All calls of each process until all builds had ended and were cleaned up. */
  readonly calls: readonly (readonly string[])[];
  /** Violations of invariants, as text; empty if all hold. */
  readonly problems: readonly string[];
  /** Stages that were accepted and have no end, because no Pod recorded them (only under the previous runner's Role). */
  readonly forgotten: number;
  /** How many processes were lost. */
  readonly crashes: number;
  /** Lines of all logs, by step. */
  readonly logs: Readonly<Record<string, readonly string[]>>;
}

const STEP_MS = 2_000;
const LIMIT_MS = 400_000;
const SETTLE_MS = 30_000;
const HAND_OVER_MS = 4_000;
/** For this long a process is cut off: others take over meanwhile, and it comes back. */
const CUT_OFF_MS = 60_000;
/** The term of a Lease: within this time a lost process is replaced. The new one knows the cancels of its builds before it starts a step. */
const CANCEL_LIMIT_MS = 9_000;
const NAMESPACE = 'ci';
/** What a review of the previous runner's Role grants. */
const PREVIOUS_ROLE: Granted = {
  coordination: 'none',
  updateIn: ['', NAMESPACE],
  secretsHiddenIn: ['', NAMESPACE],
  eventPlaces: [],
};
const SAME_CONTAINER = { replica: 'runner', podUid: 'pod-1' };
const PLACES = ['pods', 'secrets', 'namespaces', 'leases'] as const;
const OPEN: ReadonlySet<string> = new Set(['pending', 'running']);

/** When processes are lost: by process its crash point, of the first one on; or a log that each one reads. */
export type Losses = readonly CrashPoint[] | LethalLog;

/** Runs a scenario in stepped time. A process that is lost is followed by another one. */
export async function runCase(scenario: CrashScenario, losses: Losses): Promise<CaseEnd> {
  const one = new CrashCase(scenario);
  return one.finish(losses);
}

/** A process, and its connections to the API server and to the Drone server. */
interface OneProcess {
  readonly name: string;
  readonly process: CrashingProcess;
  readonly toCluster: Connection;
  readonly toDrone: Connection;
}

class CrashCase {
  readonly #scenario: CrashScenario;
  readonly #clock = new FakeClock();
  readonly #drone = new FakeDrone(this.#clock);
  readonly #cluster: RunningCluster;
  readonly #stageIds: readonly number[];
  readonly #stops: AbortController[] = [];
  readonly #failures: string[] = [];
  readonly #runningNames = new Set<string>();
  #cancelledMs = Number.POSITIVE_INFINITY;

  constructor(scenario: CrashScenario) {
    this.#scenario = scenario;
    this.#cluster = new RunningCluster(this.#clock, scenario);
    this.#cluster.kubelet.start();
    this.#stageIds = scenario.pipelines.map((yaml) => this.#drone.add(yaml));
  }

  async finish(losses: Losses): Promise<CaseEnd> {
    const clock = this.#clock;
    const { cancelAfterMs } = this.#scenario;
    const [first = 0] = this.#stageIds;
    if (cancelAfterMs !== undefined) clock.after(cancelAfterMs, () => this.#cancel(first));
    let lastLossMs = 0;
    let crashes = 0;
    const processes: CrashingProcess[] = [];
    const begin = (): void => {
      const point = 'container' in losses ? losses : losses[processes.length];
      const toCluster = new Connection(clock, this.#outageOf('cluster'));
      const toDrone = new Connection(clock, this.#outageOf('drone'));
      const name = `runner-${processes.length}`;
      const process = new CrashingProcess(point, {
        crash: () => {
          lastLossMs = clock.monotonicMs();
          crashes += 1;
          this.#runningNames.delete(name);
          clock.after(0, begin);
        },
        cutOff: (from) => {
          lastLossMs = clock.monotonicMs() + CUT_OFF_MS;
          (from === 'cluster' ? toCluster : toDrone).interruptFor(CUT_OFF_MS);
          clock.after(0, begin);
        },
      });
      this.#begin({ name, process, toCluster, toDrone }, losses);
      processes.push(process);
    };
    begin();
    await this.#stepUntilSettled();
    const calls = processes.map((process) => [...process.calls]);
    // Within this time the loss of a process is detected and its Lease is deleted.
    const settledMs = clock.monotonicMs();
    while (clock.monotonicMs() < Math.max(settledMs, lastLossMs) + SETTLE_MS) await clock.step(STEP_MS);
    this.#cluster.kubelet.collect();
    const left = this.#leftovers();
    for (const stop of this.#stops) stop.abort(new Error('the test ends'));
    for (let passedMs = 0; passedMs < HAND_OVER_MS; passedMs += STEP_MS) await clock.step(STEP_MS);
    this.#cluster.kubelet.close();
    await clock.step(0);
    const problems = [...left, ...this.#problems()];
    const forgotten = this.#rows().filter((row) => this.#isForgotten(row)).length;
    return { calls, problems, forgotten, crashes, logs: this.#logs() };
  }

  #logs(): CaseEnd['logs'] {
    const steps = this.#rows().flatMap((row) => [...row.steps.values()]);
    return Object.fromEntries(
      steps.map(({ id, name }) => [name, (this.#drone.logs.get(id) ?? []).map(({ out }) => out.trim())]),
    );
  }

  async #stepUntilSettled(): Promise<void> {
    const limitMs = LIMIT_MS + (this.#scenario.outage?.lastsMs ?? 0);
    for (let passedMs = 0; passedMs < limitMs && !this.#isSettled(); passedMs += STEP_MS) {
      await this.#clock.step(STEP_MS);
      // Secrets of Pods that are gone go soon.
      this.#cluster.kubelet.collect();
    }
  }

  #cancel(stageId: number): void {
    this.#cancelledMs = this.#clock.now();
    if (OPEN.has(this.#drone.rows.get(stageId)?.stage.status ?? '')) this.#drone.cancel(stageId);
  }

  #outageOf(of: Outage['of']): Outage | undefined {
    const { outage } = this.#scenario;
    return outage?.of === of ? outage : undefined;
  }

  #begin({ name, process, toCluster, toDrone }: OneProcess, losses: Losses): void {
    const clock = process.clock(this.#clock);
    const { hasPreviousRole = false, isSameContainer = hasPreviousRole } = this.#scenario;
    const holder = isSameContainer ? SAME_CONTAINER : { replica: name, podUid: '' };
    this.#runningNames.add(holder.replica);
    const config = configFor(holder.replica, this.#scenario);
    const random = randomOf(name);
    const apiServer = reachable(this.#clock, 'cluster', this.#cluster, toCluster);
    const cluster = process.port('cluster', apiServer, clusterAnswerLost, nameOfCall);
    const drone = reachable(this.#clock, 'drone', this.#drone, toDrone);
    const ciServer = process.port('drone', drone, droneAnswerLost);
    const readFile = (): Promise<string> => Promise.reject(new Error('there are no files'));
    const drafting = draftParts(config, { clock, random, readFile });
    const { parts, options, independent } = wire(
      config,
      {
        ...{ clock, random, log: silentLogger, events: NO_EVENTS, serverAnswered: () => undefined },
        holder: { ...holder, instance: name },
        connection: { namespace: NAMESPACE },
      },
      {
        ...{ cluster, ciServer, source: clusterLogSource(cluster) },
        overflow: process.port('overflow', new FakeOverflow(), overflowAnswerLost),
        trial: process.port('trial', trialOf(losses), (_, answer) => answer),
        validity: new LeaseValidity(clock, config.lease.termMs),
        drafting: {
          ...drafting,
          parser: process.port('parser', drafting.parser, parserAnswerLost),
          prepare: { ...drafting.prepare, ...pluginsOf(process) },
        },
      },
    );
    const stop = new AbortController();
    this.#stops.push(stop);
    const running = hasPreviousRole
      ? runIndependently(
          { ...withRights(parts, PREVIOUS_ROLE, options.namespaces), ...independent },
          options,
          stop.signal,
        )
      : run(parts, options, stop.signal);
    void running.catch((error: unknown) => {
      this.#failures.push(`${name} ended: ${String(error)}`);
    });
  }

  #rows(): readonly StageRow[] {
    return this.#stageIds.flatMap((id) => this.#drone.rows.get(id) ?? []);
  }

  #isSettled(): boolean {
    const isOver = this.#rows().every(({ stage }) => !OPEN.has(stage.status));
    return isOver && this.#cluster.all({ resource: RESOURCE.pods }).length === 0;
  }

  /** All objects except the Leases of the running processes. */
  #leftovers(): readonly string[] {
    const names = PLACES.flatMap((place) =>
      this.#cluster.all({ resource: RESOURCE[place] }).map(({ metadata }) => `${place} ${metadata?.name}`),
    );
    const isOfRunning = (name: string): boolean =>
      [...this.#runningNames].some((running) => name.endsWith(running));
    return names.filter((name) => !isOfRunning(name)).map((name) => `left: ${name}`);
  }

  #problems(): readonly string[] {
    const { starts } = this.#cluster.kubelet;
    const names = starts.map(({ stageId, step }) => `${step} of ${stageId}`);
    const twice = names.filter((name, nth) => names.indexOf(name) !== nth);
    const ends = this.#rows().flatMap((row, nth) =>
      this.#isForgotten(row) ? [] : this.#endProblems(row, nth),
    );
    const late = starts.filter(
      ({ stageId, atMs }) => stageId === this.#stageIds[0] && atMs > this.#cancelledMs + CANCEL_LIMIT_MS,
    );
    return [
      ...this.#failures,
      ...late.map(({ step }) => `${step} started long after the cancel`),
      ...twice.map((name) => `${name} ran twice`),
      ...this.#drone.refusedLines.map((line) => `refused, because a log was stored before: ${line}`),
      ...ends,
    ];
  }

  /** Accepted, and no container of it was ever started: without a Lease only its Pod would record it. */
  #isForgotten({ stage }: StageRow): boolean {
    const hasRun = this.#cluster.kubelet.starts.some(({ stageId }) => stageId === stage.id);
    const isOpen = OPEN.has(stage.status) && stage.machine !== '';
    return this.#scenario.hasPreviousRole === true && isOpen && !hasRun;
  }

  #endProblems(row: StageRow, nth: number): readonly string[] {
    const { stage } = row;
    const steps = stepsOfLastStart(row);
    const wanted = this.#scenario.ends[nth];
    const seen = steps.map(
      ({ name, status, error }) => `${name} ${status}${error === '' ? '' : `: ${error}`}`,
    );
    const areEnded = steps.every(({ status }) => !OPEN.has(status));
    const areTrue = wanted?.steps === undefined ? areEnded : seen.join() === wanted.steps.join();
    const isTrue = stage.status === wanted?.stage && areTrue;
    const seenText = `build ${nth + 1} is ${stage.status} ${stage.error} [${seen.join(', ')}]`;
    const status = isTrue ? [] : [`${seenText}, not ${wanted?.stage} [${wanted?.steps?.join(', ')}]`];
    const logs = steps.flatMap((step) => {
      const ran = this.#cluster.kubelet.starts.some(
        (one) => one.stageId === stage.id && one.step === step.name,
      );
      if (!ran || wanted?.stage === 'killed' || step.name === this.#scenario.lethal) return [];
      const lines = this.#drone.logs.get(step.id)?.map(({ out }) => out.trim()) ?? [];
      const shown = lines.map((line) => (line === LONG_LINE ? 'long' : line));
      const printed = shown.filter((line) => line.startsWith('#') || line === 'long').join(' ');
      const expected = step.name.includes('chatty') ? '#1 long #2 long #3 long' : '#1 #2 #3';
      return printed === expected ? [] : [`the log of ${step.name} is "${printed}"`];
    });
    return [...status, ...logs];
  }
}

/** A start whose response was lost is repeated with new steps; the server keeps the first ones, as pending. */
function stepsOfLastStart({ steps }: StageRow): readonly DroneStep[] {
  const all = [...steps.values()];
  const starts = all.map(({ number }) => number - plannedNumber(number));
  const last = Math.max(...starts);
  return all.filter((_, nth) => starts[nth] === last);
}

/** Another process reads a log first, which ends that one if any. */
const trialOf = (losses: Losses): LogTrial => ({
  isHarmless: ({ container }) => Promise.resolve(!('container' in losses && losses.container === container)),
});

/** The resource belongs to the name, and so do the writes by which a process takes over what a lost one had. */
const nameOfCall: NameCall = (method, [target, change]) => {
  const annotations = recordOf(recordOf(recordOf(change).metadata).annotations);
  const { plural } = recordOf(recordOf(target).resource);
  const isPatch = method === 'patch';
  if (isPatch && annotations[ANNOTATION.adoptions] !== undefined) return 'claim pods';
  if (isPatch && typeof annotations[LEASE_ANNOTATION.successors] === 'string') return 'mark leases';
  return typeof plural === 'string' ? `${method} ${plural}` : method;
};

function configFor(
  name: string,
  { env = {}, hasNoLogMemory = false }: Pick<CrashScenario, 'env' | 'hasNoLogMemory'>,
): RunnerConfig {
  const all = {
    ...{ DRONE_RPC_HOST: 'drone.test', DRONE_RPC_SECRET: 'secret', DRONE_RUNNER_NAME: name },
    ...{ DRONE_NAMESPACE_DEFAULT: NAMESPACE, HANGAR_LEASE_NAMESPACE: NAMESPACE, HANGAR_LEASE_TERM: '9s' },
    ...env,
  };
  const host = { hostname: name, version: 'test', namespace: NAMESPACE };
  const loaded = loadConfig(all, () => '', host);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const { logs } = loaded.ok;
  return { ...loaded.ok, logs: hasNoLogMemory ? { ...logs, memoryBytes: 0 } : logs };
}

/** Returns the same numbers in each case, so that the n-th call is always the same. */
function randomOf(name: string): () => number {
  let state = [...name].reduce((sum, letter) => sum * 31 + (letter.codePointAt(0) ?? 0), 7) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const NO_EVENTS = {
  buildSeen: () => undefined,
  waited: () => undefined,
  launched: () => undefined,
  finished: () => undefined,
  failedEarly: () => undefined,
  stepStarted: () => undefined,
  concluded: () => undefined,
  expired: () => undefined,
};
