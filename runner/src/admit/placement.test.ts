import type { V1NodeSelectorRequirement, V1NodeSelectorTerm } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { isOpenTo, type Placement, placementOf, suits } from './placement.ts';
import { aNode, type NodeChange } from './testing/a-node.ts';

const required = (...nodeSelectorTerms: V1NodeSelectorTerm[]): Placement => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const label = (operator: string, ...values: string[]): V1NodeSelectorRequirement => ({
  key: 'size',
  operator,
  values,
});
const named = (...values: string[]): V1NodeSelectorTerm => ({
  matchFields: [{ key: 'metadata.name', operator: 'In', values }],
});
const TAINT = { key: 'ci', value: 'yes', effect: 'NoSchedule' };

describe('the nodes that a Pod may be scheduled to', () => {
  it.each<[string, NodeChange, Placement, boolean]>([
    ['chooses nothing', {}, {}, true],
    ['selects a label that the node has', { labels: { size: '4' } }, { nodeSelector: { size: '4' } }, true],
    ['selects another value', { labels: { size: '8' } }, { nodeSelector: { size: '4' } }, false],
    ['selects a label that the node lacks', {}, { nodeSelector: { size: '4' } }, false],
    ['selects a label with the name of a method', {}, { nodeSelector: { toString: '4' } }, false],
    ['names the node', {}, required(named('other', 'n1')), true],
    ['names another node', {}, required(named('n2')), false],
    [
      'requires one of several values',
      { labels: { size: '4' } },
      required({ matchExpressions: [label('In', '2', '4')] }),
      true,
    ],
    [
      'requires other values',
      { labels: { size: '4' } },
      required({ matchExpressions: [label('In', '2', '8')] }),
      false,
    ],
    [
      'requires no such value',
      { labels: { size: '4' } },
      required({ matchExpressions: [label('NotIn', '4')] }),
      false,
    ],
    [
      'requires no such value of a label that is missing',
      {},
      required({ matchExpressions: [label('NotIn', '4')] }),
      true,
    ],
    ['requires the label', {}, required({ matchExpressions: [label('Exists')] }), false],
    ['requires that there is no label', {}, required({ matchExpressions: [label('DoesNotExist')] }), true],
    ['requires more', { labels: { size: '9' } }, required({ matchExpressions: [label('Gt', '8')] }), true],
    [
      'requires more, and gets as much',
      { labels: { size: '8' } },
      required({ matchExpressions: [label('Gt', '8')] }),
      false,
    ],
    [
      'requires less, by number',
      { labels: { size: '10' } },
      required({ matchExpressions: [label('Lt', '9')] }),
      false,
    ],
    [
      'requires less of what is no number',
      { labels: { size: 'big' } },
      required({ matchExpressions: [label('Lt', '9')] }),
      false,
    ],
    [
      'requires what nobody knows',
      { labels: { size: '4' } },
      required({ matchExpressions: [label('Near', '4')] }),
      false,
    ],
    ['has an alternative that holds', {}, required(named('n2'), named('n1')), true],
    ['has only an empty alternative', {}, required({}), false],
    [
      'requires name and label, and one holds',
      {},
      required({ ...named('n1'), matchExpressions: [label('Exists')] }),
      false,
    ],
    ['does not tolerate a taint', { taints: [TAINT] }, {}, false],
    ['does not tolerate a soft taint', { taints: [{ ...TAINT, effect: 'PreferNoSchedule' }] }, {}, true],
    ['tolerates the taint', { taints: [TAINT] }, { tolerations: [{ key: 'ci', value: 'yes' }] }, true],
    ['tolerates another value', { taints: [TAINT] }, { tolerations: [{ key: 'ci', value: 'no' }] }, false],
    [
      'tolerates another effect',
      { taints: [TAINT] },
      { tolerations: [{ key: 'ci', value: 'yes', effect: 'NoExecute' }] },
      false,
    ],
    ['tolerates any value', { taints: [TAINT] }, { tolerations: [{ key: 'ci', operator: 'Exists' }] }, true],
    [
      'tolerates all of one effect',
      { taints: [TAINT] },
      { tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }] },
      true,
    ],
    [
      'tolerates one of two taints',
      { taints: [TAINT, { key: 'gpu', effect: 'NoExecute' }] },
      { tolerations: [{ key: 'ci', operator: 'Exists' }] },
      false,
    ],
    [
      'has an empty toleration',
      { taints: [{ key: 'ci', effect: 'NoSchedule' }] },
      { tolerations: [{}] },
      false,
    ],
  ])('one that %s', (_sentence, node, placement, want) => {
    expect([suits(aNode('n1', node), placement), isOpenTo(aNode('n1', node), placement)]).toEqual([
      want,
      want,
    ]);
  });

  it.each<[string, NodeChange, Placement, boolean]>([
    ['is not ready', { ready: 'False' }, {}, false],
    ['is cordoned', { unschedulable: true }, {}, false],
    [
      'is cordoned, which the Pod tolerates',
      { unschedulable: true },
      { tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }] },
      true,
    ],
    [
      'is short of memory',
      { taints: [{ key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' }] },
      {},
      false,
    ],
  ])('suit it still when one %s; whether it is open now: %s', (_sentence, node, placement, open) => {
    expect([suits(aNode('n1', node), placement), isOpenTo(aNode('n1', node), placement)]).toEqual([
      true,
      open,
    ]);
  });
});

it('of a Pod, what says where it may go is kept, and nothing else', () => {
  const { affinity, ...others } = {
    ...required(named('n1')),
    tolerations: [{ key: 'ci' }],
    nodeSelector: { a: 'b' },
  };
  const podAntiAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [] };
  const spec = { ...others, affinity: { ...affinity, podAntiAffinity }, containers: [] };
  expect(placementOf({ spec })).toEqual({ ...others, affinity });
  expect(placementOf({ spec: { containers: [] } })).toEqual({});
});
