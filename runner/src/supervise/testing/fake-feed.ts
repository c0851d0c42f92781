import type { V1Pod } from '@kubernetes/client-node';
import type { PodNotice } from '../../watch/pod-notice.ts';
import type { PodFeed } from '../../watch/pod-watch.ts';

/** A feed of a Pod that the test changes. */
export class FakeFeed implements PodFeed {
  pod: V1Pod | undefined;
  gone = false;
  notices: readonly PodNotice[] = [];
  readonly #subscribers = new Set<() => void>();

  constructor(pod: V1Pod | undefined) {
    this.pod = pod;
  }

  subscribe(onChange: () => void): () => void {
    this.#subscribers.add(onChange);
    return () => this.#subscribers.delete(onChange);
  }

  /** Number of subscribers. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  show(pod: V1Pod): void {
    this.pod = pod;
    for (const tell of this.#subscribers) tell();
  }

  hear(...notices: readonly PodNotice[]): void {
    this.notices = [...this.notices, ...notices];
    for (const tell of this.#subscribers) tell();
  }

  lose(): void {
    this.gone = true;
    for (const tell of this.#subscribers) tell();
  }
}
