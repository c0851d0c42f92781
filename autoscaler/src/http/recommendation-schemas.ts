import {
  amount,
  count,
  flag,
  list,
  object,
  oneWord,
  orNull,
  ref,
  type Schema,
  text,
  texts,
  time,
} from '@hangar/shared/openapi/schema';
import { because, tooLargeShare, waitP95Seconds } from './common-schemas.ts';

/** Money: an amount in the currency of the recommendation, for something. */
const price = (per: string, description: string, example: number): Schema =>
  amount(`currency per ${per}`, description, example);

const Shape = object('The nodes that the demand needs if all nodes have one shape.', {
  shape: text('Name of the shape.', '4cpu-8gb'),
  nodesNow: count('nodes', 'Nodes for what runs, waits and is known to come.', 16),
  nodesAhead: count('nodes', 'Nodes with the buffer for the lead time, within the guardrails.', 20),
  waitP95Seconds: waitP95Seconds('`nodesAhead`'),
  tooLargeShare: tooLargeShare('a node of this shape'),
  allocatable: ref('PodResources', 'What a node of this shape can allocate, before any DaemonSet.'),
  source: text('Where `allocatable` comes from.', "GKE's formula for a machine of 4 CPU and 8 GiB"),
  cost: orNull(ref('Cost', 'Cost of `nodesAhead`.'), 'the shape has no price'),
  because: because('the number of nodes', '3 Pods of 1150m CPU fit on a node'),
});

const Pool = object('A pool of nodes: actual and recommended.', {
  pool: text('Name of the pool.', 'builds'),
  owner: text(
    'What scales the pool: `karpenter`, `cluster-autoscaler`, `gke`, `eks`, or what the labels of its nodes name.',
    'cluster-autoscaler',
  ),
  actualNodes: count('nodes', 'Nodes that exist, including those that boot.', 18),
  readyNodes: count('nodes', 'Nodes that are ready.', 17),
  emptyNodes: count('nodes', 'Nodes without builds.', 1),
  desiredNodes: count(
    'nodes',
    'Recommended next size, within the guardrails; nodes with builds are kept.',
    20,
  ),
  needNodes: count('nodes', 'Nodes that are needed now, within the guardrails.', 20),
  shrinkToNodes: count('nodes', 'Size down to which empty nodes can be removed; at least `needNodes`.', 21),
  shortNodes: count('nodes', 'Nodes that the demand needs beyond the guardrails.', 0),
  spareNodes: count('nodes', 'The part of `desiredNodes` that is for builds that are not known yet.', 4),
  nodePerHour: orNull(price('hour', 'Price of one node of the pool.', 0.19), 'the pool has no price'),
  waitP95Seconds: waitP95Seconds('`desiredNodes`, all of them ready'),
  tooLargeShare: tooLargeShare('a node of this pool'),
  because: because('the number of nodes', 'demand needs 20 nodes'),
});

const RequestClass = object('Pods of about one size that need room now, and the nodes that can hold one.', {
  request: ref('Resources', 'The largest CPU and the largest memory request of these Pods.'),
  runningPods: count('Pods', 'Pods of this size that run.', 41),
  pendingPods: count('Pods', 'Pods of this size that wait for a node.', 3),
  knownStages: count('stages', 'Stages of this size without a Pod that runners have reported.', 2),
  share: amount('fraction', 'Pods of this size, as a fraction of all Pods that need room.', 1),
  fitsShapes: texts('Shapes that can hold such a Pod.', ['4cpu-8gb', '8cpu-16gb']),
  tooLargeForShapes: texts('Shapes that cannot hold such a Pod.', []),
  fitsPools: texts('Pools whose nodes are large enough for such a Pod.', ['builds']),
});

const Mix = object('The cheapest nodes of several shapes that hold the demand and meet the objective.', {
  parts: list(
    'Shapes with at least one node.',
    object('Nodes of one shape.', {
      shape: text('Name of the shape.', '4cpu-8gb'),
      nodes: count('nodes', 'Nodes of this shape.', 20),
      perHour: price('hour', 'Price of these nodes.', 3.8),
    }),
  ),
  cost: ref('Cost', 'Cost of all parts.'),
  waitP95Seconds: waitP95Seconds('these nodes'),
  tooLargeShare: tooLargeShare('all of these nodes'),
  because: because('the mix', 'no other mix with this wait is cheaper'),
});

const Advice = object('One setting of a node autoscaler to change, and what the change saves.', {
  engine: oneWord('The node autoscaler.', ['cluster-autoscaler', 'karpenter']),
  pool: text('Name of the pool.', 'builds'),
  setting: text('Flag or field, as the node autoscaler writes it.', '--scale-down-unneeded-time'),
  now: text('Its value, or what is known of it.', '10m'),
  better: text('The recommended value.', '1m'),
  saves: object('What the change saves.', {
    nodeHoursShare: orNull(
      amount('fraction', 'Saved node-hours as a fraction of all; negative: more are used.', 0.05),
      'not known',
    ),
    waitP95Seconds: orNull(
      amount(
        'seconds',
        'Time by which the 95th percentile of the wait becomes shorter; negative: it becomes longer.',
        -15,
      ),
      'not known',
    ),
    basis: oneWord(
      'How it is known: `replay` of recorded Pods of this cluster, `published` replay of a synthetic load, or `none`.',
      ['published', 'replay', 'none'],
    ),
    text: text(
      'The same as a sentence.',
      '5 % of the node-hours; the 95th percentile of the wait becomes 15 s longer, unless a buffer is kept',
    ),
  }),
  because: text('Reason for the change.', 'empty nodes are kept for 10 minutes'),
});

const Recommendation = object(
  'The recommended number of nodes, with reasons.',
  {
    at: time('When it was decided.', '2026-01-14T09:30:00.000Z'),
    validUntil: time('Until when it is valid, unless a newer one replaces it.', '2026-01-14T09:33:20.000Z'),
    ageSeconds: amount('seconds', 'Time since `at`.', 4.1),
    stale: flag('Whether it is no longer valid: no newer decision was possible.', false),
    conditions: list(
      'What is wrong with the data. Empty: nothing is.',
      object(
        'One condition.',
        {
          weight: oneWord(
            'Effect: `stale` (nothing is decided), `partial` (nothing is scaled down) or `note` (none).',
            ['note', 'partial', 'stale'],
          ),
          text: text('What is wrong, and the remedy.', 'runner http://10.0.0.7:3000 does not answer'),
        },
        {
          type: oneWord(
            'Type of the condition, which is False: `WaitBoundHeld` (`HANGAR_AUTOSCALER_WAIT_BOUND`). Absent: it has none.',
            ['WaitBoundHeld'],
          ),
          reason: oneWord(
            'Why it is False: `PoolMaximum` (the bound requires more nodes than the maximum of the pools) or `Exceeded` (more than 5 % of the builds waited longer). Absent: it has no type.',
            ['PoolMaximum', 'Exceeded'],
          ),
        },
      ),
    ),
    leadSeconds: amount('seconds', 'Lead time: how long a new node takes to be ready, and two ticks.', 200),
    objectiveWaitP95Seconds: amount(
      'seconds',
      'Objective for the 95th percentile of the wait for a node.',
      10,
    ),
    demand: ref('Demand', 'Work at the time of the decision.'),
    typicalPod: ref('Resources', 'Request of a typical Pod: buffers are counted in such Pods.'),
    buffer: ref('Buffer', 'Room to keep free for builds that are not known yet.'),
    shapes: list(
      'Nodes by shape: the published shapes, then the configured ones.',
      ref('Shape', 'One shape.'),
    ),
    pools: list('Pools of the cluster. Empty: no pool is visible.', ref('Pool', 'One pool.')),
    requestClasses: list(
      'Sizes of the Pods that need room, largest first.',
      ref('RequestClass', 'One size.'),
    ),
    currency: text('Currency of all prices.', 'EUR'),
    mix: orNull(ref('Mix', 'The cheapest mix of shapes.'), 'no shape has a price'),
    spend: orNull(ref('Spend', 'Cost of the pools.'), 'no pool has a price'),
    advice: list('Settings of node autoscalers to change. Empty: none.', ref('Advice', 'One setting.')),
    because: because('the whole recommendation', '41 Pods run, 3 wait, 2 stages are known to come'),
  },
  {
    staleSince: time('Since when it is no longer valid. Absent: it is valid.', '2026-01-14T09:33:20.000Z'),
  },
);

/** Schemas of recommendations and of their parts. */
export const RECOMMENDATION_SCHEMAS: Readonly<Record<string, Schema>> = {
  Recommendation,
  Shape,
  Pool,
  Pools: object('All pools.', { pools: list('Pools of the cluster.', ref('Pool', 'One pool.')) }),
  RequestClass,
  Cost: object('The cost of a number of nodes, in the currency of the recommendation.', {
    perHour: price('hour', 'Cost of the nodes.', 3.8),
    perDay: price('day', 'Cost of 24 hours at this size; not a bill, since the size changes.', 91.2),
    perMonth: price('month', 'Cost of 730 hours at this size.', 2774),
    per1000Prs: orNull(
      amount(
        'currency per 1000 PRs',
        'Cost of the work of 1000 PRs at the current utilization of nodes.',
        118,
      ),
      'nothing runs or waits',
    ),
  }),
  Mix,
  Spend: object('The cost of the pools, in the currency of the recommendation.', {
    perHourNow: price('hour', 'Price of the nodes that exist.', 3.42),
    today: amount('currency', 'Price of the node-hours that were observed since `countedFrom`.', 31.9),
    countedFrom: time(
      'Start of the count: midnight in UTC, or the start of this process if that is later.',
      '2026-01-14T00:00:00.000Z',
    ),
    maxPerDay: orNull(
      price('day', 'Limit (`HANGAR_AUTOSCALER_MAX_SPEND_PER_DAY`).', 150),
      'there is no limit',
    ),
    unpricedPools: texts('Pools without a price: their nodes are not counted.', []),
  }),
  Advice,
};
