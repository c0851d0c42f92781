import { podsOnEmptyNode } from '../../capacity/node-spec.ts';
import type { RemovalDelays } from '../../capacity/removal-delays.ts';
import type { PolicyView } from '../policy.ts';
import type { ReplayedDecisions } from './service.ts';

type News = Required<Pick<PolicyView, 'arrivals' | 'events' | 'finished' | 'waits'>>;

const NO_NEWS: News = { arrivals: [], events: [], finished: [], waits: [] };

/** Appends a view's observations to earlier ones. */
function joined(news: News, { arrivals, events = [], finished, waits = [] }: PolicyView): News {
  return {
    arrivals: [...news.arrivals, ...arrivals],
    events: [...news.events, ...events],
    finished: [...news.finished, ...finished],
    waits: [...news.waits, ...waits],
  };
}

/** The replicas of a CapacityBuffer, as Karpenter reads them. */
export interface BufferSource {
  /** Places that are kept free beside builds, in Pods of the typical request. */
  podsAt(view: PolicyView): number;
  forecastError?(fromSeconds?: number): number | undefined;
}

/**
 * A CapacityBuffer whose replicas the service sets: at its own ticks, as whole nodes of places, raised at once and lowered no sooner than
 * its pace allows.
 */
export class ServedBuffer implements BufferSource {
  readonly #decisions: ReplayedDecisions;
  readonly #lowerPaceMs: number;
  #news = NO_NEWS;
  #askAt = -Infinity;
  #setAtMs = -Infinity;
  #nodes = 0;
  #podsPerNode = 1;

  constructor(decisions: ReplayedDecisions, { lowerPaceMs }: Pick<RemovalDelays, 'lowerPaceMs'>) {
    this.#decisions = decisions;
    this.#lowerPaceMs = lowerPaceMs;
  }

  podsAt(view: PolicyView): number {
    this.#news = joined(this.#news, view);
    if (view.nowSeconds >= this.#askAt) {
      this.#set({ ...view, ...this.#news });
      this.#news = NO_NEWS;
      this.#askAt = view.nowSeconds + this.#decisions.policy.settings.tickMs / 1000;
    }
    return this.#nodes * this.#podsPerNode;
  }

  forecastError(fromSeconds?: number): number | undefined {
    return this.#decisions.missPods(fromSeconds);
  }

  #set(view: PolicyView): void {
    const { spareNodes } = this.#decisions.decide(view).need;
    const nowMs = view.nowSeconds * 1000;
    const isPaced = spareNodes < this.#nodes && nowMs < this.#setAtMs + this.#lowerPaceMs;
    if (spareNodes === this.#nodes || isPaced) return;
    this.#nodes = spareNodes;
    this.#podsPerNode = podsOnEmptyNode(view.nodeSpec, view.typicalRequest);
    this.#setAtMs = nowMs;
  }
}
