import type {
  KubernetesObject,
  V1ClusterRole,
  V1Container,
  V1Deployment,
  V1Pod,
  V1Role,
  V1Service,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownLayout } from '../../parts/real/facts.ts';
import { type ChartValues, Helm, ofKind } from './helm.ts';

let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
});

const runner = (values: ChartValues): ChartValues => ({ runner: values });
const one = (name: string, value: unknown): ChartValues => ({ extraEnv: [{ name, value }] });

/** The container of each program, and of the test Pod. */
const containersOf = (objects: readonly KubernetesObject[]): readonly V1Container[] => [
  ...ofKind<V1Deployment>(objects, 'Deployment').flatMap(({ spec }) => spec?.template.spec?.containers ?? []),
  ...ofKind<V1Pod>(objects, 'Pod').flatMap(({ spec }) => spec?.containers ?? []),
];

describe('a variable of extraEnv overrides all others', () => {
  it.each<[string, ChartValues]>([
    ['a default of config', runner(one('DRONE_TMATE_ENABLED', 'true'))],
    ['config', runner({ config: { HANGAR_LEASE_TERM: '20s' }, ...one('HANGAR_LEASE_TERM', '30s') })],
    ['the Secret of rpcSecret', runner(one('DRONE_RPC_SECRET', 'x'))],
    ['the proxy', runner({ proxy: { http: 'http://a:1' }, ...one('http_proxy', 'http://b:1') })],
    ['the name of the Pod', { autoscaler: one('POD_NAME', 'own') }],
  ])('%s, and appears once: server-side apply refuses a name that appears twice', async (_, values) => {
    const containers = containersOf(await helm.rendered(values));
    expect(containers).toHaveLength(3);
    for (const { env = [] } of containers) {
      const names = env.map(({ name }) => name);
      expect(names).toEqual([...new Set(names)]);
    }
    const { name, value } = (Object.values(values)[0] as { extraEnv: [{ name: string; value: string }] })
      .extraEnv[0];
    const given = containers.flatMap(({ env = [] }) => env.filter((variable) => variable.name === name));
    expect(given).toContainEqual({ name, value });
  });

  it('near miss: two of extraEnv keep their order, since the second may refer to the first', async () => {
    const extraEnv = [
      { name: 'B', value: 'b' },
      { name: 'A', value: '$(B)' },
    ];
    const [container] = containersOf(
      await helm.rendered({ autoscaler: { enabled: false }, runner: { extraEnv } }),
    );
    expect(container?.env?.map(({ name }) => name).slice(-2)).toEqual(['B', 'A']);
  });
});

describe('what the chart derives from a setting, it derives from extraEnv too', () => {
  it('ports of Pod and Service', async () => {
    const objects = await helm.rendered({
      runner: one('DRONE_SERVER_PORT', ':3009'),
      autoscaler: one('HANGAR_AUTOSCALER_LISTEN', '0.0.0.0:4000'),
    });
    const ports = containersOf(objects).flatMap(({ ports: own = [] }) =>
      own.map(({ containerPort }) => containerPort),
    );
    expect(ports.sort()).toEqual([3009, 4000]);
    expect(
      ofKind<V1Service>(objects, 'Service')
        .map(({ spec }) => spec?.ports?.[0]?.port)
        .sort(),
    ).toEqual([3009, 4000]);
  });

  it('the Role in the namespace of builds', async () => {
    const objects = await helm.rendered(runner(one('DRONE_NAMESPACE_DEFAULT', 'builds')));
    const pods = ofKind<V1Role>(objects, 'Role').filter(({ metadata }) => metadata?.name?.endsWith('-pods'));
    expect(pods.map(({ metadata }) => metadata?.namespace)).toEqual(['builds']);
  });

  it('the right to read nodes', async () => {
    const roles = async (values: ChartValues) =>
      ofKind<V1ClusterRole>(await helm.rendered(values), 'ClusterRole');
    expect(await roles(runner(one('HANGAR_BUDGET_NODES', 'true')))).toHaveLength(1);
    expect(await roles(runner(one('HANGAR_BUDGET_NODES', 'false')))).toHaveLength(0);
  });
});
