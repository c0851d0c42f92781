import { PREFERRED, REQUIRED } from '../parse/read-affinity.ts';
import type {
  Affinity,
  NodeAffinity,
  NodeTerm,
  PodAffinity,
  SelectorExpression,
  TopologySpread,
} from '../pipeline/affinity.ts';
import type { FieldPath } from '../pipeline/pipeline.ts';
import type { NameChoice } from './check.ts';
import { shown } from './shown.ts';

type Texts = Readonly<Record<string, string>>;

/** Stands for nodes that an expression does not name: a rule that allows all values allows it. */
const ANY_VALUE = '*';

/** How many values a message can show: a text of one character and a space each. */
const MOST_SHOWN = 50;

/** Made once for an expression: it may have a great many values, and each of them is a choice. */
const textOf = ({ key, operator, values }: SelectorExpression): string =>
  `node_affinity ${shown([key, operator, ...values.slice(0, MOST_SHOWN)].join(' '))}`;

/** What an expression of labels chooses: the values that it names with `In`, else any value of its key. */
function labelChoices(
  expression: SelectorExpression,
  ofOperator: Texts,
  at: FieldPath,
): readonly NameChoice[] {
  const { key, operator, values } = expression;
  const named = operator === 'In' ? values : [ANY_VALUE];
  const what = textOf(expression);
  return named
    .filter((value) => !(Object.hasOwn(ofOperator, key) && ofOperator[key] === value))
    .map((value) => ({
      rule: 'nodeSelectors',
      value: `${key}=${value}`,
      what,
      at,
    }));
}

function fieldChoices(expression: SelectorExpression, at: FieldPath): readonly NameChoice[] {
  const named = expression.operator === 'In' ? expression.values : [ANY_VALUE];
  const what = textOf(expression);
  return named.map((value) => ({ rule: 'nodes', value, what, at }));
}

const termChoices = (
  { expressions, fields }: NodeTerm,
  ofOperator: Texts,
  at: FieldPath,
): readonly NameChoice[] => [
  ...expressions.flatMap((one, index) =>
    labelChoices(one, ofOperator, [...at, 'match_expressions', index, 'key']),
  ),
  ...fields.flatMap((one, index) => fieldChoices(one, [...at, 'match_fields', index, 'key'])),
];

function nodeChoices({ required, preferred }: NodeAffinity, ofOperator: Texts): readonly NameChoice[] {
  const at = ['affinity', 'node_affinity'];
  return [
    ...(required ?? []).flatMap((term, index) =>
      termChoices(term, ofOperator, [...at, REQUIRED, 'node_selector_terms', index]),
    ),
    ...preferred.flatMap(({ term }, index) =>
      termChoices(term, ofOperator, [...at, PREFERRED, index, 'preference']),
    ),
  ];
}

function podChoices({ required, preferred }: PodAffinity, field: string): readonly NameChoice[] {
  const at = ['affinity', field];
  const terms = [
    ...required.map((term, index) => ({ term, place: [...at, REQUIRED, index] })),
    ...preferred.map(({ term }, index) => ({ term, place: [...at, PREFERRED, index, 'pod_affinity_term'] })),
  ];
  return terms.map(({ term: { topologyKey }, place }) => ({
    rule: 'podAffinity',
    value: topologyKey,
    what: `${field} of topology ${shown(topologyKey)}`,
    at: [...place, 'topology_key'],
  }));
}

/**
 * What the author chose by `affinity`: nodes, and topologies in which Pods of others count. Pure.
 *
 * @param ofOperator the default node selector, which is the operator's choice
 */
export function affinityChoices(affinity: Affinity | undefined, ofOperator: Texts): readonly NameChoice[] {
  if (affinity === undefined) return [];
  const { nodes, pods, antiPods } = affinity;
  return [
    ...nodeChoices(nodes, ofOperator),
    ...podChoices(pods, 'pod_affinity'),
    ...podChoices(antiPods, 'pod_anti_affinity'),
  ];
}

/** The topologies over which the author spreads Pods. Pure. */
export const spreadChoices = (all: readonly TopologySpread[]): readonly NameChoice[] =>
  all.map(({ topologyKey }, index) => ({
    rule: 'topologySpread',
    value: topologyKey,
    what: `topology_spread_constraints of topology ${shown(topologyKey)}`,
    at: ['topology_spread_constraints', index, 'topology_key'],
  }));
