import type { V1Affinity, V1NodeSelectorRequirement } from '@kubernetes/client-node';

type Operator = (value: string | undefined, values: readonly string[]) => boolean;

const OPERATORS: Readonly<Record<string, Operator>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
  Gt: (value, [bound]) => wholeOf(value) > wholeOf(bound),
  Lt: (value, [bound]) => wholeOf(value) < wholeOf(bound),
};

/** NaN, which is neither more nor less than any number, for everything else. */
const wholeOf = (text = ''): number => (/^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN);

/** Whether the required node affinity of a Pod allows a node; terms are alternatives, expressions all hold. */
export function matchesNodeAffinity(
  affinity: V1Affinity | undefined,
  node: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
): boolean {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required === undefined || required.nodeSelectorTerms.length === 0) return true;
  return required.nodeSelectorTerms.some(({ matchExpressions = [], matchFields = [] }) => {
    if (matchExpressions.length + matchFields.length === 0) return false;
    return (
      matchExpressions.every((expression) => holds(expression, node.labels[expression.key])) &&
      matchFields.every((expression) => holds(expression, node.name))
    );
  });
}

function holds({ operator, values = [] }: V1NodeSelectorRequirement, value: string | undefined): boolean {
  return OPERATORS[operator]?.(value, values) ?? false;
}
