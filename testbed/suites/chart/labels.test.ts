import type { KubernetesObject, V1Deployment, V1Service } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownLayout } from '../../parts/real/facts.ts';
import { CHART, Helm, LEAST, ofKind } from './helm.ts';

let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
});

const named = <T extends KubernetesObject>(objects: readonly KubernetesObject[], kind: string) =>
  ofKind<T>(objects, kind).find(({ metadata }) => metadata?.name === 'hangar-runner');

describe('labels', () => {
  const PART_OF = 'app.kubernetes.io/part-of';

  it('are there once: those of an object, else common ones, else those of the chart', async () => {
    const objects = await helm.rendered({
      commonLabels: { [PART_OF]: 'platform', team: 'ci' },
      runner: {
        service: { labels: { team: 'network' } },
        podLabels: { team: 'pods' },
        serviceAccount: { labels: { team: 'identity' } },
      },
      monitoring: { serviceMonitors: 'always', labels: { team: 'metrics' } },
    });
    const labelsOf = (kind: string) => named(objects, kind)?.metadata?.labels;

    expect(labelsOf('Service')).toMatchObject({ [PART_OF]: 'platform', team: 'network' });
    expect(labelsOf('ServiceAccount')).toMatchObject({ [PART_OF]: 'platform', team: 'identity' });
    expect(labelsOf('ServiceMonitor')).toMatchObject({ [PART_OF]: 'platform', team: 'metrics' });
    expect(labelsOf('Deployment')).toMatchObject({ [PART_OF]: 'platform', team: 'ci' });
    const { template } = named<V1Deployment>(objects, 'Deployment')?.spec ?? {};
    expect(template?.metadata?.labels).toMatchObject({ [PART_OF]: 'platform', team: 'pods' });
  });

  it('by which Pods are selected cannot be changed', async () => {
    const changed = { 'hangar.dev/component': 'other' };
    const objects = await helm.rendered({ commonLabels: changed, runner: { podLabels: changed } });
    const { selector, template } = named<V1Deployment>(objects, 'Deployment')?.spec ?? {};

    expect(selector?.matchLabels).toEqual({
      'hangar.dev/component': 'runner',
      'hangar.dev/release': 'hangar',
    });
    expect(template?.metadata?.labels).toMatchObject(selector?.matchLabels ?? {});
  });

  it.each(['7', '1e3', 'true'])('and selectors are texts in a release with the name %s', async (release) => {
    const text = await helm.run(['template', release, CHART, '-n', 'ci'], LEAST);
    const objects = Helm.objectsOf(text);
    const [service] = ofKind<V1Service>(objects, 'Service');

    expect(service?.spec?.selector).toMatchObject({ 'hangar.dev/release': release });
    expect(service?.metadata?.labels).toMatchObject({ 'app.kubernetes.io/instance': release });
  });
});
