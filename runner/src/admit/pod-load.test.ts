import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { SCHEDULING_GATE } from '../pipeline/compiled.ts';
import { NO_LOAD } from './admit.ts';
import { loadOf, requestOf } from './pod-load.ts';

const MIB = 1024 ** 2;
const container = (cpu?: string, memory?: string): V1Container => ({
  name: 'c',
  resources: { requests: { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) } },
});
const pod = (
  containers: V1Container[],
  rest: Partial<V1Pod['spec']> = {},
  status: V1Pod['status'] = {},
): V1Pod => ({
  spec: { containers, ...rest },
  status,
});

describe('requestOf', () => {
  it.each<[string, V1Pod, number, number]>([
    ['the sum over containers', pod([container('100m', '64Mi'), container('1', '1Gi')]), 1_100, 1_088 * MIB],
    [
      'the largest init container, where it asks for more',
      pod([container('100m', '64Mi')], { initContainers: [container('2', '32Mi'), container('1')] }),
      2_000,
      64 * MIB,
    ],
    ['nothing, of what asks for nothing or nonsense', pod([{ name: 'c' }, container('much', 'more')]), 0, 0],
    ['nothing, of no Pod at all', {}, 0, 0],
  ])('%s', (_, one, cpuMillicores, memoryBytes) => {
    expect(requestOf(one)).toEqual({ pipelines: 1, pods: 1, cpuMillicores, memoryBytes });
  });
});

describe('loadOf', () => {
  const containers = [container('1', '64Mi')];
  const taking = { pipelines: 0, pods: 1, cpuMillicores: 1_000, memoryBytes: 64 * MIB };
  it.each<[string, V1Pod, object]>([
    ['one that runs', pod(containers, {}, { phase: 'Running' }), taking],
    [
      'one with the container of a failed step, whose build has ended',
      { ...pod(containers, {}, { phase: 'Running' }), metadata: { labels: { 'hangar.dev/kept': 'true' } } },
      taking,
    ],
    ['one that waits for a node', pod(containers, {}, { phase: 'Pending' }), taking],
    ['one of which nothing is known yet', pod(containers), taking],
    ['one held by another’s gate only', pod(containers, { schedulingGates: [{ name: 'other' }] }), taking],
    ['one held by our gate', pod(containers, { schedulingGates: [{ name: SCHEDULING_GATE }] }), NO_LOAD],
    ['one that has ended well', pod(containers, {}, { phase: 'Succeeded' }), NO_LOAD],
    ['one that has ended badly', pod(containers, {}, { phase: 'Failed' }), NO_LOAD],
  ])('%s', (_, one, want) => {
    expect(loadOf(one)).toEqual(want);
  });
});
