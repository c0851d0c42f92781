import { orLate } from '@hangar/shared/deadline';
import type { V1Pod } from '@kubernetes/client-node';
import { removePod } from '../launch/remove-pod.ts';
import { type Stopped, stopPod } from '../launch/stop-pod.ts';
import { currentPodOnce } from '../watch/current-pod.ts';
import { isKeeping } from '../watch/kept-step.ts';
import { observe, type PodView } from '../watch/observe.ts';
import type { LaunchedStage, StageRunParts } from './launched-stage.ts';
import { type CutShort, conclusionAnnotation } from './recorded-conclusion.ts';
import type { RunContext } from './run-context.ts';

/** The Pod of a completed pipeline has this long to end by itself. */
const QUIET_MS = 120_000;
/** Without an event for this long, the Pod is read again to see whether it has ended: its watch may be silent. */
const QUIET_LOOK_MS = 10_000;
/** The same for a Pod that is kept for people. */
const KEPT_LOOK_MS = 60_000;

/** Stops the Pod of a stage, and removes it: at once, or when its containers have ended. */
export class PodRemoval {
  readonly #parts: StageRunParts;
  readonly #launched: LaunchedStage;
  readonly #context: Pick<RunContext, 'changes' | 'pod' | 'view' | 'gone'>;
  #hasBegun = false;
  #stopped: Promise<Stopped> | undefined;

  constructor(
    parts: StageRunParts,
    launched: LaunchedStage,
    context: Pick<RunContext, 'changes' | 'pod' | 'view' | 'gone'>,
  ) {
    this.#parts = parts;
    this.#launched = launched;
    this.#context = context;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /**
   * Stops the Pod, once, which keeps the reason until the server has it. A Pod of a cancelled stage that has no node is deleted instead.
   *
   * @param signal ends the first call only
   */
  stop(conclusion: CutShort, signal: AbortSignal): Promise<Stopped> {
    this.#stopped ??= this.#stop(conclusion, signal);
    return this.#stopped;
  }

  async #stop(conclusion: CutShort, signal: AbortSignal): Promise<Stopped> {
    if (conclusion.kind === 'cancelled' && !this.#context.view().scheduled) {
      await this.now(0);
      return 'gone';
    }
    const order = { pod: this.#context.pod(), annotations: conclusionAnnotation(conclusion) };
    return stopPod({ ...this.#parts, lease: { owner: this.#launched.owner } }, order, signal);
  }

  /** @param graceSeconds of its containers; undefined: that of the Pod */
  async now(graceSeconds: number | undefined): Promise<void> {
    this.#hasBegun = true;
    const parts = { ...this.#parts, lease: { owner: this.#launched.owner } };
    if ((await removePod(parts, this.#context.pod(), graceSeconds)) === 'left') this.#launched.notRemoved?.();
  }

  /**
   * Waits for the containers' end: killing hundreds that are just ending can block containerd's shim for minutes (measured). The container
   * of a failed step that is kept ends by itself, or with its Pod.
   *
   * @param keptMs how long such a container stays at most, in milliseconds; 0: there is none
   * @param hasFailed whether a step has failed
   */
  async whenQuiet(
    { keptMs, hasFailed }: { readonly keptMs: number; readonly hasFailed: boolean },
    handOver: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#parts;
    const waits = keptMs > 0 || this.#endsByItself(hasFailed);
    const lookMs = keptMs > 0 ? KEPT_LOOK_MS : QUIET_LOOK_MS;
    const untilMs = clock.monotonicMs() + keptMs + QUIET_MS;
    while (waits && !handOver.aborted && clock.monotonicMs() < untilMs) {
      const isQuiet = (): boolean => this.#isQuiet(this.#context.view(), this.#context.pod());
      const quiet = this.#context.changes.until(isQuiet, handOver);
      if ((await orLate(clock, lookMs, quiet)) !== 'late' || (await this.#hasEnded(handOver))) break;
    }
    // After a hand-over, the next owner finds a Pod whose steps have all ended and deletes it.
    if (!handOver.aborted) void this.now(undefined);
  }

  /** Whether all containers end after the last step. The gate of a failed step may stay, also where the Pod is not kept. */
  #endsByItself(hasFailed: boolean): boolean {
    const { steps, keepFailedMs } = this.#launched.plan;
    const mayStay = keepFailedMs !== undefined && hasFailed;
    return !mayStay && steps.every(({ engine, pid1 }) => engine === 'gate' && !pid1);
  }

  #isQuiet({ steps }: PodView, pod: V1Pod): boolean {
    const haveEnded = [...steps.values()].every((one) => one.kind === 'ended');
    return this.#context.gone() || (haveEnded && !isKeeping(pod));
  }

  async #hasEnded(signal: AbortSignal): Promise<boolean> {
    const read = currentPodOnce(this.#parts.cluster, this.#context.pod(), signal);
    const now = await read.catch(() => undefined);
    if (now?.kind !== 'present') return now !== undefined;
    return this.#isQuiet(observe(now.pod, this.#launched.plan), now.pod);
  }
}
