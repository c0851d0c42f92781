import type { V1Pod } from '@kubernetes/client-node';
import type { PodNotice } from '../../watch/pod-notice.ts';
import type { PodFeed } from '../../watch/pod-watch.ts';

/** A feed of a Pod that the test changes. */
export class FakeFeed implements PodFeed {
  pod: V1Pod | undefined;
  gone = false;
  isFinal = false;
  notices: readonly PodNotice[] = [];
  readonly #subscribers = new Set<() => void>();

  constructor(pod: V1Pod | undefined) {
    this.pod = pod;
  }

  subscribe(onChange: () => void): () => void {
    this.#subscribers.add(onChange);
    return () => this.#subscribers.delete(onChange);
  }

  /** What the API server would show, if that differs from what the watch has shown. */
  unseen: V1Pod | 'gone' | undefined;

  refresh(): Promise<void> {
    const { unseen } = this;
    this.unseen = undefined;
    if (unseen === 'gone') this.lose();
    else if (unseen) this.show(unseen);
    return Promise.resolve();
  }

  /** Number of subscribers. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  show(pod: V1Pod): void {
    this.pod = pod;
    for (const notify of this.#subscribers) notify();
  }

  addNotices(...notices: readonly PodNotice[]): void {
    this.notices = [...this.notices, ...notices];
    for (const notify of this.#subscribers) notify();
  }

  lose(): void {
    this.gone = true;
    for (const notify of this.#subscribers) notify();
  }
}
