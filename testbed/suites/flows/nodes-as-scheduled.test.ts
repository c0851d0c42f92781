import { readNode } from '@hangar/runner/build-node';
import { isOpenTo } from '@hangar/runner/placement';
import type { V1Node, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KubeObject } from '../../parts/embedded/api/objects.ts';
import type { Pod } from '../../parts/embedded/api/pod.ts';
import { misfitOf, nodeStateOf } from '../../parts/embedded/schedule/fit.ts';

const NOTHING = { cpuMillicores: 0, memoryBytes: 0 };
const keys = fc.constantFrom('size', 'zone');
const values = fc.constantFrom('', '4', '8', '10', 'big');
const names = fc.constantFrom('n1', 'n2');
const effects = fc.constantFrom('NoSchedule', 'NoExecute', 'PreferNoSchedule');

const nodes: fc.Arbitrary<V1Node> = fc.record({
  metadata: fc.record({ name: names, labels: fc.dictionary(keys, values, { maxKeys: 2 }) }),
  spec: fc.record({
    taints: fc.array(fc.record({ key: keys, value: values, effect: effects }), { maxLength: 2 }),
    unschedulable: fc.boolean(),
  }),
  status: fc.constant({
    allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True' }],
  }),
});

const expressions = fc.record({
  key: keys,
  operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'),
  values: fc.array(fc.constantFrom('4', '8', '10'), { minLength: 1, maxLength: 2 }),
});
const terms = fc.record(
  {
    matchExpressions: fc.array(expressions, { maxLength: 2 }),
    matchFields: fc.array(
      fc.record({
        key: fc.constant('metadata.name'),
        operator: fc.constantFrom('In', 'NotIn'),
        values: fc.array(names, { minLength: 1, maxLength: 1 }),
      }),
      { maxLength: 1 },
    ),
  },
  { requiredKeys: [] },
);
// Without a key, the API requires the operator Exists.
const tolerations = fc.oneof(
  fc.record({ key: keys, operator: fc.constantFrom('Equal', 'Exists'), value: values, effect: effects }),
  fc.record({ key: keys, value: values }),
  fc.record({ operator: fc.constant('Exists') }),
  fc.record({ operator: fc.constant('Exists'), effect: effects }),
);
const specs: fc.Arbitrary<V1PodSpec> = fc.record(
  {
    containers: fc.constant([]),
    nodeSelector: fc.dictionary(keys, values, { maxKeys: 1 }),
    tolerations: fc.array(tolerations, { maxLength: 3 }),
    affinity: fc.record({
      nodeAffinity: fc.record({
        requiredDuringSchedulingIgnoredDuringExecution: fc.record({
          nodeSelectorTerms: fc.array(terms, { minLength: 1, maxLength: 2 }),
        }),
      }),
    }),
  },
  { requiredKeys: ['containers'] },
);

it('admission takes a node for open to a Pod exactly where the scheduler does', () => {
  const seen = { open: 0, closed: 0 };
  fc.assert(
    fc.property(nodes, specs, (node, spec) => {
      const pod: V1Pod = { metadata: { name: 'p' }, spec };
      const state = nodeStateOf(node as unknown as KubeObject, []);
      const isOpen = misfitOf(pod as unknown as Pod, NOTHING, state) === undefined;
      seen[isOpen ? 'open' : 'closed'] += 1;
      expect(isOpenTo(readNode(node, { ...NOTHING, pods: 0 }), spec)).toBe(isOpen);
    }),
    { numRuns: 5_000 },
  );
  expect(Math.min(seen.open, seen.closed)).toBeGreaterThan(500);
});
