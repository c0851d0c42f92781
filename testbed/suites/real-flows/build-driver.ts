import type { Clock } from '@hangar/shared/clock';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod, V1PodSpec } from '@kubernetes/client-node';
import type { TimedBuild } from './build-load.ts';
import { BUILD_POD_SPEC, type FakePool } from './fake-pool.ts';

/** What a driver is made of. */
export interface BuildDriverParts {
  readonly clock: Clock;
  readonly pool: Pick<FakePool, 'cluster' | 'createPod' | 'namespace' | 'pods' | 'removePods' | 'signal'>;
  /** Before the number in the names of its Pods. */
  readonly prefix: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Where they may go. */
  readonly spec: Partial<V1PodSpec>;
}

/** A build that was given to the cluster. */
export interface DrivenBuild {
  readonly name: string;
  /** From the call that made the Pod until the watch showed its node; undefined: it has none yet. */
  readonly waitSeconds: number | undefined;
  /** What something else did to it; empty: nothing. */
  readonly harm: string;
}

interface Live {
  readonly name: string;
  readonly plan: TimedBuild;
  readonly madeMs: number;
  uid: string | undefined;
  boundMs: number | undefined;
  harm: string;
  /** It was ended, by us or by something else. */
  over: boolean;
}

const LOOK_MS = 200;
/** Four times the longest wait that was ever measured: two and a half minutes. */
const PATIENCE_MS = 600_000;
/** As the runner annotates its Pods: a build must not be moved. */
const SHIELDS = {
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  'karpenter.sh/do-not-disrupt': 'true',
};

/** Creates Pods of builds on fake nodes on schedule, deletes each when it has run long enough, and records which were deleted by others. */
export class BuildDriver {
  readonly #parts: BuildDriverParts;
  readonly #live: Live[] = [];

  constructor(parts: BuildDriverParts) {
    this.#parts = parts;
  }

  /** All so far, by arrival. */
  get builds(): readonly DrivenBuild[] {
    return this.#live.map(({ name, madeMs, boundMs, harm }) => ({
      name,
      waitSeconds: boundMs === undefined ? undefined : (boundMs - madeMs) / 1000,
      harm,
    }));
  }

  /**
   * Plays a load from now on; resolves when all its builds have a node, and those of the loads before too. Rejects when one has had none
   * for ten minutes: then nothing progresses.
   */
  async play(load: readonly TimedBuild[], stop: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const beganMs = clock.monotonicMs();
    const due = [...load].sort((one, other) => one.atSeconds - other.atSeconds);
    for (let next = 0; next < due.length || this.#waiting.length > 0; ) {
      stop.throwIfAborted();
      this.#expectProgress();
      const passed = (clock.monotonicMs() - beganMs) / 1000;
      const now = due.slice(next).filter(({ atSeconds }) => atSeconds <= passed);
      next += now.length;
      await Promise.all(now.map((plan) => this.#make(plan)));
      await this.#look();
      await clock.sleep(LOOK_MS, stop);
    }
  }

  /** Resolves when all builds have run their time, but for those that have no end of their own. */
  async ended(stop: AbortSignal): Promise<void> {
    while (this.#live.some(({ plan, over }) => !over && Number.isFinite(plan.runSeconds))) {
      stop.throwIfAborted();
      await this.#look();
      await this.#parts.clock.sleep(LOOK_MS, stop);
    }
  }

  /** Ends the builds that still run. */
  async end(): Promise<void> {
    await this.#look();
    const left = this.#live.filter(({ over }) => !over);
    for (const build of left) build.over = true;
    await this.#parts.pool.removePods(left.map(({ name }) => name));
  }

  get #waiting(): readonly Live[] {
    return this.#live.filter(({ boundMs, over }) => boundMs === undefined && !over);
  }

  #expectProgress(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const stuck = this.#waiting.find(({ madeMs }) => nowMs - madeMs > PATIENCE_MS);
    if (stuck) throw new Error(`${stuck.name} has had no node for ${PATIENCE_MS / 1000} s`);
  }

  async #make(plan: TimedBuild): Promise<void> {
    const { clock, pool, prefix, labels, spec } = this.#parts;
    const name = `${prefix}-${this.#live.length}`;
    const build: Live = {
      ...{ name, plan, madeMs: clock.monotonicMs() },
      ...{ uid: undefined, boundMs: undefined, harm: '', over: false },
    };
    this.#live.push(build);
    const metadata = { labels, annotations: SHIELDS };
    const made = await pool.createPod(name, { restartPolicy: 'Never', ...BUILD_POD_SPEC, ...spec }, metadata);
    build.uid = made.metadata?.uid;
  }

  async #look(): Promise<void> {
    const nowMs = this.#parts.clock.monotonicMs();
    const pods = new Map(this.#parts.pool.pods.map((pod) => [pod.metadata?.name, pod]));
    const ending = this.#live.filter(
      (build) => !build.over && this.#isDue(build, pods.get(build.name), nowMs),
    );
    await Promise.all(ending.map((build) => this.#remove(build)));
  }

  /** Notes what is to be seen of a build. @returns whether its time is over */
  #isDue(build: Live, pod: V1Pod | undefined, nowMs: number): boolean {
    if (pod?.spec?.nodeName) build.boundMs ??= nowMs;
    if (pod?.metadata?.deletionTimestamp) build.harm = 'somebody else deletes it';
    if (pod === undefined) return false;
    return build.boundMs !== undefined && nowMs - build.boundMs >= build.plan.runSeconds * 1000;
  }

  /** A Pod that isn't there any more, or that was replaced, was ended by something else. */
  async #remove(build: Live): Promise<void> {
    const { cluster, namespace, signal } = this.#parts.pool;
    build.over = true;
    const target = { resource: RESOURCE.pods, namespace, name: build.name };
    const that = build.uid === undefined ? {} : { uid: build.uid };
    const found = await cluster.remove(target, { gracePeriodSeconds: 0, ...that }, signal);
    if (found === 'absent') build.harm = 'it was gone before its end';
  }
}
