import { randomBytes } from 'node:crypto';
import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { type Logger, silentLogger } from '@hangar/shared/logger';
import { CommandError } from '@hangar/shared/program/command-error';
import { EXIT } from '@hangar/shared/program/exit-codes';
import type { V1Pod } from '@kubernetes/client-node';
import { AdmissionQueue } from '../../admit/admission-queue.ts';
import { NO_LOAD } from '../../admit/admit.ts';
import { secretContents } from '../../adopt/contents.ts';
import { CancelWatches } from '../../cancel/cancel-watches.ts';
import { GateVolumes, type GateVolumesParts } from '../../launch/gate-volumes.ts';
import { PodOrigin } from '../../launch/pod-origin.ts';
import { removePod } from '../../launch/remove-pod.ts';
import { clusterLogSource } from '../../logs/cluster-log-source.ts';
import type { Compiled } from '../../pipeline/compiled.ts';
import type { DroneStage, StageDetail } from '../../pipeline/drone.ts';
import type { Conclusion } from '../../pipeline/stage-state.ts';
import type { Mark } from '../../ports/step-logs.ts';
import { runStage } from '../../stage/run-stage.ts';
import type { Ownership, StageEvents, StageParts } from '../../stage/stage-parts.ts';
import { SuspectTurns } from '../../stage/suspect-turns.ts';
import { StageRegistry } from '../../stage-registry.ts';
import { watchEvents } from '../../watch/event-watch.ts';
import { PodWatch } from '../../watch/pod-watch.ts';
import type { Patience } from '../../watch/trouble.ts';
import { LocalServer } from './local-server.ts';
import type { Screen } from './screen.ts';
import { terminalLogs } from './terminal-logs.ts';
import { Turns } from './turns.ts';

/** Dependencies of a local run. */
export interface LocalParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly screen: Screen;
  readonly patience: Patience;
}

/** What to run. `owner` is stored on its Pod. */
export interface LocalOrder {
  readonly compiled: Compiled;
  readonly detail: StageDetail;
  readonly owner: string;
  readonly gateVolume: GateVolumesParts['setting'];
}

/** Start and end of a step's program, milliseconds since 1970. */
export interface StepTimes {
  readonly startMs: number;
  readonly endMs: number;
}

/** The result of a run. `conclusion`: undefined if it failed before its steps. */
export interface LocalEnd {
  readonly stage: DroneStage;
  readonly conclusion: Conclusion | undefined;
  /** By step number, as far as the gates reported them. */
  readonly spans: ReadonlyMap<number, StepTimes>;
  /** Whether the Pod is being deleted. */
  readonly cleaned: boolean;
  readonly durationMs: number;
}

const MACHINE = 'hangar-runner exec';

/**
 * Runs one compiled pipeline on a cluster, without a Drone server: the daemon's stage code, with an in-memory server and logs that
 * are written to the screen. Resolves when the Pod is being deleted.
 *
 * @param caller `stop` aborted: the pipeline is cancelled, its Pod deleted; `onConnected`: the cluster answers, and no Pod exists yet
 * @throws {CommandError} if the namespace's Pods can't be listed
 */
export async function runLocally(
  parts: LocalParts,
  order: LocalOrder,
  { stop, onConnected }: { readonly stop: AbortSignal; readonly onConnected?: () => void },
): Promise<LocalEnd> {
  const { clock } = parts;
  const run = new LocalRun(parts, order);
  const startedMs = clock.monotonicMs();
  const cancel = (): void => run.server.cancel();
  if (stop.aborted) cancel();
  stop.addEventListener('abort', cancel, { once: true });
  try {
    await run.listen();
    onConnected?.();
    await run.runStage();
    const cleaned = await run.clean();
    const { spans, conclusion, server } = run;
    return { stage: server.stage, conclusion, spans, cleaned, durationMs: clock.monotonicMs() - startedMs };
  } finally {
    stop.removeEventListener('abort', cancel);
    await run.close();
  }
}

class LocalRun {
  readonly server: LocalServer;
  readonly spans = new Map<number, StepTimes>();
  conclusion: Conclusion | undefined;
  readonly #parts: LocalParts;
  readonly #order: LocalOrder;
  readonly #registry = new StageRegistry();
  readonly #podWatch: PodWatch;
  readonly #over = new AbortController();
  readonly #turns: Turns;
  #waiting = '';

  constructor(parts: LocalParts, order: LocalOrder) {
    const { clock, cluster, screen, log } = parts;
    this.#parts = parts;
    this.#order = order;
    this.#turns = new Turns(order.compiled.plan);
    this.server = new LocalServer(clock, order.detail, {
      step: ({ number, name, error }) => {
        if (error !== '') this.#turns.show(number, () => screen.note(name, error));
      },
    });
    this.#podWatch = new PodWatch(clock, cluster, {
      onTrouble: (namespace, error) =>
        log.warn({ namespace, err: error }, 'the watch of Pods failed; retrying'),
    });
  }

  /** The first request to the cluster: it reveals connection problems. */
  async listen(): Promise<void> {
    const { namespace } = this.#order.compiled;
    try {
      await this.#podWatch.follow(namespace, this.#over.signal);
    } catch (error) {
      throw connectionError(error, namespace);
    }
    const tell = this.#podWatch.notice.bind(this.#podWatch);
    // Without this right there are no notices of image pulls: not worth a warning here.
    void watchEvents({ ...this.#parts, log: silentLogger, tell }, namespace, this.#over.signal);
  }

  async runStage(): Promise<void> {
    const { clock, screen } = this.#parts;
    const { compiled, detail } = this.#order;
    screen.begin(compiled.plan.steps.map(({ name }) => name));
    this.#registry.enter({
      stageId: detail.stage.id,
      buildId: detail.build.id,
      buildNumber: detail.build.number,
      repo: detail.repo.slug,
      stageName: detail.stage.name,
      event: detail.build.event,
      phase: 'preparing',
      sinceMs: clock.now(),
      reason: '',
      pod: '',
      adopted: false,
      asks: NO_LOAD,
    });
    const unlisten = this.#registry.listen(() => this.#tellWaiting());
    const accepted = await this.server.accept(detail.stage.id, MACHINE);
    const stage = { ...detail.stage, ...accepted.stage };
    await runStage(this.#stageParts(), { stage, machine: MACHINE }, this.#over.signal);
    unlisten();
    this.#turns.finishAll();
  }

  /** Deletes again what the stage may have deleted already: no other process would do it. */
  async clean(): Promise<boolean> {
    const { compiled } = this.#order;
    const { namespace } = compiled;
    const name = compiled.pod.metadata?.name ?? '';
    const uid = this.#podWatch.pods.find((pod) => pod.metadata?.name === name)?.metadata?.uid;
    const pod: V1Pod = { metadata: { namespace, name, ...(uid ? { uid } : {}) } };
    const { owner } = this.#order;
    const removed = await removePod({ ...this.#parts, lease: { owner } }, pod, undefined);
    if (compiled.createNamespace)
      await this.#parts.cluster
        .remove({ resource: RESOURCE.namespaces, name: namespace }, {}, this.#over.signal)
        .catch((error: unknown) => this.#parts.log.warn({ err: error }, `namespace ${namespace} is left`));
    return removed === 'removed';
  }

  async close(): Promise<void> {
    this.#over.abort(new Error('the run is over'));
    await this.#podWatch.ended();
  }

  #stageParts(): StageParts {
    const { clock, random, cluster, log, screen, patience } = this.#parts;
    const { compiled, owner } = this.#order;
    const ciServer = this.server;
    return {
      clock,
      cluster,
      log,
      patience,
      ciServer,
      registry: this.#registry,
      podWatch: this.#podWatch,
      origin: new PodOrigin({ cluster, log }, randomBytes(32)),
      stepLogs: terminalLogs({
        clock,
        random,
        screen,
        turns: this.#turns,
        source: clusterLogSource(cluster),
        onMark: (stepId, mark) => this.#mark(stepId, mark),
      }),
      events: this.#events(),
      lease: unshared(owner),
      contents: secretContents,
      suspects: new SuspectTurns(),
      queue: new AdmissionQueue(() => NO_LOAD, {
        pipelines: 1,
        pods: undefined,
        cpuMillicores: undefined,
        memoryBytes: undefined,
      }),
      cancelWatches: new CancelWatches({ clock, ciServer, log }),
      gateVolumes: new GateVolumes({ clock, log, setting: this.#order.gateVolume, hasEvents: () => true }),
      waitLimitMs: Number.POSITIVE_INFINITY,
      retentionMs: Number.POSITIVE_INFINITY,
      keepFailedPods: 0,
      draft: () => Promise.resolve(compiled),
    };
  }

  #events(): StageEvents {
    const nothing = (): undefined => undefined;
    return {
      stepStarted: nothing,
      buildSeen: nothing,
      waited: nothing,
      launched: nothing,
      finished: nothing,
      failedEarly: nothing,
      expired: nothing,
      concluded: (conclusion) => {
        this.conclusion = conclusion;
      },
    };
  }

  /** The server numbers steps as the plan does, so their ids are their numbers. */
  #mark(stepId: number, mark: Mark): void {
    const span = this.spans.get(stepId);
    if (mark.kind === 'start') this.spans.set(stepId, { startMs: mark.atMs, endMs: mark.atMs });
    if (mark.kind === 'end' && span) this.spans.set(stepId, { ...span, endMs: mark.atMs });
  }

  #tellWaiting(): void {
    const reason = this.#registry.entries[0]?.reason ?? '';
    if (reason !== '' && reason !== this.#waiting) this.#parts.screen.say(`waiting: ${reason}`);
    this.#waiting = reason;
  }
}

/** No other process takes over a run of `exec`, so nothing needs to be stored. */
function unshared(owner: string): Ownership {
  return {
    owner,
    server: '',
    lost: new AbortController().signal,
    has: () => false,
    intend: () => Promise.resolve(),
    preparing: () => Promise.resolve(),
    waiting: () => undefined,
    prepared: () => undefined,
    deathsOf: () => 0,
    followSteps: () => undefined,
    settle: () => undefined,
    enter: () => Promise.resolve(),
    leave: () => undefined,
  };
}

/** A missing permission is to be granted; for a cluster that does not answer, another try may succeed. */
function connectionError(error: unknown, namespace: string): CommandError {
  const words = errorText(error);
  if (isKubernetesError(error, 401, 403))
    return new CommandError(
      EXIT.config,
      `this user is not allowed to list Pods in namespace ${namespace}: ${words}. "kubectl auth can-i list pods -n ${namespace}" checks the same; --namespace selects another namespace`,
      { cause: error },
    );
  return new CommandError(
    EXIT.tryAgain,
    `the Kubernetes API does not answer: ${words}. "kubectl config current-context" shows which cluster is used; --kubeconfig selects another file`,
    { cause: error },
  );
}
