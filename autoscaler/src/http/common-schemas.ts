import {
  amount,
  byName,
  count,
  flag,
  id,
  object,
  oneWord,
  orNull,
  ref,
  type Schema,
  text,
  texts,
} from '@hangar/shared/openapi/schema';

/** The reasons of an answer. */
export const because = (of: string, example: string): Schema =>
  texts(`Reasons for ${of}, as sentences.`, [example]);

/** The simulated wait of an answer. @param nodes the nodes that the simulation has */
export const waitP95Seconds = (nodes: string): Schema =>
  orNull(
    amount(
      'seconds',
      `95th percentile of the wait for a node, simulated over the lead time with ${nodes}.`,
      4.2,
    ),
    'nothing was simulated',
  );

/** The Pods that no node of an answer can hold. */
export const tooLargeShare = (nodes: string): Schema =>
  amount('fraction', `Pods that are larger than ${nodes}, as a fraction of all Pods that need a node.`, 0);

/** A number of nodes of each shape, for both load levels. */
export const rangeByShape = (meaning: string): Schema =>
  byName(meaning, '4cpu-8gb', ref('NodeRange', 'Both.'));

/** Schemas that several paths have in common. */
export const COMMON_SCHEMAS: Readonly<Record<string, Schema>> = {
  Problem: object(
    'An error (RFC 9457) with a remedy.',
    {
      title: text('Short name of the kind of error.', 'Bad request'),
      status: id('HTTP status of the response.', 400),
      detail: text('What is wrong.', 'prsPerDay is missing'),
      remedy: text('What to do about it.', 'write for instance ?prsPerDay=500'),
    },
    { parameter: text('Query parameter that is invalid. Absent: no parameter is.', 'prsPerDay') },
  ),
  Resources: object('CPU and memory, as Kubernetes writes them.', {
    cpu: text('CPU as a Kubernetes quantity: `m` means thousandths of a CPU.', '1150m'),
    memory: text('Memory as a Kubernetes quantity: bytes, or with a suffix such as `Mi`.', '1700Mi'),
  }),
  PodResources: object('CPU, memory and number of Pods: what a node can allocate, or what a quota allows.', {
    cpu: text('CPU as a Kubernetes quantity: `m` means thousandths of a CPU.', '3920m'),
    memory: text('Memory as a Kubernetes quantity: bytes, or with a suffix such as `Mi`.', '6018Mi'),
    pods: count('Pods', 'Number of Pods.', 110),
  }),
  NodeRange: object(
    'Nodes for both levels of the published table. What its author means by them is not published.',
    {
      low: count('nodes', 'Nodes for the level "low".', 87),
      high: count('nodes', 'Nodes for the level "high".', 121),
    },
  ),
  Demand: object('The work that needs room on nodes.', {
    runningPods: count('Pods', 'Pods of builds that run.', 41),
    pendingPods: count('Pods', 'Pods that wait for a node.', 3),
    knownStages: count('stages', 'Stages without a Pod that runners have reported: each becomes one Pod.', 2),
    bufferPods: amount('Pods', 'Room to keep free for builds that are not known yet.', 13.6),
    lowerBound: flag(
      'Whether runners or quotas are full, so that there can be more work than is visible.',
      false,
    ),
  }),
  Buffer: object('The room to keep free for builds that are not known yet.', {
    pods: amount('Pods', 'Size of the buffer.', 13.6),
    by: oneWord('How the size was computed: by the rule for bursts, or by the learned forecast.', [
      'rule',
      'forecast',
    ]),
    because: text('Reason for the size.', '2·√(41 running + 5 waiting) + 0 = 13.6 Pods'),
  }),
  Health: object('The result of a probe.', {
    ok: flag('Whether the probe succeeds.', false),
    reasons: texts('Why the probe fails. Empty: it succeeds.', ['starting: no data has been collected yet']),
    conditions: texts('Conditions that do not fail the probe. Empty: there are none.', []),
  }),
};
