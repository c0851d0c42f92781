import type { V1LabelSelector } from '@kubernetes/client-node';
import type { LabelSelector, SelectorExpression } from '../pipeline/affinity.ts';
import { LABEL } from '../pipeline/compiled.ts';
import type { FieldPath } from '../pipeline/pipeline.ts';
import { isDnsSubdomain, isLabelValue, isQualifiedName } from './kubernetes-names.ts';
import { checkAll, each, refuse } from './refuse.ts';

/** What an expression is about: labels of a node, fields of a node, or labels of a Pod. */
export type ExpressionSubject = 'node' | 'node field' | 'pod';

/** Most items of a list of terms, of expressions or of labels. */
export const MOST_TERMS = 20;
/** Most values of one expression. */
const MOST_VALUES = 100;
/** Longer texts are cut in messages. */
const MOST_CHARS = 100;

const shown = (text: string): string => JSON.stringify(text.slice(0, MOST_CHARS));

/** A path as messages show it: `affinity.node_affinity...match_expressions[0].key`. */
export const pathText = (at: FieldPath): string =>
  at
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part.slice(0, MOST_CHARS)}`,
    )
    .join('');

/** Throws the error for one field, which begins with its path. */
export const refuseField = (at: FieldPath, problem: string): never =>
  refuse('invalid-pipeline', `${pathText(at)} ${problem}`, at);

/** Refuses lists that are longer than anything a Pod needs: the scheduler compares them with each node. */
export function checkLength(items: readonly unknown[], most: number, at: FieldPath): void {
  if (items.length > most) refuseField(at, `has ${items.length} items; at most ${most} are allowed`);
}

const OPERATORS: Readonly<Record<ExpressionSubject, readonly string[]>> = {
  node: ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'],
  'node field': ['In', 'NotIn'],
  pod: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
};
/** Digits that fit into a 64-bit number, the only kind of number that is a label value too. */
const NUMBER = /^\d{1,18}$/;

/** How many values an operator takes; undefined if it is right. */
function countProblem(operator: string, count: number): string | undefined {
  if (operator === 'Exists' || operator === 'DoesNotExist')
    return count === 0 ? undefined : `are not allowed with the operator ${operator}`;
  if (operator === 'Gt' || operator === 'Lt')
    return count === 1 ? undefined : `must be one number with the operator ${operator}`;
  return count > 0 ? undefined : `must not be empty with the operator ${operator}`;
}

function valueProblem(value: string, operator: string, subject: ExpressionSubject): string | undefined {
  const text = shown(value);
  if (subject === 'node field')
    return isDnsSubdomain(value) ? undefined : `${text} cannot be the name of a node`;
  if (operator === 'Gt' || operator === 'Lt')
    return NUMBER.test(value) ? undefined : `${text} must be a number of at most 18 digits`;
  return isLabelValue(value)
    ? undefined
    : `${text} must be at most 63 letters, digits, "-", "_" or ".", beginning and ending with a letter or digit`;
}

function checkKey(key: string, subject: ExpressionSubject, at: FieldPath): void {
  if (subject === 'node field') {
    if (key !== 'metadata.name') refuseField(at, 'must be metadata.name');
  } else if (!isQualifiedName(key)) {
    refuseField(at, `${shown(key)} cannot be the key of a label`);
  }
}

/**
 * The expressions of a selector in the form of the API.
 *
 * @throws {PipelineError} for what Kubernetes would refuse
 */
export function checkedExpressions(
  expressions: readonly SelectorExpression[],
  subject: ExpressionSubject,
  at: FieldPath,
): { key: string; operator: string; values?: string[] }[] {
  checkLength(expressions, MOST_TERMS, at);
  return each(expressions, ({ key, operator, values }, index) => {
    const here = [...at, index];
    checkAll(
      () => checkKey(key, subject, [...here, 'key']),
      () => checkOperator(operator, subject, [...here, 'operator']),
      () => checkValues(values, [operator, subject], [...here, 'values']),
    );
    return { key, operator, ...(values.length === 0 ? {} : { values: [...values] }) };
  });
}

function checkOperator(operator: string, subject: ExpressionSubject, at: FieldPath): void {
  if (!OPERATORS[subject].includes(operator))
    refuseField(at, `must be one of ${OPERATORS[subject].join(', ')}`);
}

function checkValues(
  values: readonly string[],
  [operator, subject]: readonly [string, ExpressionSubject],
  at: FieldPath,
): void {
  checkLength(values, MOST_VALUES, at);
  const count = OPERATORS[subject].includes(operator) ? countProblem(operator, values.length) : undefined;
  if (count !== undefined) refuseField(at, count);
  if (subject === 'node field' && values.length > 1) refuseField(at, 'must be one name of a node');
  each(values, (value, place) => {
    const problem = valueProblem(value, operator, subject);
    if (problem !== undefined) refuseField([...at, place], problem);
  });
}

/** The Pods of all builds in the namespace. */
const BUILDS: V1LabelSelector = { matchLabels: { [LABEL.managedBy]: LABEL.managedByValue } };

/**
 * A selector of Pods in the form of the API; without one, the Pods of all builds.
 *
 * @throws {PipelineError} for what Kubernetes would refuse
 */
export function checkedLabelSelector(selector: LabelSelector | undefined, at: FieldPath): V1LabelSelector {
  if (selector === undefined) return BUILDS;
  const labels = Object.entries(selector.labels);
  const place = [...at, 'match_labels'];
  checkLength(labels, MOST_TERMS, place);
  const checkLabel = ([key, value]: readonly [string, string]): void => {
    if (!isQualifiedName(key) || !isLabelValue(value))
      refuseField([...place, key], `cannot be ${shown(value)}: no Pod can have this label`);
  };
  const expressionsOf = () => checkedExpressions(selector.expressions, 'pod', [...at, 'match_expressions']);
  checkAll(() => each(labels, checkLabel), expressionsOf);
  const expressions = expressionsOf();
  return {
    ...(labels.length === 0 ? {} : { matchLabels: Object.fromEntries(labels) }),
    ...(expressions.length === 0 ? {} : { matchExpressions: expressions }),
  };
}

/** A label of nodes by which they are grouped. */
export function checkedTopologyKey(key: string, at: FieldPath): string {
  if (!isQualifiedName(key))
    refuseField(at, `${shown(key)} must be the key of a label of nodes, such as topology.kubernetes.io/zone`);
  return key;
}
