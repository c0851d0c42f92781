import type {
  KubernetesObject,
  V1ConfigMap,
  V1Deployment,
  V1RoleBinding,
  V1ServiceAccount,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownLayout } from '../../parts/real/facts.ts';
import { Helm, ofKind } from './helm.ts';
import { switchesOf } from './switches.ts';

let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
});

const SWITCHES = switchesOf({ builds: 'builds', team: 'team' });

const nameOf = ({ metadata }: KubernetesObject): string => `${metadata?.namespace}/${metadata?.name}`;

describe('accounts', () => {
  it('are one for each program, whose Pod requests its token, and one without rights for builds', async () => {
    const objects = await helm.rendered({});
    expect(ofKind(objects, 'ServiceAccount').map(nameOf).sort()).toEqual([
      'ci/hangar-autoscaler',
      'ci/hangar-job',
      'ci/hangar-runner',
    ]);
    const pods = ofKind<V1Deployment>(objects, 'Deployment').map((one) => one.spec?.template.spec);
    expect(pods.map((pod) => [pod?.serviceAccountName, pod?.automountServiceAccountToken])).toEqual([
      ['hangar-autoscaler', true],
      ['hangar-runner', true],
    ]);
    const bound = ['RoleBinding', 'ClusterRoleBinding'].flatMap((kind) =>
      ofKind<V1RoleBinding>(objects, kind).flatMap(({ subjects = [] }) => subjects.map(({ name }) => name)),
    );
    expect(new Set(bound)).toEqual(new Set(['hangar-autoscaler', 'hangar-runner']));
  });

  it.each(Object.entries(SWITCHES))(
    'with %s, are none whose token is mounted into Pods that do not request it',
    async (_, values) => {
      const accounts = ofKind<V1ServiceAccount>(await helm.rendered(values), 'ServiceAccount');
      expect(accounts.filter((one) => one.automountServiceAccountToken !== false)).toEqual([]);
    },
  );
});

describe('the account of builds', () => {
  const defaultAccount = async (serviceAccount: object, more: object = {}) => {
    const objects = await helm.rendered({ jobs: { serviceAccount, ...more } });
    const maps = ofKind<V1ConfigMap>(objects, 'ConfigMap');
    const defaults = maps.find(({ metadata }) => metadata?.name === 'hangar-runner-defaults');
    return defaults?.data?.['DRONE_SERVICE_ACCOUNT_DEFAULT'];
  };

  it.each<[string, object, string | undefined]>([
    ['the one that the chart creates', {}, 'hangar-job'],
    ['that one, by another name', { name: 'builds' }, 'builds'],
    ['an existing one', { create: false, name: 'builds' }, 'builds'],
    ['near miss: that of the namespace, where none is named', { create: false }, undefined],
  ])('is %s', async (_, account, name) => {
    expect(await defaultAccount(account)).toBe(name);
  });

  it('is in generated namespaces only one that another program creates there: the chart cannot', async () => {
    expect(await defaultAccount({ name: 'builds' }, { namespace: 'drone-' })).toBeUndefined();
    expect(await defaultAccount({ create: false, name: 'builds' }, { namespace: 'drone-' })).toBe('builds');
  });
});
