import type { V1PodSpec } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { effectiveRequest, requestOfSpec, scoredRequest } from './pod-request.ts';

const MIB = 2 ** 20;

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
      why: 'the request of the Pod itself',
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

describe('requestOfSpec', () => {
  const container = (cpu?: string, memory?: string) => ({
    name: 'c',
    resources: { requests: { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) } },
  });

  it.each<[string, V1PodSpec | undefined, number, number]>([
    ['the sum over containers', { containers: [container('100m', '64Mi'), container('1')] }, 1_100, 64],
    [
      'an init container, where it asks for more',
      { containers: [container('100m', '64Mi')], initContainers: [container('2', '32Mi')] },
      2_000,
      64,
    ],
    [
      'an init container that stays, besides',
      {
        containers: [container('100m', '64Mi')],
        initContainers: [{ ...container('2', '32Mi'), restartPolicy: 'Always' }],
      },
      2_100,
      96,
    ],
    [
      'overhead, besides',
      { containers: [container('1')], overhead: { cpu: '250m', memory: '1Mi' } },
      1_250,
      1,
    ],
    [
      'the request of the Pod itself, which replaces the sum',
      { containers: [container('1', '64Mi')], resources: { requests: { cpu: '3' } } },
      3_000,
      64,
    ],
    ['zero for missing and invalid requests', { containers: [{ name: 'c' }, container('much')] }, 0, 0],
    ['zero without a spec', undefined, 0, 0],
  ])('%s', (_, spec, cpuMillicores, mib) => {
    expect(requestOfSpec(spec)).toEqual({ cpuMillicores, memoryBytes: mib * MIB });
  });
});
