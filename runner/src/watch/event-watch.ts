import { Backoff, requestedDelayMs, USUAL_BACKOFF } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import {
  type Cluster,
  isKubernetesError,
  type KubernetesError,
  RESOURCE,
} from '@hangar/shared/kubernetes/cluster';
import { SILENCE_MS } from '@hangar/shared/kubernetes/list-watch';
import type { Logger } from '@hangar/shared/logger';
import type { CoreV1Event } from '@kubernetes/client-node';
import { NAME_PREFIX } from '../pipeline/compiled.ts';
import { noticeOf, type PodNotice } from './pod-notice.ts';

/** Dependencies of the watch of Events. */
export interface EventWatchParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly cluster: Cluster;
  readonly log: Logger;
  /** Called with the uid of the Pod. */
  tell(podUid: string, notice: PodNotice): void;
}

/** Events of Pods, without the types that every healthy Pod has. */
const SELECTION = {
  fieldSelector: ['Scheduled', 'Created', 'Started', 'Killing'].reduce(
    (all, reason) => `${all},reason!=${reason}`,
    'involvedObject.kind=Pod',
  ),
};

/**
 * Watches the Events of a namespace's Pods (empty: of all namespaces), so that logs can show what the Pods' status does not contain.
 * It stores nothing: there is no list before the watch, which starts with the Events that the API server still has (an hour, usually). Runs
 * until
 * the signal is aborted or the right is missing, which is reported once; never rejects, since notices are optional.
 */
export async function watchEvents(
  parts: EventWatchParts,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff(parts.clock, { ...USUAL_BACKOFF, jitter: parts.random });
  const stream = new EventStream(parts, namespace, () => backoff.reset());
  while (!signal.aborted) {
    try {
      await stream.follow(signal);
      await backoff.pause(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (isKubernetesError(error, 401, 403)) return forbidden(parts.log, namespace, error);
      parts.log.debug({ namespace, err: error }, 'the watch of Events failed');
      await backoff.pause(signal, requestedDelayMs(error));
    }
  }
}

function forbidden(log: Logger, namespace: string, error: KubernetesError): void {
  log.warn(
    { namespace, reason: error.message },
    'logs will not show image pulls: allow the runner to watch events (docs/role.yaml) and restart it',
  );
}

class EventStream {
  readonly #parts: EventWatchParts;
  readonly #target: { readonly resource: typeof RESOURCE.events; readonly namespace?: string };
  readonly #heard: () => void;
  /** Empty: start from the existing Events. */
  #version = '';

  constructor(parts: EventWatchParts, namespace: string, heard: () => void) {
    this.#parts = parts;
    this.#target = { resource: RESOURCE.events, ...(namespace === '' ? {} : { namespace }) };
    this.#heard = heard;
  }

  /** Runs one watch to its end. */
  async follow(signal: AbortSignal): Promise<void> {
    const options = { ...SELECTION, resourceVersion: this.#version, silenceMs: SILENCE_MS };
    for await (const { type, object } of this.#parts.cluster.watch<CoreV1Event>(
      this.#target,
      options,
      signal,
    )) {
      if (type === 'ERROR') return this.#forget();
      this.#heard();
      this.#version = object.metadata.resourceVersion ?? this.#version;
      if (type === 'ADDED' || type === 'MODIFIED') this.#take(object);
    }
  }

  /** The version is unusable, for whatever reason. Events that are reported again have the same key. */
  #forget(): void {
    this.#version = '';
  }

  #take(event: CoreV1Event): void {
    const { uid = '', name = '' } = event.involvedObject;
    const notice = name.startsWith(NAME_PREFIX) ? noticeOf(event) : undefined;
    if (notice && uid !== '') this.#parts.tell(uid, notice);
  }
}
