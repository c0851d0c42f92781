import type { V1ConfigMap } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownLayout } from '../../parts/real/facts.ts';
import { type ChartValues, Helm, ofKind } from './helm.ts';

let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
});

const defaultsOf = async (
  component: 'runner' | 'autoscaler',
  values: ChartValues,
): Promise<Readonly<Record<string, string>>> => {
  const maps = ofKind<V1ConfigMap>(await helm.rendered(values), 'ConfigMap');
  return maps.find(({ metadata }) => metadata?.name === `hangar-${component}-defaults`)?.data ?? {};
};

describe('the autoscaler of the chart', () => {
  it.each<[string, ChartValues, string]>([
    ['the namespace of the release', {}, 'ci'],
    ['the namespaces of jobs', { jobs: { namespace: 'builds', otherNamespaces: ['team'] } }, 'builds,team'],
    ['fresh namespaces', { jobs: { namespace: 'drone-', otherNamespaces: ['team'] } }, 'team,drone-*'],
  ])('counts Pods of builds in %s only', async (_, values, want) => {
    expect(await defaultsOf('autoscaler', values)).toMatchObject({ HANGAR_AUTOSCALER_POD_NAMESPACES: want });
  });

  it('finds runners by the named port of their Service, whatever its number', async () => {
    const values = {
      autoscaler: { rbac: { look: true } },
      runner: { config: { DRONE_SERVER_PORT: ':4000' } },
    };
    expect(await defaultsOf('autoscaler', values)).toMatchObject({
      HANGAR_AUTOSCALER_RUNNER_SERVICE: 'ci/hangar-runner:http',
    });
  });
});
