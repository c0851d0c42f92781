import { METADATA_ADDRESSES } from '@hangar/shared/contract/metadata-addresses';
import type {
  KubernetesObject,
  V1ConfigMap,
  V1Deployment,
  V1EnvVar,
  V1LabelSelector,
  V1Namespace,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownLayout } from '../../parts/real/facts.ts';
import { type ChartValues, Helm, ofKind } from './helm.ts';
import { switchesOf } from './switches.ts';

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
      autoscaler: { rbac: { readOnly: true } },
      runner: { config: { DRONE_SERVER_PORT: ':4000' } },
    };
    expect(await defaultsOf('autoscaler', values)).toMatchObject({
      HANGAR_AUTOSCALER_RUNNER_SERVICE: 'ci/hangar-runner:http',
    });
  });
});

type Labels = Readonly<Record<string, string>>;

/** Whether Kubernetes selects a Pod with these labels. */
function selects({ matchLabels = {}, matchExpressions = [] }: V1LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) =>
      operator === 'NotIn' ? !values.includes(labels[key] ?? '') : values.includes(labels[key] ?? ''),
    )
  );
}

/** The label that the runner sets on each Pod of a build, after those of its author. */
const BUILD: Labels = { 'app.kubernetes.io/managed-by': 'hangar-runner' };
const MONITORS = ['--api-versions', 'monitoring.coreos.com/v1/ServiceMonitor'];

interface Peer {
  readonly podSelector?: V1LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Policy extends KubernetesObject {
  readonly spec?: {
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly object[] }[];
    readonly egress?: readonly { readonly to?: readonly Peer[] }[];
  };
}

interface Selecting extends KubernetesObject {
  readonly spec?: {
    readonly selector?: V1LabelSelector & Labels;
    readonly podSelector?: V1LabelSelector;
    readonly template?: { readonly metadata?: { readonly labels?: Labels } };
  };
}
/** What selects the Pods of a program: not the policy of the builds' own Pods. */
function selectorsOf(objects: readonly KubernetesObject[]): readonly V1LabelSelector[] {
  return objects
    .filter(({ metadata }) => metadata?.name !== 'hangar-jobs')
    .flatMap(({ kind, spec = {} }: Selecting) => {
      if (kind === 'Service') return { matchLabels: { ...spec.selector } };
      return spec.selector ?? spec.podSelector ?? [];
    });
}

describe.each(Object.entries(switchesOf({ builds: 'builds', team: 'team' })))('with %s', (_, values) => {
  it('no selector of the chart can match a build: each needs labels that the runner keeps from authors', async () => {
    const objects = await helm.rendered(values, ...MONITORS);
    const selectors = selectorsOf(objects);
    const programs = ofKind<V1Deployment>(objects, 'Deployment');
    const all = programs.map(({ spec }) => spec?.template.metadata?.labels ?? {});
    // An author may copy every label of the programs but those of our own prefix.
    const copied = all.map((labels) => ({
      ...Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith('hangar.dev/'))),
      ...BUILD,
    }));

    expect(selectors.length).toBeGreaterThanOrEqual(2);
    for (const selector of selectors) {
      expect(all.some((labels) => selects(selector, labels)) || all.length === 0).toBe(true);
      for (const labels of copied) expect(selects(selector, labels)).toBe(false);
    }
  });
});

describe('what builds can reach', () => {
  const policies = async (values: ChartValues = {}) =>
    ofKind<Policy>(await helm.rendered(values), 'NetworkPolicy');
  const named = async (name: string, values: ChartValues = {}) =>
    (await policies(values)).find(({ metadata }) => metadata?.name === name)?.spec;

  it.each(['runner', 'autoscaler'])('the %s takes connections of all Pods but builds', async (component) => {
    const spec = await named(`hangar-${component}`);
    const mayEnter = (labels: Labels): boolean =>
      (spec?.ingress ?? []).some(({ from = [] }) =>
        from.some(({ podSelector }) => podSelector && selects(podSelector, labels)),
      );
    expect(JSON.stringify(spec?.ingress)).not.toContain('ipBlock');
    expect([mayEnter(BUILD), mayEnter({ ...BUILD, 'hangar.dev-component': 'autoscaler' })]).toEqual([
      false,
      false,
    ]);
    expect([mayEnter({}), mayEnter({ app: 'prometheus' })]).toEqual([true, true]);
    expect(spec?.ingress?.map(({ ports }) => ports)).toEqual([[{ port: 'http', protocol: 'TCP' }]]);
  });

  it.each(['runner', 'autoscaler'])(
    'the %s takes connections of those in `networkPolicy.from` only, where that is set',
    async (component) => {
      const from = [{ podSelector: { matchLabels: { app: 'prometheus' } } }];
      const spec = await named(`hangar-${component}`, { [component]: { networkPolicy: { from } } });
      expect(spec?.ingress?.map((one) => one.from)).toEqual([from]);
    },
  );

  it('builds call neither the programs nor the metadata addresses, by IPv4 and IPv6, and everything else', async () => {
    const spec = await named('hangar-jobs');
    const peers = (spec?.egress ?? []).flatMap(({ to = [] }) => to);
    const [pods] = peers.flatMap(({ podSelector }) => podSelector ?? []);
    const blocks = peers.flatMap(({ ipBlock }) => ipBlock ?? []);

    expect(spec?.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(spec?.ingress).toBeUndefined();
    expect(selects(pods ?? {}, { 'hangar.dev/component': 'runner' })).toBe(false);
    expect(selects(pods ?? {}, { 'hangar.dev/component': 'autoscaler' })).toBe(false);
    expect(selects(pods ?? {}, { app: 'registry' })).toBe(true);
    expect(blocks).toEqual([
      { cidr: '0.0.0.0/0', except: METADATA_ADDRESSES.filter((cidr) => !cidr.includes(':')) },
      { cidr: '::/0', except: METADATA_ADDRESSES.filter((cidr) => cidr.includes(':')) },
    ]);
    // Those of Azure, Oracle Cloud and EKS Pod Identity too; the DNS cache of a node is not among them.
    expect(METADATA_ADDRESSES).toEqual(
      expect.arrayContaining(['168.63.129.16/32', '192.0.0.192/32', '169.254.170.23/32', 'fd00:ec2::23/128']),
    );
    expect(JSON.stringify(blocks)).not.toContain('169.254.20.10');
  });

  it('near miss: without blocked addresses builds may call all, as before', async () => {
    const spec = await named('hangar-jobs', { jobs: { networkPolicy: { blockedCidrs: [] } } });
    expect([spec?.policyTypes, spec?.egress]).toEqual([['Ingress'], undefined]);
  });

  it('a namespace that the chart makes enforces Pod Security baseline, or the level that is given', async () => {
    const levelOf = async (jobs: object) => {
      const objects = await helm.rendered({ jobs: { namespace: 'b', createNamespace: true, ...jobs } });
      const [namespace] = ofKind<V1Namespace>(objects, 'Namespace');
      return namespace?.metadata?.labels?.['pod-security.kubernetes.io/enforce'];
    };
    expect(await levelOf({})).toBe('baseline');
    expect(await levelOf({ podSecurity: 'restricted' })).toBe('restricted');
    expect(await levelOf({ podSecurity: '' })).toBeUndefined();
  });
});

describe('the environment of the programs', () => {
  const envOf = async (name: string, values: ChartValues): Promise<readonly V1EnvVar[]> => {
    const programs = ofKind<V1Deployment>(await helm.rendered(values), 'Deployment');
    const program = programs.find(({ metadata }) => metadata?.name === `hangar-${name}`);
    return program?.spec?.template.spec?.containers[0]?.env ?? [];
  };

  it('takes the token of /demand for both from one Secret, and from none by default', async () => {
    const values = { runner: { httpToken: { existingSecret: 'token' } } };
    const valueFrom = { secretKeyRef: { name: 'token', key: 'HANGAR_HTTP_TOKEN' } };
    expect(await envOf('runner', values)).toContainEqual({ name: 'HANGAR_HTTP_TOKEN', valueFrom });
    expect(await envOf('autoscaler', values)).toContainEqual({
      name: 'HANGAR_AUTOSCALER_RUNNER_TOKEN',
      valueFrom,
    });
    expect(JSON.stringify(await envOf('runner', {}))).not.toContain('HANGAR_HTTP_TOKEN');
  });

  it('has sessions of tmate off, so that a build cannot ask for one', async () => {
    expect(await envOf('runner', {})).toContainEqual({ name: 'DRONE_TMATE_ENABLED', value: 'false' });
  });
});
