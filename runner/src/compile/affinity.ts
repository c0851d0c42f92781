import type {
  V1Affinity,
  V1NodeAffinity,
  V1NodeSelectorTerm,
  V1PodAffinity,
  V1PodAffinityTerm,
} from '@kubernetes/client-node';
import { PREFERRED, REQUIRED } from '../parse/read-affinity.ts';
import type { NodeAffinity, NodeTerm, PodAffinity, PodTerm, Weighted } from '../pipeline/affinity.ts';
import type { FieldPath, Pipeline } from '../pipeline/pipeline.ts';
import { isDnsSubdomain } from './kubernetes-names.ts';
import { checkAll, each, refuse } from './refuse.ts';
import {
  checkedExpressions,
  checkedLabelSelector,
  checkedTopologyKey,
  checkLength,
  MOST_TERMS,
  refuseField,
} from './selectors.ts';

const HEAVIEST = 100;

function nodeTerm({ expressions, fields }: NodeTerm, at: FieldPath): V1NodeSelectorTerm {
  if (expressions.length + fields.length === 0)
    refuseField(at, 'is empty, which no node matches; add match_expressions or match_fields');
  const matchExpressions = checkedExpressions(expressions, 'node', [...at, 'match_expressions']);
  const matchFields = checkedExpressions(fields, 'node field', [...at, 'match_fields']);
  return {
    ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
    ...(matchFields.length === 0 ? {} : { matchFields }),
  };
}

function podTerm({ selector, topologyKey }: PodTerm, at: FieldPath): V1PodAffinityTerm {
  return {
    labelSelector: checkedLabelSelector(selector, [...at, 'label_selector']),
    topologyKey: checkedTopologyKey(topologyKey, [...at, 'topology_key']),
  };
}

/** Preferences, each with a checked weight; `place`: the field of the term. */
function weighted<T, U>(
  items: readonly Weighted<T>[],
  [at, place]: readonly [FieldPath, string],
  convert: (term: T, at: FieldPath) => U,
): readonly { readonly weight: number; readonly term: U }[] {
  checkLength(items, MOST_TERMS, at);
  return each(items, ({ weight, term }, index) => {
    const checkWeight = (): void => {
      if (weight < 1 || weight > HEAVIEST)
        refuseField([...at, index, 'weight'], `must be a number from 1 to ${HEAVIEST}`);
    };
    const converted = (): U => convert(term, [...at, index, place]);
    checkAll(checkWeight, converted);
    return { weight, term: converted() };
  });
}

function requiredTerms(terms: NodeAffinity['required'], at: FieldPath): readonly V1NodeSelectorTerm[] {
  if (terms === undefined) return [];
  const place = [...at, REQUIRED, 'node_selector_terms'];
  if (terms.length === 0) refuseField(place, 'must not be empty');
  checkLength(terms, MOST_TERMS, place);
  return each(terms, (term, index) => nodeTerm(term, [...place, index]));
}

/** A Pod with a scheduling gate may not set nodeName, so node affinity selects that node. */
function namedNode(nodeName: string): V1NodeSelectorTerm | undefined {
  if (nodeName === '') return undefined;
  if (!isDnsSubdomain(nodeName))
    refuse('invalid-pipeline', `node_name ${JSON.stringify(nodeName)} cannot be the name of a node`, [
      'node_name',
    ]);
  return { matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] };
}

/** One of the terms must hold, so the named node must be in each of them. */
function onNode(
  terms: readonly V1NodeSelectorTerm[],
  node: V1NodeSelectorTerm | undefined,
): V1NodeSelectorTerm[] {
  if (node === undefined) return [...terms];
  if (terms.length === 0) return [node];
  return terms.map((term) => ({
    ...term,
    matchFields: [...(term.matchFields ?? []), ...(node.matchFields ?? [])],
  }));
}

function nodeAffinity(nodes: NodeAffinity | undefined, nodeName: string): V1NodeAffinity | undefined {
  const at = ['affinity', 'node_affinity'];
  const nodeSelectorTerms = onNode(requiredTerms(nodes?.required, at), namedNode(nodeName));
  const preferred = weighted(nodes?.preferred ?? [], [[...at, PREFERRED], 'preference'], nodeTerm).map(
    ({ weight, term }) => ({ weight, preference: term }),
  );
  if (nodeSelectorTerms.length + preferred.length === 0) return undefined;
  return {
    ...(nodeSelectorTerms.length === 0
      ? {}
      : { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } }),
    ...(preferred.length === 0 ? {} : { preferredDuringSchedulingIgnoredDuringExecution: preferred }),
  };
}

function podAffinity(pods: PodAffinity | undefined, field: string): V1PodAffinity | undefined {
  const at = ['affinity', field];
  const terms = pods?.required ?? [];
  checkLength(terms, MOST_TERMS, [...at, REQUIRED]);
  const required = each(terms, (term, index) => podTerm(term, [...at, REQUIRED, index]));
  const preferred = weighted(pods?.preferred ?? [], [[...at, PREFERRED], 'pod_affinity_term'], podTerm).map(
    ({ weight, term }) => ({ weight, podAffinityTerm: term }),
  );
  if (required.length + preferred.length === 0) return undefined;
  return {
    ...(required.length === 0 ? {} : { requiredDuringSchedulingIgnoredDuringExecution: required }),
    ...(preferred.length === 0 ? {} : { preferredDuringSchedulingIgnoredDuringExecution: preferred }),
  };
}

/**
 * The affinity of the Pod: what the author wrote, on the node that the author named; undefined if there is neither.
 *
 * @throws {PipelineError} for what Kubernetes would refuse, and for terms that no node or more terms than a scheduler should compare
 */
export function podAffinities({ affinity, nodeName }: Pipeline): V1Affinity | undefined {
  const nodes = nodeAffinity(affinity?.nodes, nodeName);
  const pods = podAffinity(affinity?.pods, 'pod_affinity');
  const antiPods = podAffinity(affinity?.antiPods, 'pod_anti_affinity');
  if (nodes === undefined && pods === undefined && antiPods === undefined) return undefined;
  return {
    ...(nodes === undefined ? {} : { nodeAffinity: nodes }),
    ...(pods === undefined ? {} : { podAffinity: pods }),
    ...(antiPods === undefined ? {} : { podAntiAffinity: antiPods }),
  };
}
