import { orLate, withDeadline } from '@hangar/shared/deadline';
import { errorText } from '@hangar/shared/error-text';
import type { V1Pod } from '@kubernetes/client-node';
import type { QueuedStage } from '../admit/admission-queue.ts';
import { requestOf } from '../admit/pod-load.ts';
import type { Finding } from '../cancel/cancel-watches.ts';
import { launch } from '../launch/launch.ts';
import { removeNamespace } from '../launch/remove-namespace.ts';
import { removePod } from '../launch/remove-pod.ts';
import {
  holdsGate,
  register,
  type Started,
  startedBefore,
  startStage,
  ungate,
  withIds,
} from '../launch/start.ts';
import type { StartedWithoutPod } from '../lease/lease-record.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { DroneStage, StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { newStage } from '../pipeline/stage-state.ts';
import { CiServerError } from '../ports/ci-server.ts';
import { finishBare } from '../report/finish-bare.ts';
import { lookAtStage } from '../report/stage-look.ts';
import { finishNotStarted } from './finish-not-started.ts';
import type { StageParts } from './stage-parts.ts';
import { type Stops, supervise } from './supervise.ts';
import { admissionDeadline } from './wait-limit.ts';

/** A stage of ours, claimed and nothing more. */
export interface Claimed {
  readonly stage: DroneStage;
  readonly machine: string;
  /** Another process started it, and it has no Pod yet. */
  readonly started?: StartedWithoutPod;
}

/** After this long in the line, the build shows as running and its log says why it waits. */
const SILENT_WAIT_MS = 10_000;
/** So often the details may fail while the database of the server works. */
const DETAIL_ROUNDS = 3;
/** A spent quota is tried again after this. */
const QUOTA_PAUSE_MS = 5_000;
/** A quota's words hold what is used, which changes: more of them would only be noise in the log. */
const MOST_QUOTA_NOTES = 30;

/** What has been made so far, so that whatever happens can be cleaned up or handed over. */
interface StageProgress {
  readonly compiled: Compiled;
  readonly detail: StageDetail;
  readonly notes: string[];
}

/**
 * One accepted stage from its details to its end: detail → draft → admission → launch → start → flight. Whatever goes wrong becomes
 * the stage's own error; nothing gets out of here. `handOver` aborted: it stops where it is, and the Lease or the Pod tells
 * whoever comes next how to go on.
 */
export async function runStage(parts: StageParts, claimed: Claimed, handOver: AbortSignal): Promise<void> {
  const { stage } = claimed;
  const watch = parts.cancelWatches.open(stage.buildId);
  const stop = AbortSignal.any([watch.cancelled, handOver]);
  const stageFlow = new StageFlow(parts, claimed, { cancelled: watch.cancelled, handOver, stop });
  watch.lookWith((signal) => stageFlow.look(signal));
  try {
    await stageFlow.go();
  } catch (error) {
    if (handOver.aborted) return;
    await stageFlow.failed(error);
  } finally {
    watch.close();
    if (!handOver.aborted) parts.lease.settle(stage.id);
    parts.registry.leave(stage.id);
  }
}

class StageFlow {
  readonly #parts: StageParts;
  readonly #claimed: Claimed;
  readonly #stops: Stops;
  #stage: DroneStage;
  #pod: V1Pod | undefined;
  #started: Started | undefined;
  #plan: RunPlan | undefined;
  #madeNamespace = '';
  readonly #quotaTold = new Set<string>();

  constructor(parts: StageParts, claimed: Claimed, stops: Stops) {
    this.#parts = parts;
    this.#claimed = claimed;
    this.#stops = stops;
    this.#stage = claimed.stage;
  }

  async go(): Promise<void> {
    const detail = await this.#detail();
    const { status } = detail.build;
    // Cancelled between offer and accept: no watch will tell (drone-rpc §2.2).
    if (status !== 'pending' && status !== 'running') return this.#finish('');
    const compiled = await this.#parts.draft(detail, this.#stops.stop);
    const progress: StageProgress = { compiled, detail, notes: [...compiled.warnings] };
    this.#plan = compiled.plan;
    if (this.#claimed.started)
      this.#started = startedBefore(this.#parts, { stage: this.#stage, compiled }, this.#claimed.started);
    if (compiled.plan.steps.length === 0) return this.#nothingToRun(progress);
    const kind = compiled.createNamespace ? 'own' : 'shared';
    await this.#parts.lease.enter(compiled.namespace, kind, this.#stops.stop);
    await this.#parts.podWatch.follow(compiled.namespace, this.#stops.handOver);
    await this.#admission(progress);
    const admittedMs = this.#parts.clock.now();
    await this.#launch(progress);
    await this.#start(progress, admittedMs);
    await this.#supervise(progress, admittedMs);
  }

  /** How the server says that it stands, once it was told of the start: the start itself meets an earlier cancel. */
  async look(signal: AbortSignal): Promise<Finding> {
    const reporter = this.#started?.reporter;
    if (!reporter) return 'unknown';
    const { podWatch, lease } = this.#parts;
    const pod = podWatch.pods.find(({ metadata }) => metadata?.uid === this.#pod?.metadata?.uid) ?? this.#pod;
    return lookAtStage(this.#parts, { reporter, pod, owner: lease.owner }, signal);
  }

  /** No condition of any step is met, and no clone was asked for: that is a success, without a Pod. */
  async #nothingToRun(progress: StageProgress): Promise<void> {
    const { reporter } = await this.#startAtServer(progress);
    const conclusion = { kind: 'completed' } as const;
    await reporter.finish(newStage(progress.compiled.plan), conclusion, this.#stops.handOver);
    this.#parts.events.concluded(conclusion, undefined);
  }

  /** Something stopped the way before the flight: a cancel, a refusal, or a surprise. The stage is told, and nothing is left behind. */
  async failed(error: unknown): Promise<void> {
    this.#parts.registry.update(this.#stage.id, { phase: 'reporting' });
    await this.#tellFailure(error);
    // Told first: stopped in between, the Pod still says to whoever comes next what to do.
    if (this.#stops.handOver.aborted) return;
    if (this.#pod) {
      this.#parts.registry.finish(this.#pod.metadata?.uid, this.#parts.clock.now());
      await removePod(this.#parts, this.#pod, 0);
    }
    if (this.#madeNamespace) await removeNamespace(this.#parts, this.#madeNamespace);
  }

  async #tellFailure(error: unknown): Promise<void> {
    const { log, events } = this.#parts;
    if (this.#stops.cancelled.aborted) return this.#finish('');
    const known =
      error instanceof PipelineError
        ? error
        : new PipelineError('internal', `the runner failed: ${errorText(error)}`, {
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
    await this.#finish(known.message);
  }

  async #detail(): Promise<StageDetail> {
    const detail = await this.#askDetail();
    this.#stage = { ...detail.stage, machine: this.#claimed.machine, steps: [] };
    this.#parts.events.buildSeen(detail.build.id, detail.build.event);
    const { repo, build } = detail;
    this.#parts.registry.update(this.#stage.id, {
      repo: repo.slug,
      buildNumber: build.number,
      event: build.event,
    });
    return detail;
  }

  /**
   * A 500 is the Git host's trouble, which has failed the build (drone-rpc §2.3), or the database's, which passes. One more accept tells
   * them apart: it needs the database alone, is repeated until that works, and changes nothing of an accepted stage.
   */
  async #askDetail(): Promise<StageDetail> {
    const { ciServer } = this.#parts;
    const { stop } = this.#stops;
    for (let round = 1; ; round++) {
      try {
        return await ciServer.detail(this.#stage.id, stop);
      } catch (error) {
        if (stop.aborted) throw error;
        const isServers = error instanceof CiServerError && error.status >= 500;
        if (round >= DETAIL_ROUNDS || !isServers) throw detailFailed(error);
      }
      await ciServer.accept(this.#stage.id, this.#claimed.machine, stop);
    }
  }

  /** Waits in the line. After a while the Pod is made already, still held by its gate, so that the wait outlives this process and shows in the log. */
  async #admission(progress: StageProgress): Promise<void> {
    const { clock, line, registry, events, waitLimitMs } = this.#parts;
    const beganMs = clock.now();
    const waiting: { reason?: Parameters<typeof events.waited>[0]; text: string } = { text: '' };
    const asks = requestOf(progress.compiled.pod);
    const waiter: QueuedStage = {
      stageId: this.#stage.id,
      repo: progress.detail.repo.slug,
      event: progress.detail.build.event,
      asks,
      waits: ({ reason, text }) => {
        Object.assign(waiting, { reason, text });
        registry.update(this.#stage.id, { phase: 'waiting', reason: text, asks });
        this.#started?.firstLog?.note(`waiting to be admitted: ${text}`);
      },
      admitted: () => registry.update(this.#stage.id, { phase: 'starting', reason: '', asks }),
    };
    const left = new AbortController();
    const deadline = admissionDeadline(waitLimitMs, this.#stops.stop);
    const decided = await withDeadline(clock, deadline, (limit) =>
      this.#decided(progress, line.enter(waiter, AbortSignal.any([limit, left.signal])), waiting),
    ).finally(() => {
      // Whatever went wrong meanwhile, the line is left.
      left.abort();
    });
    events.waited(waiting.reason ?? 'line', clock.now() - beganMs);
    if (decided.kind === 'refused') throw new PipelineError('over-budget', decided.text);
  }

  async #decided(
    progress: StageProgress,
    admission: ReturnType<StageParts['line']['enter']>,
    waiting: { readonly text: string },
  ): Promise<Awaited<typeof admission>> {
    const quick = await orLate(this.#parts.clock, SILENT_WAIT_MS, admission);
    if (quick === 'late') await this.#showWaiting(progress, waiting.text);
    return admission;
  }

  async #showWaiting(progress: StageProgress, text: string): Promise<void> {
    await this.#launch(progress);
    const started = await this.#startAtServer(progress);
    if (!this.#pod) return;
    this.#pod = await register(this.#parts, this.#pod, started, this.#stops.stop);
    await started.showWaiting(this.#parts, `waiting to be admitted: ${text}`, this.#stops.stop);
  }

  async #launch(progress: StageProgress): Promise<void> {
    const { clock, registry, log, lease } = this.#parts;
    if (progress.compiled.createNamespace) this.#madeNamespace = progress.compiled.namespace;
    const beganMs = clock.monotonicMs();
    while (!this.#pod) {
      const compiled = withIds(progress.compiled, this.#started);
      const launched = await launch(this.#parts, compiled, lease, this.#stops.stop);
      if (launched.kind === 'launched') {
        this.#pod = launched.pod;
        registry.update(this.#stage.id, { pod: launched.pod.metadata?.name ?? '' });
        return;
      }
      registry.update(this.#stage.id, { phase: 'waiting', reason: launched.text });
      log.info({ stageId: this.#stage.id, reason: launched.text }, 'the quota is spent: waiting');
      if (clock.monotonicMs() - beganMs >= SILENT_WAIT_MS) await this.#tellQuota(progress, launched.text);
      await clock.sleep(QUOTA_PAUSE_MS, this.#stops.stop);
      this.#stops.stop.throwIfAborted();
    }
  }

  /**
   * There is no Pod that could keep what the server says of the steps: the Lease does, before a line is said. A crash in between
   * loses the ids, as one between start and the Pod's PATCH does.
   */
  async #tellQuota(progress: StageProgress, text: string): Promise<void> {
    const { stop } = this.#stops;
    const { id: stageId, buildId } = this.#stage;
    const started = await this.#startAtServer(progress);
    if (!started.firstLog) {
      const stepIds = progress.compiled.plan.steps.map(({ n }) => started.stepIds.get(n) ?? 0);
      const owners = (this.#claimed.started?.owners ?? 0) + 1;
      const { machine } = this.#claimed;
      await this.#parts.lease.intend({ stageId, buildId, machine, started: { stepIds, owners } }, stop);
    }
    if (this.#quotaTold.has(text) || this.#quotaTold.size >= MOST_QUOTA_NOTES) return;
    this.#quotaTold.add(text);
    await started.showWaiting(this.#parts, `waiting for room in the quota: ${text}`, stop);
  }

  /** The server learns the steps and gives them ids; with one PATCH they stand on the Pod and the scheduler may have it. */
  async #start(progress: StageProgress, admittedMs: number): Promise<void> {
    if (!this.#pod) return;
    const started = await this.#startAtServer(progress);
    if (holdsGate(this.#pod))
      this.#pod = await ungate(this.#parts, this.#pod, { started, admittedMs }, this.#stops.stop);
    this.#parts.events.launched(this.#parts.clock.now() - admittedMs);
  }

  async #startAtServer(progress: StageProgress): Promise<Started> {
    if (this.#started) return this.#started;
    const outcome = await startStage(
      this.#parts,
      { stage: this.#stage, compiled: progress.compiled },
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

  async #supervise(progress: StageProgress, admittedMs: number): Promise<void> {
    if (!this.#pod || !this.#started) return;
    const { plan, masks } = progress.compiled;
    // From here on the flight reports for itself.
    this.#plan = undefined;
    const end = await supervise(
      this.#parts,
      {
        plan,
        masks,
        pod: this.#pod,
        notes: progress.notes,
        admittedMs,
        started: this.#started,
        adopted: false,
      },
      this.#stops,
    );
    if (end.kind === 'finished' && progress.compiled.createNamespace)
      await removeNamespace(this.#parts, progress.compiled.namespace);
  }

  /** An empty text: the build was cancelled. */
  async #finish(text: string): Promise<void> {
    const { handOver } = this.#stops;
    const [started, plan] = [this.#started, this.#plan];
    if (started && plan) return finishNotStarted(this.#parts.clock, { started, plan }, text, handOver);
    const end = { status: text ? 'error' : 'killed', text, started } as const;
    const version = started?.reporter.stageVersion ?? this.#stage.version;
    await finishBare(this.#parts, { ...this.#stage, version }, end, handOver);
  }
}

const detailFailed = (error: unknown): PipelineError =>
  new PipelineError(
    'detail-failed',
    `the Drone server could not give the details of this stage: ${errorText(error)}`,
    { blame: 'operator', cause: error },
  );
