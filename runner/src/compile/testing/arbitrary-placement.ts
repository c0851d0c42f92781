import fc from 'fast-check';

/** Mostly the first kind of value, rarely one that Kubernetes refuses. */
const mostly = <T, U>(usual: fc.Arbitrary<T>, wrong: fc.Arbitrary<U>) =>
  fc.oneof({ weight: 60, arbitrary: usual }, { weight: 1, arbitrary: wrong });
const wrongTexts = fc.constantFrom('', ' ', '__proto__', 'a b', 'a/b/c', 'x'.repeat(64), 'Ünïcode', '-');
const key = mostly(fc.constantFrom('pool', 'kubernetes.io/hostname', 'example.com/Zone_1'), wrongTexts);
const value = mostly(fc.constantFrom('a', 'B_1', '1.5', ''), wrongTexts);
const values = fc.array(value, { minLength: 1, maxLength: 3 });

const of = (operator: fc.Arbitrary<string>, some: fc.Arbitrary<unknown>) =>
  fc.record({ key, operator, values: some });
const ofLabels = fc.oneof(
  of(mostly(fc.constantFrom('In', 'NotIn'), fc.constantFrom('in', '', 'Exists')), values),
  of(fc.constantFrom('Exists', 'DoesNotExist'), mostly(fc.constant(undefined), values)),
);
const ofNodes = mostly(
  fc.oneof(ofLabels, of(fc.constantFrom('Gt', 'Lt'), mostly(fc.constant(['7']), values))),
  fc.constant({ key: 'metadata.name' }),
);
const ofFields = fc.record({
  key: mostly(fc.constant('metadata.name'), fc.constant('metadata.uid')),
  operator: mostly(fc.constantFrom('In', 'NotIn'), fc.constant('Exists')),
  values: mostly(fc.constant(['node-1']), fc.constantFrom(['a', 'b'], ['A_b'], [])),
});
const some = <T>(items: fc.Arbitrary<T>, minLength = 0) => fc.array(items, { minLength, maxLength: 2 });
const weight = mostly(fc.integer({ min: 1, max: 100 }), fc.constantFrom(0, 101, -1));
const optional = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [] });

const nodeTerm = mostly(
  fc.oneof(
    fc.record({ match_expressions: some(ofNodes, 1) }),
    fc.record({ match_fields: some(ofFields, 1), match_expressions: some(ofNodes) }),
  ),
  fc.constant({}),
);
const selector = optional({
  match_labels: fc.dictionary(key, value, { maxKeys: 2 }),
  match_expressions: some(ofLabels),
});
const podTerm = fc.record(
  { label_selector: selector, topology_key: key },
  { requiredKeys: ['topology_key'] },
);
const pods = optional({
  required_during_scheduling_ignored_during_execution: some(podTerm),
  preferred_during_scheduling_ignored_during_execution: some(
    fc.record({ weight, pod_affinity_term: podTerm }),
  ),
});

/** `affinity` as authors may write it: most are valid. */
export const affinities = optional({
  node_affinity: optional({
    required_during_scheduling_ignored_during_execution: fc.record({
      node_selector_terms: mostly(some(nodeTerm, 1), fc.constant([])),
    }),
    preferred_during_scheduling_ignored_during_execution: some(fc.record({ weight, preference: nodeTerm })),
  }),
  pod_affinity: pods,
  pod_anti_affinity: pods,
});

const number = mostly(fc.constantFrom(1, 3), fc.constantFrom(0, -1, 2 ** 31));
const policy = mostly(fc.constantFrom('Honor', 'Ignore'), fc.constantFrom('honor', '__proto__'));

/** `topology_spread_constraints` as authors may write them: most are valid. */
export const spreads = some(
  fc.record(
    {
      max_skew: number,
      topology_key: key,
      when_unsatisfiable: mostly(fc.constantFrom('DoNotSchedule', 'ScheduleAnyway'), fc.constant('')),
      label_selector: selector,
      match_label_keys: some(key),
      min_domains: number,
      node_affinity_policy: policy,
      node_taints_policy: policy,
    },
    { requiredKeys: ['max_skew', 'topology_key', 'when_unsatisfiable'] },
  ),
);
