import {
  amount,
  byName,
  count,
  flag,
  list,
  object,
  oneWord,
  orNull,
  ref,
  type Schema,
  text,
  time,
} from '@hangar/shared/openapi/schema';
import { because } from './common-schemas.ts';

const NOT_KNOWN = 'not known at that time';

const Point = object('One point of the history.', {
  at: time('When it was recorded.', '2026-01-14T09:30:00.000Z'),
  running: orNull(count('Pods', 'Pods of builds that ran.', 41), NOT_KNOWN),
  pending: orNull(count('Pods', 'Pods that waited for a node.', 3), NOT_KNOWN),
  known: orNull(count('stages', 'Stages without a Pod that runners had reported.', 2), NOT_KNOWN),
  buffer: orNull(amount('Pods', 'Size of the buffer.', 13.6), NOT_KNOWN),
  waitSeconds: orNull(
    amount('seconds', 'Longest wait for a node of the Pods that found one since the point before.', 12.5),
    'no Pod found a node',
  ),
  shapes: byName(
    'Recommended nodes by shape.',
    '4cpu-8gb',
    count('nodes', 'Nodes with the buffer for the lead time.', 20),
  ),
  pools: byName(
    'Nodes by pool.',
    'builds',
    object('One pool.', {
      actual: count('nodes', 'Nodes that existed.', 18),
      desired: count('nodes', 'Recommended nodes.', 20),
    }),
  ),
});

const Curve = object('Cost against waiting, by a replay of past builds at several prices of waiting.', {
  at: time('When it was computed.', '2026-01-14T06:00:00.000Z'),
  days: amount('days', 'Length of the replay; earlier builds are only learned from.', 4.7),
  builds: count('builds', 'Builds of the replay.', 900),
  waitPrice: orNull(
    amount('node-minutes per minute', 'Configured price of waiting (`HANGAR_AUTOSCALER_WAIT_PRICE`).', 30),
    'none is configured',
  ),
  points: list(
    'One point for each price, by rising price.',
    object('What a price of waiting would have cost.', {
      waitPrice: amount('node-minutes per minute', 'Price of waiting.', 30),
      nodeHoursPerDay: amount('node-hours per day', 'Hours of all nodes together.', 96.1),
      waitMinutesPerDay: amount('minutes per day', 'Waits of all builds together.', 20),
      waitMeanSeconds: amount('seconds', 'Mean wait for a node.', 2),
      waitP95Seconds: amount('seconds', '95th percentile of the wait for a node.', 3.1),
    }),
  ),
});

const Act = object(
  'One change of a pool, or one reason why there was none. Repetitions are counted.',
  {
    at: time('When it happened first.', '2026-01-14T09:30:00.000Z'),
    lastAt: time('When it happened last.', '2026-01-14T09:30:00.000Z'),
    times: count('times', 'How many times in a row it had this outcome.', 1),
    actor: text('The object through which the pool is scaled, or `placement POOL`.', 'node-pool builds'),
    kind: oneWord('Outcome in one word.', [
      ...['set', 'would-set', 'unchanged', 'shrinking', 'paused', 'foreign-owner', 'paced'],
      ...['unserved', 'absent', 'refused', 'conflict'],
    ]),
    from: orNull(count('nodes', 'Number before.', 18), 'no number was set'),
    to: count('nodes', 'Number that was to be set.', 20),
    text: text('Outcome as a sentence.', 'scaled from 18 to 20 nodes'),
    because: text('Reason for the change.', 'demand needs 20 nodes'),
  },
  {
    trouble: text(
      'Why no node autoscaler provides the nodes. Absent: they are provided, or it is not known.',
      'no node was added within 10 minutes',
    ),
  },
);

/** Schemas of demand, forecasts, and what was decided and done. */
export const HISTORY_SCHEMAS: Readonly<Record<string, Schema>> = {
  DemandHistory: object('Demand now and over time.', {
    stale: flag('Whether `now` is no longer valid.', false),
    now: orNull(ref('Demand', 'Demand of the last decision.'), 'there is none yet'),
    history: list('Points, oldest first; at most 360.', ref('Point', 'One point.')),
  }),
  Point,
  Forecast: object('The buffer for builds that are not known yet, and the accuracy of the forecast.', {
    leadSeconds: amount('seconds', 'Lead time: how long a new node takes to be ready, and two ticks.', 200),
    buffer: ref('Buffer', 'The buffer of the last decision.'),
    meanMissPods: orNull(
      amount('Pods', 'Mean difference of forecast and actual demand after the lead time.', 2.3),
      'no forecast could be compared yet',
    ),
    curve: orNull(ref('Curve', 'Cost against waiting.'), 'it was not computed yet'),
  }),
  Curve,
  Decisions: object('What was decided and done.', {
    acts: list(
      'Changes of pools and reasons why there were none, latest first; at most 200.',
      ref('Act', 'One.'),
    ),
    decisions: list(
      'Decisions that changed the size or the outcome of a pool, latest first; at most 500.',
      object('One decision.', {
        at: time('When it was decided.', '2026-01-14T09:30:00.000Z'),
        pool: text('Name of the pool.', 'builds'),
        fromNodes: count('nodes', 'Nodes that existed.', 18),
        toNodes: count('nodes', 'Recommended nodes.', 20),
        needNodes: count('nodes', 'Nodes that were needed, within the guardrails.', 20),
        shrinkToNodes: count('nodes', 'Size down to which empty nodes could be removed.', 21),
        outcome: text(
          'Outcome: `dry-run`, `follower`, `starting`, `unanswered`, or one of the words of `acts[].kind`.',
          'set',
        ),
        note: text('Outcome as a sentence. Empty: there is nothing to add.', 'scaled from 18 to 20 nodes'),
        because: because('the decision', 'demand needs 20 nodes'),
      }),
    ),
  }),
  Act,
};
