import { describe, expect, it } from 'vitest';
import type { LabelDemand, NodeTraits, PodConstraints } from './scheduling.ts';
import { admitsPod, softTaints } from './scheduling.ts';

const demand = (key: string, operator: LabelDemand['operator'], ...values: string[]): LabelDemand => ({
  key,
  operator,
  values,
});
const hard = { key: 'ci', value: 'yes', effect: 'NoSchedule' } as const;

describe('admitsPod', () => {
  it.each<{ why: string; node: NodeTraits; pod: PodConstraints; want: boolean }>([
    { why: 'nothing asked, nothing in the way', node: {}, pod: {}, want: true },
    { why: 'unschedulable', node: { unschedulable: true }, pod: {}, want: false },
    {
      why: 'unschedulable, tolerated',
      node: { unschedulable: true },
      pod: { tolerations: [{ operator: 'Exists' }] },
      want: true,
    },
    { why: 'selector met', node: { labels: { a: '1' } }, pod: { nodeSelector: { a: '1' } }, want: true },
    { why: 'selector not met', node: { labels: { a: '2' } }, pod: { nodeSelector: { a: '1' } }, want: false },
    { why: 'selector of an inherited name', node: {}, pod: { nodeSelector: { toString: '1' } }, want: false },
    { why: 'hard taint', node: { taints: [hard] }, pod: {}, want: false },
    {
      why: 'hard taint, same value tolerated',
      node: { taints: [hard] },
      pod: { tolerations: [{ key: 'ci', value: 'yes' }] },
      want: true,
    },
    {
      why: 'hard taint, other value tolerated',
      node: { taints: [hard] },
      pod: { tolerations: [{ key: 'ci', value: 'no' }] },
      want: false,
    },
    {
      why: 'hard taint, other effect tolerated',
      node: { taints: [hard] },
      pod: { tolerations: [{ operator: 'Exists', effect: 'NoExecute' }] },
      want: false,
    },
    { why: 'soft taint', node: { taints: [{ key: 'x', effect: 'PreferNoSchedule' }] }, pod: {}, want: true },
    {
      why: 'one of two terms holds',
      node: { labels: { a: '1' } },
      pod: { affinityTerms: [[demand('b', 'Exists')], [demand('a', 'In', '1', '2')]] },
      want: true,
    },
    {
      why: 'half a term holds',
      node: { labels: { a: '1' } },
      pod: { affinityTerms: [[demand('a', 'Exists'), demand('b', 'Exists')]] },
      want: false,
    },
    { why: 'an empty term selects nothing', node: {}, pod: { affinityTerms: [[]] }, want: false },
    {
      why: 'NotIn without the label',
      node: {},
      pod: { affinityTerms: [[demand('a', 'NotIn', '1')]] },
      want: true,
    },
    {
      why: 'NotIn with it',
      node: { labels: { a: '1' } },
      pod: { affinityTerms: [[demand('a', 'NotIn', '1')]] },
      want: false,
    },
    {
      why: 'DoesNotExist',
      node: { labels: { a: '1' } },
      pod: { affinityTerms: [[demand('a', 'DoesNotExist')]] },
      want: false,
    },
    {
      why: 'Gt',
      node: { labels: { a: '10' } },
      pod: { affinityTerms: [[demand('a', 'Gt', '9')]] },
      want: true,
    },
    {
      why: 'Gt of a number with a unit',
      node: { labels: { a: '10x' } },
      pod: { affinityTerms: [[demand('a', 'Gt', '9')]] },
      want: false,
    },
    {
      why: 'Lt of no number',
      node: { labels: { a: 'x' } },
      pod: { affinityTerms: [[demand('a', 'Lt', '9')]] },
      want: false,
    },
  ])('$why: $want', ({ node, pod, want }) => {
    expect(admitsPod(node, pod)).toBe(want);
  });

  it('counts soft taints that are not tolerated', () => {
    const node: NodeTraits = {
      taints: [{ key: 'x', effect: 'PreferNoSchedule' }, { key: 'y', effect: 'PreferNoSchedule' }, hard],
    };

    expect(softTaints(node, {})).toBe(2);
    expect(softTaints(node, { tolerations: [{ key: 'x', operator: 'Exists' }] })).toBe(1);
    expect(softTaints(node, { tolerations: [{ key: 'x', operator: 'Exists', effect: 'NoSchedule' }] })).toBe(
      2,
    );
  });
});
