import { errorText } from '@hangar/shared/error-text';
import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { type Launched, launch } from '../launch/launch.ts';
import { removePod } from '../launch/remove-pod.ts';
import { withIds } from '../launch/start.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { keptPod } from '../watch/kept-pod.ts';
import { isGateByVolume } from '../watch/pod-retry.ts';
import { SILENT_WAIT_MS } from './admit.ts';
import { creationTime } from './api-time.ts';
import { awayFrom } from './avoid-node.ts';
import { awaitOthers, isOfThisRun, podFound } from './found-pod.ts';
import { endPreparation, pausePreparation } from './preparation.ts';
import type { StageEnd, StageFlow, Work } from './stage-progress.ts';
import { recordWait } from './stage-record.ts';
import { startWithoutPod } from './start.ts';
import { leftMs, quotaTooLong } from './wait-limit.ts';

/** The delay before another attempt when the quota is exhausted. */
const QUOTA_PAUSE_MS = 5_000;
/** The message of a quota contains the current usage, which changes: more than this number of notes would only be noise in the log. */
const MOST_QUOTA_NOTES = 30;

/** Creates the Pod with its Secrets, and retries while the quota is exhausted. Continues with a Pod of this stage that already exists. */
export async function launchPod(flow: StageFlow): Promise<StageEnd | undefined> {
  const { work } = flow.progress;
  if (!work?.compiled) throw new Error('a stage without a Pod was not compiled');
  const quota = new QuotaWait(flow, work);
  const beganMs = flow.parts.clock.monotonicMs();
  for (;;) {
    const launched = await attempt(flow, work.compiled);
    switch (launched.kind) {
      case 'launched':
        return podCreated(flow, launched.pod);
      case 'exists':
        return podFound(flow, launched.pod);
      case 'taken':
        if (isOfThisRun(flow.progress, launched.pod))
          return { kind: 'left', why: 'another runner has created the Pod of this stage' };
        await awaitOthers(flow, beganMs);
        break;
      case 'quota':
        await quota.wait(launched.text);
        break;
      case 'other-form':
    }
  }
}

/** Creates the Pod in one form. `other-form`: the API server doesn't take the gate's image as a volume, and the Pod does not exist. */
async function attempt(
  flow: StageFlow,
  compiled: Compiled,
): Promise<Launched | { readonly kind: 'other-form' }> {
  const { parts, progress, stops } = flow;
  const byVolume = progress.gateFailure === undefined ? parts.gateVolumes.byVolume(compiled.pod) : undefined;
  const pod = awayFrom(progress.avoidedNode, byVolume ?? compiled.pod);
  const form = { ...compiled, pod };
  try {
    const launched = await launch(parts, withIds(form, progress.started), parts.lease, stops.stop);
    if (launched.kind !== 'launched') return launched;
    if (byVolume && !isGateByVolume(launched.pod)) return await withoutVolume(flow, launched.pod);
    if (progress.gateFailure !== undefined) parts.gateVolumes.failed(compiled.pod, progress.gateFailure);
    return launched;
  } catch (error) {
    if (!byVolume || !isRefused(error)) throw error;
    progress.gateFailure = errorText(error);
    return { kind: 'other-form' };
  }
}

/** Whether Kubernetes has refused the object itself, in which case it may accept one without an image volume. */
const isRefused = (error: unknown): boolean =>
  error instanceof PipelineError && isKubernetesError(error.cause, 400, 403, 422);

/** The API server has created the Pod without the image volume, which it does not know. Its scheduling gate has held it. */
async function withoutVolume({ parts, progress }: StageFlow, pod: V1Pod): Promise<{ kind: 'other-form' }> {
  if ((await removePod(parts, pod, 0)) !== 'removed')
    throw new PipelineError('pod-refused', 'the Pod has no volume for the gate, and could not be removed', {
      blame: 'cluster',
    });
  progress.gateFailure = 'the API server does not support image volumes';
  return { kind: 'other-form' };
}

function podCreated(flow: StageFlow, pod: V1Pod): undefined {
  const { parts, progress } = flow;
  endPreparation(flow);
  progress.pod = keptPod(pod);
  progress.apiTime = creationTime(pod, parts.clock);
  parts.registry.update(progress.stage.id, { pod: pod.metadata?.name ?? '' });
  parts.wait.over();
}

/** The wait of one stage for room in the ResourceQuota of its namespace. */
class QuotaWait {
  readonly #flow: StageFlow;
  readonly #work: Work;
  readonly #sinceMs: number;
  readonly #shown = new Set<string>();

  constructor(flow: StageFlow, work: Work) {
    this.#flow = flow;
    this.#work = work;
    this.#sinceMs = flow.parts.clock.monotonicMs();
  }

  async wait(text: string): Promise<void> {
    const { parts, progress, stops } = this.#flow;
    const { clock, registry, log } = parts;
    const { id: stageId } = progress.stage;
    const waitedMs = clock.monotonicMs() - this.#sinceMs;
    // The time-out of the stage starts at its admission, although nothing runs yet.
    if (leftMs(this.#flow) <= 0) throw quotaTooLong(parts.waitLimitMs, text);
    if (waitedMs >= this.#work.plan.timeoutMs) throw quotaTooLong(this.#work.plan.timeoutMs, text);
    pausePreparation(this.#flow);
    registry.update(stageId, { phase: 'waiting' });
    parts.wait.shown(text);
    log.info({ stageId, reason: text }, 'the ResourceQuota is exhausted: waiting');
    if (waitedMs >= SILENT_WAIT_MS || progress.started) await this.#show(text);
    await clock.sleep(QUOTA_PAUSE_MS, stops.stop);
    stops.stop.throwIfAborted();
  }

  /** No Pod can keep the step ids from the server yet, so the Lease keeps them before a note is written to the log. */
  async #show(text: string): Promise<void> {
    const { parts, stops } = this.#flow;
    const started = await startWithoutPod(this.#flow, this.#work);
    if (!started.firstLog) await recordWait(this.#flow, started.stepIds);
    if (this.#shown.has(text) || this.#shown.size >= MOST_QUOTA_NOTES) return;
    this.#shown.add(text);
    await started.showWaiting(parts, `waiting for room in the quota: ${text}`, stops.stop);
  }
}
