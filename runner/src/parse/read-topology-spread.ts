import type { TopologySpread } from '../pipeline/affinity.ts';
import type { Decoder } from './decoder.ts';
import { readLabelSelector } from './read-affinity.ts';
import type { YamlNode } from './yaml-node.ts';

/** `topology_spread_constraints` of a pipeline. */
export function readTopologySpread(decoder: Decoder, list: YamlNode | undefined): readonly TopologySpread[] {
  return decoder.structs(list, 'topology spread constraint', (item) => {
    const fields = decoder.fields(item, 'topology spread constraint');
    return {
      maxSkew: decoder.integer(fields.get('max_skew')),
      topologyKey: decoder.text(fields.get('topology_key')),
      whenUnsatisfiable: decoder.text(fields.get('when_unsatisfiable')),
      selector: readLabelSelector(decoder, fields.get('label_selector')),
      matchLabelKeys: decoder.texts(fields.get('match_label_keys')),
      minDomains: decoder.optionalInteger(fields.get('min_domains')),
      nodeAffinityPolicy: decoder.text(fields.get('node_affinity_policy')),
      nodeTaintsPolicy: decoder.text(fields.get('node_taints_policy')),
    };
  });
}
