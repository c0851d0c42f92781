import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { GateVolumes, type GateVolumesParts } from './gate-volumes.ts';

const HOUR_MS = 3_600_000;
const aPod = (nodeSelector?: Record<string, string>): V1Pod => ({
  metadata: { name: 'drone-a', namespace: 'ci' },
  spec: {
    containers: [{ name: 'step-1' }],
    initContainers: [{ name: 'hangar-init', image: 'gate:1' }],
    volumes: [
      { name: 'workspace', emptyDir: {} },
      { name: 'hangar-bin', emptyDir: {} },
    ],
    ...(nodeSelector ? { nodeSelector } : {}),
  },
});

describe('how the gate comes into a Pod', () => {
  const clock = new FakeClock();
  const of = (parts: Partial<GateVolumesParts> = {}) =>
    new GateVolumes({ clock, log: silentLogger, setting: 'auto', hasEvents: () => true, ...parts });

  it('is its image as a volume in place of its init container, and nothing else changes', () => {
    const before = aPod();
    const { initContainers, volumes, ...rest } = of().byVolume(before)?.spec ?? { containers: [] };
    expect(initContainers).toBeUndefined();
    expect(volumes).toEqual([
      { name: 'workspace', emptyDir: {} },
      { name: 'hangar-bin', image: { reference: 'gate:1', pullPolicy: 'IfNotPresent' } },
    ]);
    expect(rest).toEqual({ containers: before.spec?.containers });
  });

  it('leaves other init containers in the Pod', () => {
    const pod = aPod();
    const tmate = { name: 'hangar-tmate', image: 'tmate:1' };
    const spec = {
      containers: [],
      ...pod.spec,
      initContainers: [...(pod.spec?.initContainers ?? []), tmate],
    };
    expect(of().byVolume({ ...pod, spec })?.spec?.initContainers).toEqual([tmate]);
  });

  it.each(['image', 'init'] as const)('is as the Pod was compiled with HANGAR_GATE_VOLUME=%s', (setting) => {
    expect(of({ setting }).byVolume(aPod())).toBeUndefined();
    expect(of({ setting }).isAutomatic).toBe(false);
  });

  it('is an init container where Events can’t be watched, which alone show some failures of a node', () => {
    const hasEvents = (namespace: string): boolean => namespace === 'other';
    expect(of({ hasEvents }).byVolume(aPod())).toBeUndefined();
    expect(
      of()
        .with({ hasEvents: () => false })
        .byVolume(aPod()),
    ).toBeUndefined();
  });

  it('is an init container for an hour after the volume has failed, then the volume is tried again', async () => {
    const volumes = of();
    volumes.failed(aPod(), 'no such plugin');
    expect(volumes.byVolume(aPod())).toBeUndefined();
    await clock.step(HOUR_MS - 1);
    expect(volumes.byVolume(aPod())).toBeUndefined();
    await clock.step(1);
    expect(volumes.byVolume(aPod())).toBeDefined();
  });

  it('is known for each kind of node, by what the Pod requires of it', () => {
    const volumes = of();
    volumes.failed(aPod({ pool: 'old', arch: 'arm64' }), 'no such plugin');
    expect(volumes.byVolume(aPod({ arch: 'arm64', pool: 'old' }))).toBeUndefined();
    expect(volumes.byVolume(aPod({ pool: 'new', arch: 'arm64' }))).toBeDefined();
    expect(volumes.byVolume(aPod())).toBeDefined();
  });

  it('says once an hour that a kind of node has none', async () => {
    const warnings: string[] = [];
    const warn = (fields: object): void => void warnings.push((fields as { reason: string }).reason);
    const log = { ...silentLogger, warn };
    const volumes = of({ log });
    volumes.failed(aPod(), 'first');
    volumes.failed(aPod(), 'second');
    volumes.failed(aPod({ pool: 'old' }), 'other');
    await clock.step(HOUR_MS);
    volumes.failed(aPod(), 'third');
    expect(warnings).toEqual(['first', 'other', 'third']);
  });
});
