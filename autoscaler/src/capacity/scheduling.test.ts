import { describe, expect, it } from 'vitest';
import { effectiveRequest, scoredRequest } from './pod-request.ts';
import type { LabelDemand, NodeTraits, PodConstraints } from './scheduling.ts';
import { letsIn, softTaints } from './scheduling.ts';
import { MIB } from './shape.ts';

const demand = (key: string, operator: LabelDemand['operator'], ...values: string[]): LabelDemand => ({
  key,
  operator,
  values,
});
const hard = { key: 'ci', value: 'yes', effect: 'NoSchedule' } as const;

describe('letsIn', () => {
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
      why: 'Lt of no number',
      node: { labels: { a: 'x' } },
      pod: { affinityTerms: [[demand('a', 'Lt', '9')]] },
      want: false,
    },
  ])('$why: $want', ({ node, pod, want }) => {
    expect(letsIn(node, pod)).toBe(want);
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

describe('effectiveRequest', () => {
  const of = (cpuMillicores: number, mib = 0) => ({ cpuMillicores, memoryBytes: mib * MIB });

  it.each([
    { why: 'containers add up', spec: { containers: [of(100), of(200)] }, want: 300 },
    { why: 'a hungry init container', spec: { containers: [of(100)], initContainers: [of(500)] }, want: 500 },
    {
      why: 'a sidecar stays',
      spec: { containers: [of(100)], initContainers: [{ ...of(50), sidecar: true }] },
      want: 150,
    },
    {
      why: 'an init after a sidecar',
      spec: { containers: [of(100)], initContainers: [{ ...of(50), sidecar: true }, of(300)] },
      want: 350,
    },
    {
      why: 'an init before a sidecar',
      spec: { containers: [of(100)], initContainers: [of(300), { ...of(50), sidecar: true }] },
      want: 300,
    },
    { why: 'overhead', spec: { containers: [of(100)], overhead: of(20) }, want: 120 },
    {
      why: 'the Pod itself says',
      spec: { containers: [of(100)], podLevel: { cpuMillicores: 700 } },
      want: 700,
    },
  ])('$why: $want', ({ spec, want }) => {
    expect(effectiveRequest(spec).cpuMillicores).toBe(want);
  });

  it('scores a container without a request as 100m and 200 MiB', () => {
    expect(scoredRequest({ containers: [of(0), of(300, 1)] })).toEqual({
      cpuMillicores: 400,
      memoryBytes: 201 * MIB,
    });
  });
});
