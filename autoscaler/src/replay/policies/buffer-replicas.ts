import type { BufferRule } from '../../forecast/buffer-rule.ts';
import type { PolicyView } from '../policy.ts';

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

const freeRoom = (view: PolicyView): number => view.nodes.reduce((sum, node) => sum + view.roomOn(node), 0);

/**
 * A rule as seen by a controller that reads a CapacityBuffer: a whole number of replicas that changes only when the rule is
 * queried. One number has to express both what to order and what to keep: room that is free anyway is included up to what is worth
 * keeping.
 *
 * @param everySeconds how often the rule is queried; the controller may read more often
 */
export function bufferReplicas(rule: BufferRule, everySeconds: number): BufferRule<PolicyView> {
  let news = NO_NEWS;
  let askAt = -Infinity;
  let replicas = 0;
  const ask = (view: PolicyView): void => {
    const wanted = rule.bufferPods(view);
    const spare = Math.max(replicas, freeRoom(view) - view.waitingTotal);
    replicas = Math.ceil(Math.max(wanted, Math.min(spare, rule.keepPods?.(view) ?? 0)));
  };
  return {
    name: rule.name,
    bufferPods: (view) => {
      news = joined(news, view);
      if (view.nowSeconds < askAt) return replicas;
      ask({ ...view, ...news });
      news = NO_NEWS;
      askAt = view.nowSeconds + everySeconds;
      return replicas;
    },
    forecastError: (fromSeconds) => rule.forecastError?.(fromSeconds),
  };
}
