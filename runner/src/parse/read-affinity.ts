import type {
  Affinity,
  LabelSelector,
  NodeTerm,
  PodAffinity,
  PodTerm,
  SelectorExpression,
} from '../pipeline/affinity.ts';
import { type Decoder, isNull } from './decoder.ts';
import type { YamlNode } from './yaml-node.ts';

/** Kubernetes' names, which are the same for nodes and Pods. */
export const REQUIRED = 'required_during_scheduling_ignored_during_execution';
export const PREFERRED = 'preferred_during_scheduling_ignored_during_execution';

const isAbsent = (node: YamlNode | undefined): boolean => node === undefined || isNull(node);

function readExpressions(decoder: Decoder, list: YamlNode | undefined): readonly SelectorExpression[] {
  return decoder.structs(list, 'selector expression', (item) => {
    const fields = decoder.fields(item, 'selector expression');
    return {
      key: decoder.text(fields.get('key')),
      operator: decoder.text(fields.get('operator')),
      values: decoder.texts(fields.get('values')),
    };
  });
}

function readNodeTerm(decoder: Decoder, node: YamlNode | undefined): NodeTerm {
  const fields = decoder.fields(node, 'node selector term');
  return {
    expressions: readExpressions(decoder, fields.get('match_expressions')),
    fields: readExpressions(decoder, fields.get('match_fields')),
  };
}

function readNodes(decoder: Decoder, node: YamlNode | undefined): Affinity['nodes'] {
  const fields = decoder.fields(node, 'node affinity');
  const required = fields.get(REQUIRED);
  const terms = decoder.fields(required, 'node selector').get('node_selector_terms');
  return {
    required: isAbsent(required)
      ? undefined
      : decoder.structs(terms, 'node selector term', (item) => readNodeTerm(decoder, item)),
    preferred: decoder.structs(fields.get(PREFERRED), 'preferred node term', (item) => {
      const preferred = decoder.fields(item, 'preferred node term');
      return {
        weight: decoder.integer(preferred.get('weight')),
        term: readNodeTerm(decoder, preferred.get('preference')),
      };
    }),
  };
}

/** A selector of Pods; undefined if it is absent, which is not the same as an empty one. */
export function readLabelSelector(decoder: Decoder, node: YamlNode | undefined): LabelSelector | undefined {
  if (isAbsent(node)) return undefined;
  const fields = decoder.fields(node, 'label selector');
  return {
    labels: decoder.textMap(fields.get('match_labels')),
    expressions: readExpressions(decoder, fields.get('match_expressions')),
  };
}

function readPodTerm(decoder: Decoder, node: YamlNode | undefined): PodTerm {
  const fields = decoder.fields(node, 'pod affinity term');
  return {
    selector: readLabelSelector(decoder, fields.get('label_selector')),
    topologyKey: decoder.text(fields.get('topology_key')),
  };
}

function readPods(decoder: Decoder, node: YamlNode | undefined): PodAffinity {
  const fields = decoder.fields(node, 'pod affinity');
  return {
    required: decoder.structs(fields.get(REQUIRED), 'pod affinity term', (item) =>
      readPodTerm(decoder, item),
    ),
    preferred: decoder.structs(fields.get(PREFERRED), 'preferred pod term', (item) => {
      const preferred = decoder.fields(item, 'preferred pod term');
      return {
        weight: decoder.integer(preferred.get('weight')),
        term: readPodTerm(decoder, preferred.get('pod_affinity_term')),
      };
    }),
  };
}

/** `affinity` of a pipeline; undefined if it is absent. */
export function readAffinity(decoder: Decoder, node: YamlNode | undefined): Affinity | undefined {
  if (isAbsent(node)) return undefined;
  const fields = decoder.fields(node, 'affinity');
  return {
    nodes: readNodes(decoder, fields.get('node_affinity')),
    pods: readPods(decoder, fields.get('pod_affinity')),
    antiPods: readPods(decoder, fields.get('pod_anti_affinity')),
  };
}
