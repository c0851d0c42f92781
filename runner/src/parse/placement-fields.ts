import type { Field, FieldKind } from './field-kinds.ts';

const field = (kind: FieldKind, help: string): Field => ({ kind, help });

/** Parts of a pipeline file that place its Pod, in the shape of Kubernetes. Unknown keys of these parts are errors. */
export const PLACEMENT_PARTS = {
  affinity: {
    node_affinity: field({ part: 'node affinity' }, 'What nodes must or should be like.'),
    pod_affinity: field({ part: 'pod affinity' }, 'Pods that must or should be near.'),
    pod_anti_affinity: field({ part: 'pod affinity' }, 'Pods that must not or should not be near.'),
  },
  'node affinity': {
    required_during_scheduling_ignored_during_execution: field(
      { part: 'node selector' },
      'What nodes must be like.',
    ),
    preferred_during_scheduling_ignored_during_execution: field(
      { list: 'preferred node term' },
      'What nodes should be like.',
    ),
  },
  'node selector': {
    node_selector_terms: field({ list: 'node selector term' }, 'Terms of which one must hold.'),
  },
  'node selector term': {
    match_expressions: field({ list: 'selector expression' }, 'Labels that the node must have.'),
    match_fields: field(
      { list: 'selector expression' },
      'Fields of the node; the only key is `metadata.name`.',
    ),
  },
  'preferred node term': {
    weight: field('whole', 'From 1 to 100.'),
    preference: field({ part: 'node selector term' }, 'The term.'),
  },
  'pod affinity': {
    required_during_scheduling_ignored_during_execution: field(
      { list: 'pod affinity term' },
      'Terms that must all hold.',
    ),
    preferred_during_scheduling_ignored_during_execution: field(
      { list: 'preferred pod term' },
      'Terms that should hold.',
    ),
  },
  'pod affinity term': {
    label_selector: field(
      { part: 'label selector' },
      'Pods of the same namespace; the Pods of all builds if absent.',
    ),
    topology_key: field(
      'text',
      'Label of nodes, such as `topology.kubernetes.io/zone`; nodes with the same value are near.',
    ),
  },
  'preferred pod term': {
    weight: field('whole', 'From 1 to 100.'),
    pod_affinity_term: field({ part: 'pod affinity term' }, 'The term.'),
  },
  'topology spread constraint': {
    max_skew: field('whole', 'By how many Pods topologies may differ, at least 1.'),
    topology_key: field('text', 'Label of nodes, such as `topology.kubernetes.io/zone`.'),
    when_unsatisfiable: field(
      { words: ['DoNotSchedule', 'ScheduleAnyway'] },
      'Whether the Pod waits where no node complies.',
    ),
    label_selector: field(
      { part: 'label selector' },
      'Pods that count, of the same namespace; the Pods of all builds if absent.',
    ),
    match_label_keys: field(
      'texts',
      'Labels whose values a counted Pod must share with this one, such as `io.drone.repo.name`.',
    ),
    min_domains: field('whole', 'Least number of topologies; only with `DoNotSchedule`.'),
    node_affinity_policy: field(
      { words: ['Honor', 'Ignore'] },
      'Whether only nodes that selector and affinity allow count; `Honor` if absent.',
    ),
    node_taints_policy: field(
      { words: ['Honor', 'Ignore'] },
      'Whether only nodes whose taints are tolerated count; `Ignore` if absent.',
    ),
  },
  'label selector': {
    match_labels: field('text map', 'Labels that the Pods must have.'),
    match_expressions: field({ list: 'selector expression' }, 'Further conditions on their labels.'),
  },
  'selector expression': {
    key: field('text', 'Key of the label.'),
    operator: field(
      { words: ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] },
      'How its value is compared; `Gt` and `Lt` for nodes only.',
    ),
    values: field('texts', 'Values that it is compared with.'),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Field>>>>;
