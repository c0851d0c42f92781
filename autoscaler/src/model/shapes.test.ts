import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GIB, MIB } from '../capacity/shape.ts';
import { cloudAllocatable } from './allocatable.ts';
import { parseResources, parseShape } from './shapes.ts';

const machine = (cpu: number, gib: number) => ({ cpuMillicores: cpu * 1000, memoryBytes: gib * GIB });

describe('cloudAllocatable: the figures of scheduling-and-scaling §3.4', () => {
  it.each([
    { cloud: 'gke', cpu: 4, gib: 8, pods: 110, wantCpu: 3920, wantMib: 6018 },
    { cloud: 'gke', cpu: 8, gib: 16, pods: 110, wantCpu: 7910, wantMib: 13_256 },
  ] as const)(
    '$cloud $cpu/$gib: $wantCpu millicores, $wantMib MiB',
    ({ cloud, cpu, gib, pods, wantCpu, wantMib }) => {
      const got = cloudAllocatable(cloud, machine(cpu, gib), pods);

      expect({ cpu: got.cpuMillicores, mib: Math.floor(got.memoryBytes / MIB) }).toEqual({
        cpu: wantCpu,
        mib: wantMib,
      });
    },
  );

  it.each([
    { cpu: 4, gib: 8, pods: 58, wantCpu: 3920, wantGib: 6.8 },
    { cpu: 4, gib: 8, pods: 110, wantCpu: 3920, wantGib: 6.25 },
    { cpu: 8, gib: 16, pods: 58, wantCpu: 7910, wantGib: 14.7 },
    { cpu: 8, gib: 16, pods: 110, wantCpu: 7910, wantGib: 14.1 },
  ])('eks $cpu/$gib with $pods Pods: about $wantGib GiB', ({ cpu, gib, pods, wantCpu, wantGib }) => {
    const got = cloudAllocatable('eks', machine(cpu, gib), pods);

    expect(got.cpuMillicores).toBe(wantCpu);
    expect(Math.abs(got.memoryBytes / GIB - wantGib)).toBeLessThan(0.05);
  });

  it('returns zero, never a negative amount, on a tiny machine', () => {
    expect(cloudAllocatable('eks', { cpuMillicores: 500, memoryBytes: 512 * MIB }, 110).memoryBytes).toBe(0);
  });
});

describe('parseShape', () => {
  it('uses allocatable figures unchanged', () => {
    expect(parseShape('cpu=16,memory=32Gi')).toEqual({
      shape: {
        name: 'cpu=16,memory=32Gi',
        allocatable: { cpuMillicores: 16_000, memoryBytes: 32 * GIB, pods: 110 },
        source: 'allocatable as given',
      },
    });
  });

  it('accepts the figures of a live node, with Pods', () => {
    expect(parseShape(' cpu=3920m, memory=6018Mi, pods=32 ')).toMatchObject({
      shape: { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 32 } },
    });
  });

  it("uses a cloud's formula for a whole machine", () => {
    expect(parseShape('gke:cpu=4,memory=8Gi')).toMatchObject({
      shape: { allocatable: { cpuMillicores: 3920 }, source: expect.stringContaining('GKE') as string },
    });
    expect(parseShape('eks:cpu=4,memory=8Gi')).toMatchObject({ shape: { allocatable: { pods: 58 } } });
  });

  it('accepts the published names', () => {
    expect(parseShape('8cpu-16gb')).toMatchObject({ shape: { allocatable: { cpuMillicores: 7910 } } });
  });

  it.each([
    { text: '', want: '"" is not KEY=VALUE' },
    { text: 'cpu=4', want: 'memory "" is not an amount' },
    { text: 'memory=8Gi', want: 'cpu "" is not an amount' },
    { text: 'cpu=0,memory=8Gi', want: 'cpu "0"' },
    { text: 'cpu=-4,memory=8Gi', want: 'cpu "-4"' },
    { text: 'cpu=4,memory=8Gi,pods=0', want: 'pods "0"' },
    { text: 'cpu=4,memory=8Gi,disk=1', want: '"disk" is unknown' },
    { text: 'cpu=4,cpu=5,memory=8Gi', want: 'given twice' },
    { text: 'aks:cpu=4,memory=8Gi', want: '"aks" is not a supported cloud' },
    { text: 'cpu=4=5,memory=8Gi', want: 'is not KEY=VALUE' },
    { text: '4cpu-8gbx', want: 'is not KEY=VALUE' },
  ])('names the mistake in "$text" and how to write it', ({ text, want }) => {
    const parsed = parseShape(text);

    expect('problem' in parsed ? parsed.problem : '').toContain(want);
    expect('problem' in parsed ? parsed.problem : '').toContain('cpu=16,memory=32Gi');
  });

  it('never throws, whatever the input', () => {
    fc.assert(fc.property(fc.string(), (text) => Object.keys(parseShape(text)).length === 1));
  });
});

describe('parseResources', () => {
  it('reads a request, and names what it cannot read', () => {
    expect(parseResources('cpu=500m,memory=1Gi')).toEqual({
      resources: { cpuMillicores: 500, memoryBytes: GIB },
    });
    expect(parseResources('cpu=500m,memory=lots')).toEqual({
      problem: 'memory "lots" is not an amount of memory. Write for instance cpu=1150m,memory=1700Mi.',
    });
  });

  it('accepts zero only where that is allowed', () => {
    expect(parseResources('cpu=0,memory=0', 0)).toEqual({ resources: { cpuMillicores: 0, memoryBytes: 0 } });
    expect(parseResources('cpu=0,memory=0')).toMatchObject({
      problem: expect.stringMatching('cpu "0"') as string,
    });
  });
});
