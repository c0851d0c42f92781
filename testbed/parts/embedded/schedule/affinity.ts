import type { JsonRecord } from '../api/objects.ts';
import { recordOf, recordsOf, textOf } from '../api/objects.ts';

interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether the required node affinity of a Pod allows a node; terms are alternatives, expressions all hold. */
export function matchesNodeAffinity(affinity: unknown, node: NodeFacts): boolean {
  const required = recordOf(
    recordOf(recordOf(affinity)['nodeAffinity'])['requiredDuringSchedulingIgnoredDuringExecution'],
  );
  const terms = recordsOf(required['nodeSelectorTerms']);
  if (terms.length === 0) return true;
  return terms.some((term) => {
    const labels = recordsOf(term['matchExpressions']);
    const fields = recordsOf(term['matchFields']);
    if (labels.length + fields.length === 0) return false;
    return (
      labels.every((expression) => holds(expression, node.labels[textOf(expression['key'])])) &&
      fields.every((expression) => holds(expression, node.name))
    );
  });
}

type Test = (value: string | undefined, values: readonly unknown[]) => boolean;

const OPERATORS: Readonly<Record<string, Test>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
  Gt: (value, [bound]) => value !== undefined && Number(value) > Number(bound),
  Lt: (value, [bound]) => value !== undefined && Number(value) < Number(bound),
};

function holds(expression: JsonRecord, value: string | undefined): boolean {
  const values: unknown[] = Array.isArray(expression['values']) ? expression['values'] : [];
  return OPERATORS[textOf(expression['operator'])]?.(value, values) ?? false;
}
