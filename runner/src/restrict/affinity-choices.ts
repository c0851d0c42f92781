import type { Affinity, NodeTerm, SelectorExpression, TopologySpread } from '../pipeline/affinity.ts';
import type { NameChoice } from './check.ts';
import { shown } from './shown.ts';

type Texts = Readonly<Record<string, string>>;

/** Stands for nodes that an expression does not name: a rule that allows all values allows it. */
const ANY_VALUE = '*';

const textOf = ({ key, operator, values }: SelectorExpression): string =>
  [key, operator, ...values].join(' ');

/** What an expression of labels chooses: the values that it names with `In`, else any value of its key. */
function labelChoices(expression: SelectorExpression, ofOperator: Texts): readonly NameChoice[] {
  const { key, operator, values } = expression;
  const named = operator === 'In' ? values : [ANY_VALUE];
  return named
    .filter((value) => !(Object.hasOwn(ofOperator, key) && ofOperator[key] === value))
    .map((value) => ({
      rule: 'nodeSelectors',
      value: `${key}=${value}`,
      what: `node_affinity ${shown(textOf(expression))}`,
    }));
}

function fieldChoices(expression: SelectorExpression): readonly NameChoice[] {
  const named = expression.operator === 'In' ? expression.values : [ANY_VALUE];
  return named.map((value) => ({
    rule: 'nodes',
    value,
    what: `node_affinity ${shown(textOf(expression))}`,
  }));
}

const termChoices = ({ expressions, fields }: NodeTerm, ofOperator: Texts): readonly NameChoice[] => [
  ...expressions.flatMap((one) => labelChoices(one, ofOperator)),
  ...fields.flatMap(fieldChoices),
];

/**
 * What the author chose by `affinity`: nodes, and topologies in which Pods of others count. Pure.
 *
 * @param ofOperator the default node selector, which is the operator's choice
 */
export function affinityChoices(affinity: Affinity | undefined, ofOperator: Texts): readonly NameChoice[] {
  if (affinity === undefined) return [];
  const { nodes, pods, antiPods } = affinity;
  const nodeTerms = [...(nodes.required ?? []), ...nodes.preferred.map(({ term }) => term)];
  const topologies = (['pod_affinity', 'pod_anti_affinity'] as const).flatMap((field) => {
    const { required, preferred } = field === 'pod_affinity' ? pods : antiPods;
    return [...required, ...preferred.map(({ term }) => term)].map(
      ({ topologyKey }): NameChoice => ({
        rule: 'podAffinity',
        value: topologyKey,
        what: `${field} of topology ${shown(topologyKey)}`,
      }),
    );
  });
  return [...nodeTerms.flatMap((term) => termChoices(term, ofOperator)), ...topologies];
}

/** The topologies over which the author spreads Pods. Pure. */
export const spreadChoices = (all: readonly TopologySpread[]): readonly NameChoice[] =>
  all.map(({ topologyKey }) => ({
    rule: 'topologySpread',
    value: topologyKey,
    what: `topology_spread_constraints of topology ${shown(topologyKey)}`,
  }));
