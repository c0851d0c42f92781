import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { requestOf } from '../admit/pod-load.ts';
import { removePod } from '../cleanup/remove-pod.ts';
import { Flight, type FlightEnd } from '../flight/flight.ts';
import { launch } from '../launch/launch.ts';
import { holdsGate, letGo, register, type Started, startStage } from '../launch/start.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { DroneStage, StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { finishBare } from '../report/finish-bare.ts';
import { Reporter } from '../report/reporter.ts';
import type { JourneyParts } from './journey-parts.ts';

/** A stage of ours, claimed and nothing more. */
export interface Claimed {
  readonly stage: DroneStage;
  readonly machine: string;
}

/** After this long in the line, the build shows as running and its log says why it waits. */
const SILENT_WAIT_MS = 10_000;
/** A spent quota is tried again after this. */
const QUOTA_PAUSE_MS = 5_000;

/** What has been made so far, so that whatever happens can be cleaned up or handed over. */
interface Way {
  readonly compiled: Compiled;
  readonly detail: StageDetail;
  readonly notes: string[];
}

/**
 * One accepted stage from its details to its end: detail → draft → admission → launch → start → flight. Whatever goes wrong becomes
 * the stage's own error; nothing gets out of here. `handOver` aborted: it stops where it is, and the Lease or the Pod tells
 * whoever comes next how to go on.
 */
export async function travel(parts: JourneyParts, claimed: Claimed, handOver: AbortSignal): Promise<void> {
  const { stage } = claimed;
  const watch = parts.cancelWatches.open(stage.buildId);
  const stop = AbortSignal.any([watch.cancelled, handOver]);
  const journey = new Journey(parts, claimed, { cancelled: watch.cancelled, handOver, stop });
  try {
    await journey.go();
  } catch (error) {
    if (handOver.aborted) return;
    await journey.failed(error);
  } finally {
    watch.close();
    if (!handOver.aborted) parts.lease.settle(stage.id);
    parts.roster.leave(stage.id);
  }
}

interface Stops {
  readonly cancelled: AbortSignal;
  readonly handOver: AbortSignal;
  readonly stop: AbortSignal;
}

class Journey {
  readonly #parts: JourneyParts;
  readonly #claimed: Claimed;
  readonly #stops: Stops;
  #stage: DroneStage;
  #pod: V1Pod | undefined;
  #started: Started | undefined;
  #madeNamespace = '';

  constructor(parts: JourneyParts, claimed: Claimed, stops: Stops) {
    this.#parts = parts;
    this.#claimed = claimed;
    this.#stops = stops;
    this.#stage = claimed.stage;
  }

  async go(): Promise<void> {
    const detail = await this.#detail();
    const { status } = detail.build;
    // Cancelled between offer and accept: no watch will tell (drone-rpc-spec §2.2).
    if (status !== 'pending' && status !== 'running') return this.#finish('killed', '');
    const compiled = await this.#parts.draft(detail, this.#stops.stop);
    const way: Way = { compiled, detail, notes: [...compiled.warnings] };
    await this.#parts.lease.enter(compiled.namespace, this.#stops.stop);
    await this.#parts.podWatch.follow(compiled.namespace, this.#stops.handOver);
    await this.#admission(way);
    const admittedMs = this.#parts.clock.now();
    await this.#launch(way);
    await this.#start(way, admittedMs);
    await this.#fly(way, admittedMs);
  }

  /** Something stopped the way before the flight: a cancel, a refusal, or a surprise. The stage is told, and nothing is left behind. */
  async failed(error: unknown): Promise<void> {
    await this.#tellFailure(error);
    // Told first: stopped in between, the Pod still says to whoever comes next what to do.
    if (this.#stops.handOver.aborted) return;
    if (this.#pod) {
      this.#parts.roster.land(this.#pod.metadata?.uid, this.#parts.clock.now());
      await removePod(this.#parts, this.#pod, 0);
    }
    if (this.#madeNamespace) await removeNamespace(this.#parts, this.#madeNamespace);
  }

  async #tellFailure(error: unknown): Promise<void> {
    const { log, events } = this.#parts;
    if (this.#stops.cancelled.aborted) return this.#finish('killed', '');
    const known =
      error instanceof PipelineError
        ? error
        : new PipelineError('internal', `the runner failed: ${textOf(error)}`, {
            blame: 'bug',
            cause: error,
          });
    events.failedEarly(known.code, known.blame);
    if (known.blame === 'pipeline')
      log.info(
        { stageId: this.#stage.id, code: known.code, reason: known.message },
        'a stage could not be run',
      );
    else log.error({ err: error, stageId: this.#stage.id, code: known.code }, 'a stage could not be run');
    await this.#finish('error', known.message);
  }

  async #detail(): Promise<StageDetail> {
    try {
      const detail = await this.#parts.ciServer.detail(this.#stage.id, this.#stops.stop);
      this.#stage = { ...detail.stage, machine: this.#claimed.machine, steps: [] };
      this.#parts.events.buildSeen(detail.build.id, detail.build.event);
      const { repo, build } = detail;
      this.#parts.roster.update(this.#stage.id, {
        repo: repo.slug,
        buildNumber: build.number,
        event: build.event,
      });
      return detail;
    } catch (error) {
      if (this.#stops.stop.aborted) throw error;
      throw new PipelineError(
        'detail-failed',
        `the Drone server could not give the details of this stage: ${textOf(error)}`,
        { blame: 'operator', cause: error },
      );
    }
  }

  /** Waits in the line. After a while the Pod is made already, still held by its gate, so that the wait outlives this process and shows in the log. */
  async #admission(way: Way): Promise<void> {
    const { clock, line, roster, events } = this.#parts;
    const beganMs = clock.now();
    const limit = new AbortController();
    const callOff = Number.isFinite(this.#parts.waitLimitMs)
      ? clock.after(this.#parts.waitLimitMs, () => limit.abort(tooLong(this.#parts.waitLimitMs)))
      : () => undefined;
    const waiting: { reason?: Parameters<typeof events.waited>[0]; text: string } = { text: '' };
    const asks = requestOf(way.compiled.pod);
    const admission = line.enter(
      {
        repo: way.detail.repo.slug,
        event: way.detail.build.event,
        asks,
        waits: ({ reason, text }) => {
          Object.assign(waiting, { reason, text });
          roster.update(this.#stage.id, { phase: 'waiting', reason: text, asks });
          this.#started?.firstLog?.note(`waiting to be admitted: ${text}`);
        },
        admitted: () => roster.update(this.#stage.id, { phase: 'starting', reason: '', asks }),
      },
      AbortSignal.any([this.#stops.stop, limit.signal]),
    );
    const decided = await this.#decided(way, { admission, waiting, limit }).finally(callOff);
    events.waited(waiting.reason ?? 'line', clock.now() - beganMs);
    if (decided.kind === 'refused') throw new PipelineError('over-budget', decided.text);
  }

  /** Whatever goes wrong meanwhile, the line is left. */
  async #decided(
    way: Way,
    wait: {
      admission: ReturnType<JourneyParts['line']['enter']>;
      waiting: { readonly text: string };
      limit: AbortController;
    },
  ): Promise<Awaited<typeof wait.admission>> {
    const patience = new AbortController();
    try {
      const shown = this.#parts.clock.sleep(SILENT_WAIT_MS, patience.signal);
      const quick = await Promise.race([wait.admission, shown]);
      if (!quick) await this.#showWaiting(way, wait.waiting.text);
      return await wait.admission;
    } finally {
      patience.abort();
      wait.limit.abort();
    }
  }

  async #showWaiting(way: Way, text: string): Promise<void> {
    await this.#launch(way);
    const started = await this.#startAtServer(way);
    if (!this.#pod) return;
    this.#pod = await register(this.#parts, this.#pod, started, this.#stops.stop);
    await started.showWaiting(this.#parts, `waiting to be admitted: ${text}`, this.#stops.stop);
  }

  async #launch(way: Way): Promise<void> {
    const { clock, roster, log } = this.#parts;
    if (way.compiled.createNamespace) this.#madeNamespace = way.compiled.namespace;
    while (!this.#pod) {
      const launched = await launch(this.#parts, way.compiled, this.#parts.lease.owner, this.#stops.stop);
      if (launched.kind === 'launched') {
        this.#pod = launched.pod;
        roster.update(this.#stage.id, { pod: launched.pod.metadata?.name ?? '' });
        this.#parts.lease.settle(this.#stage.id);
        return;
      }
      roster.update(this.#stage.id, { phase: 'waiting', reason: launched.text });
      log.info({ stageId: this.#stage.id, reason: launched.text }, 'the quota is spent: waiting');
      await clock.sleep(QUOTA_PAUSE_MS, this.#stops.stop);
      this.#stops.stop.throwIfAborted();
    }
  }

  /** The server learns the steps and gives them ids; with one PATCH they stand on the Pod and the scheduler may have it. */
  async #start(way: Way, admittedMs: number): Promise<void> {
    if (!this.#pod) return;
    const started = await this.#startAtServer(way);
    if (holdsGate(this.#pod))
      this.#pod = await letGo(this.#parts, this.#pod, { started, admittedMs }, this.#stops.stop);
    this.#parts.events.launched(this.#parts.clock.now() - admittedMs);
  }

  async #startAtServer(way: Way): Promise<Started> {
    if (this.#started) return this.#started;
    const outcome = await startStage(
      this.#parts,
      { stage: this.#stage, compiled: way.compiled },
      this.#stops.stop,
    );
    if (outcome.kind === 'started') {
      this.#stage = outcome.started.stage;
      this.#started = outcome.started;
      return outcome.started;
    }
    // The version that a finish needs is one further if the start was applied and its answer lost.
    if (outcome.afterLostAnswer) this.#stage = { ...this.#stage, version: this.#stage.version + 1 };
    throw new PipelineError(
      'start-lost',
      'the Drone server did not confirm the start of this stage; restart the build',
      { blame: 'operator' },
    );
  }

  async #fly(way: Way, admittedMs: number): Promise<void> {
    if (!this.#pod || !this.#started) return;
    const { plan, masks } = way.compiled;
    const end = await fly(
      this.#parts,
      { plan, masks, pod: this.#pod, notes: way.notes, admittedMs, started: this.#started, adopted: false },
      this.#stops,
    );
    if (end.kind === 'landed' && way.compiled.createNamespace)
      await removeNamespace(this.#parts, way.compiled.namespace);
  }

  async #finish(status: 'killed' | 'error', text: string): Promise<void> {
    await finishBare(
      this.#parts,
      this.#stage,
      { status, text, started: this.#started },
      this.#stops.handOver,
    );
  }
}

/** What both a new and an adopted stage bring to their flight. */
export interface Takeoff {
  readonly plan: Compiled['plan'];
  readonly masks: Compiled['masks'];
  readonly pod: V1Pod;
  readonly notes: readonly string[];
  readonly admittedMs: number;
  readonly started: Started;
  readonly adopted: boolean;
}

/** The flight itself, with what it counts and shows. */
export async function fly(parts: JourneyParts, takeoff: Takeoff, stops: Stops): Promise<FlightEnd> {
  const { started, plan, masks, pod, notes, admittedMs, adopted } = takeoff;
  const log = parts.log.child({
    stageId: started.stage.id,
    buildId: started.stage.buildId,
    pod: pod.metadata?.name,
  });
  const versions = adopted ? 'unknown' : 'exact';
  const reporter =
    started.reporter ??
    new Reporter({ ...parts, log }, { stage: started.stage, plan, stepIds: started.stepIds, versions });
  const feed = parts.podWatch.feed(pod);
  parts.roster.update(started.stage.id, { phase: 'running', reason: '', sinceMs: admittedMs });
  try {
    const firstLog = started.firstLog;
    const flight = new Flight(
      { ...parts, log },
      {
        plan,
        pod,
        masks,
        notes,
        admittedMs,
        adopted,
        takenOverMs: parts.clock.now(),
        reported: () => {
          parts.roster.land(pod.metadata?.uid, parts.clock.now());
          parts.roster.leave(started.stage.id);
        },
        owner: parts.lease.owner,
        ...(firstLog ? { firstLog } : {}),
      },
      { feed, reporter },
    );
    const end = await flight.run(stops);
    if (end.kind === 'landed') {
      parts.events.landed(parts.clock.now() - admittedMs);
    }
    return end;
  } finally {
    feed.close();
  }
}

async function removeNamespace(parts: JourneyParts, namespace: string): Promise<void> {
  await parts.cluster
    .remove({ resource: RESOURCE.namespaces, name: namespace }, {}, new AbortController().signal)
    .catch((error: unknown) => {
      parts.log.error({ err: error, namespace }, 'a namespace could not be removed');
    });
  parts.lease.leave(namespace);
}

const tooLong = (ms: number): PipelineError =>
  new PipelineError(
    'waited-too-long',
    `the pipeline was not admitted within ${Math.round(ms / 60_000)} minutes`,
    { blame: 'operator' },
  );
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
