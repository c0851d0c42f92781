import { readdirSync, readFileSync } from 'node:fs';
import { RIGHTS as AUTOSCALER_RIGHTS, type ServiceFeature } from '@hangar/autoscaler/permissions';
import { translateValues } from '@hangar/runner/helm-values';
import { RIGHTS as RUNNER_RIGHTS } from '@hangar/runner/permissions';
import type {
  KubernetesObject,
  V1ConfigMap,
  V1Deployment,
  V1PersistentVolumeClaim,
  V1PodSpec,
  V1Role,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ownLayout } from '../../parts/real/facts.ts';
import { CHART, type ChartValues, Helm, LEAST, laidOver, ofKind } from './helm.ts';
import { switchesOf } from './switches.ts';

let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
});

const SWITCHES = switchesOf({ builds: 'builds', team: 'team' });

const rendered = (values: ChartValues, ...flags: readonly string[]) => helm.rendered(values, ...flags);

interface PrometheusRule extends KubernetesObject {
  readonly spec: {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly alert: string;
        readonly labels: object;
        readonly annotations: object;
      }[];
    }[];
  };
}

const nameOf = ({ kind, metadata }: KubernetesObject): string =>
  `${kind} ${metadata?.namespace ?? ''}/${metadata?.name}`;

interface AnyRule {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
}
const word = ({ group, resource, verb }: AnyRule): string => `${verb} ${resource} ${group}`;

/** Every right of these Roles, one by one. */
const rightsIn = (roles: readonly V1Role[]): readonly string[] => {
  const rules = roles.flatMap((role) => role.rules ?? []);
  const all = rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => word({ group, resource, verb }))),
    ),
  );
  return [...new Set(all)].sort();
};
const words = (rights: readonly AnyRule[]): readonly string[] => [...new Set(rights.map(word))].sort();

describe.each(Object.entries(SWITCHES))('the chart with %s', (_, values) => {
  it('names every object once, and its namespace unless it has none', async () => {
    const objects = await rendered(values);
    const names = objects.map(nameOf);
    expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
    const without = objects.filter((one) => one.metadata?.namespace === undefined).map((one) => one.kind);
    expect(
      without.filter(
        (kind) =>
          !/^(ClusterRole|ClusterRoleBinding|Namespace|PriorityClass|ValidatingAdmissionPolicy(Binding)?)$/.test(
            kind ?? '',
          ),
      ),
    ).toEqual([]);
  });

  it('runs nothing that Pod Security "restricted" would refuse', async () => {
    const objects = await rendered(values);
    const pods: readonly (V1PodSpec | undefined)[] = [
      ...ofKind<V1Deployment>(objects, 'Deployment').map((one) => one.spec?.template.spec),
      ...ofKind<KubernetesObject & { spec: V1PodSpec }>(objects, 'Pod').map((one) => one.spec),
    ];
    expect(pods.length).toBeGreaterThan(0);
    for (const pod of pods) {
      expect(pod?.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const one of pod?.containers ?? [])
        expect(one.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
        });
    }
  });
});

describe('rights', () => {
  it('are namespaced by default', async () => {
    const objects = await rendered({});
    expect(ofKind(objects, 'ClusterRole')).toEqual([]);
    expect(ofKind(objects, 'Role').map(nameOf)).toEqual(
      expect.arrayContaining(['Role ci/hangar-runner-pods', 'Role ci/hangar-runner-lease']),
    );
  });

  it('of the runner are those that its code uses, in each namespace of Pods', async () => {
    const objects = await rendered({ jobs: { namespace: 'builds', otherNamespaces: ['team'] } });
    const roles = ofKind<V1Role>(objects, 'Role').filter((one) => one.metadata?.name?.includes('runner'));
    const places = roles.map((one) => one.metadata?.namespace);
    expect(places.sort()).toEqual(['builds', 'ci', 'team']);
    for (const namespace of ['builds', 'team'])
      expect(rightsIn(roles.filter((one) => one.metadata?.namespace === namespace))).toEqual(
        words(RUNNER_RIGHTS.filter(({ where }) => where === 'pods')),
      );
    expect(rightsIn(roles.filter((one) => one.metadata?.namespace === 'ci'))).toEqual(
      words(RUNNER_RIGHTS.filter(({ where }) => where === 'lease')),
    );
  });

  it('in the whole cluster for fresh namespaces, and none in a namespace called drone-', async () => {
    const objects = await rendered({ jobs: { namespace: 'drone-' } });
    expect(rightsIn(ofKind<V1Role>(objects, 'ClusterRole'))).toEqual(
      words(RUNNER_RIGHTS.filter(({ where }) => where === 'pods' || where === 'cluster')),
    );
    expect(objects.filter((one) => one.metadata?.namespace === 'drone-')).toEqual([]);
  });

  it.each([...new Set(AUTOSCALER_RIGHTS.map(({ feature }) => feature))])(
    'of the autoscaler for %s come and go with their own switch',
    async (feature: ServiceFeature) => {
      const name = feature.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      // Rights over objects are for those that are named.
      const config = { HANGAR_AUTOSCALER_ACTUATORS: 'a=capacity-buffer:ci/a*3,b=placeholder:ci/b' };
      const with_ = await rendered({ autoscaler: { config, rbac: { runnerService: false, [name]: true } } });
      const without = await rendered({ autoscaler: { rbac: { runnerService: false } } });
      const of = (objects: readonly KubernetesObject[]) =>
        rightsIn(
          ['Role', 'ClusterRole'].flatMap((kind) =>
            ofKind<V1Role>(objects, kind).filter((one) => one.metadata?.name?.includes('autoscaler')),
          ),
        );
      expect(of(with_)).toEqual(words(AUTOSCALER_RIGHTS.filter((right) => right.feature === feature)));
      expect(of(without)).toEqual([]);
    },
  );
});

describe('settings', () => {
  const runnerEnv = async (config: ChartValues): Promise<Readonly<Record<string, string | undefined>>> => {
    const [deployment] = ofKind<V1Deployment>(await rendered({ runner: { config } }), 'Deployment').filter(
      (one) => one.metadata?.name === 'hangar-runner',
    );
    const env = deployment?.spec?.template.spec?.containers[0]?.env ?? [];
    return Object.fromEntries(env.map(({ name, value }) => [name, value]));
  };

  it.each<[string, ChartValues, string]>([
    ['a list', { DRONE_LIMIT_EVENTS: ['push', 'tag'] }, 'push,tag'],
    ['a map', { DRONE_RUNNER_LABELS: { zone: 'a', arm: true } }, 'arm:true,zone:a'],
    ['a large number, not as 5.24288e+06', { HANGAR_LOG_LIMIT: 5_242_880 }, '5242880'],
    ['a number with a fraction', { DRONE_KUBE_CLIENT_QPS: 7.5 }, '7.5'],
    ['a number as text', { DRONE_RUNNER_CAPACITY: '10' }, '10'],
    ['yes', { DRONE_DEBUG: true }, 'true'],
    ['the bare word off, which YAML reads as false', { HANGAR_HARDENING: false }, 'off'],
  ])('%s becomes the text that the program reads', async (_, config, want) => {
    expect((await runnerEnv(config))[Object.keys(config)[0] ?? '']).toBe(want);
  });

  it('the runner gets the name of its Pod, by which others and its next process recognize it', async () => {
    const [deployment] = ofKind<V1Deployment>(await rendered({}), 'Deployment').filter(
      (one) => one.metadata?.name === 'hangar-runner',
    );
    expect(deployment?.spec?.template.spec?.containers[0]?.env).toEqual(
      expect.arrayContaining([
        { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
      ]),
    );
  });

  it('hardening is on by default', async () => {
    expect(await runnerEnv({})).toMatchObject({ HANGAR_HARDENING: 'restricted' });
  });

  it('forks may choose nothing by default, and ordinary repositories the namespaces that the chart gives rights in', async () => {
    expect(await runnerEnv({})).toMatchObject({ HANGAR_UNTRUSTED_SERVICE_ACCOUNTS: 'none' });
    const defaults = async (values: ChartValues) =>
      ofKind<V1ConfigMap>(await rendered(values), 'ConfigMap').find(
        (one) => one.metadata?.name === 'hangar-runner-defaults',
      )?.data;
    expect(await defaults({})).toMatchObject({ HANGAR_UNTRUSTED_NAMESPACES: 'fork:none,ordinary:none' });
    expect(await defaults({ jobs: { otherNamespaces: ['prod', 'staging'] } })).toMatchObject({
      HANGAR_UNTRUSTED_NAMESPACES: 'fork:none,ordinary:prod staging',
    });
  });

  it('the variables set by the chart are overridden by those of the former chart', async () => {
    const [deployment] = ofKind<V1Deployment>(
      await rendered({ runner: { envFrom: [{ configMapRef: { name: 'old' } }] } }),
      'Deployment',
    ).filter((one) => one.metadata?.name === 'hangar-runner');
    expect(deployment?.spec?.template.spec?.containers[0]?.envFrom).toEqual([
      { configMapRef: { name: 'hangar-runner-defaults' } },
      { configMapRef: { name: 'old' } },
    ]);
  });
});

describe('values as people write them', () => {
  it('numbers and switches in extraEnv become texts, and sources stay as they are', async () => {
    const valueFrom = { fieldRef: { fieldPath: 'spec.nodeName' } };
    const extraEnv = [
      { name: 'DEPTH', value: 5 },
      { name: 'TRACE', value: true },
      { name: 'NODE', valueFrom },
    ];
    const objects = await rendered({ runner: { extraEnv } });
    const [deployment] = ofKind<V1Deployment>(objects, 'Deployment').filter(
      (one) => one.metadata?.name === 'hangar-runner',
    );
    expect(deployment?.spec?.template.spec?.containers[0]?.env?.slice(-3)).toEqual([
      { name: 'DEPTH', value: '5' },
      { name: 'TRACE', value: 'true' },
      { name: 'NODE', valueFrom },
    ]);
  });

  it.each<[string, string | undefined]>([
    ['', undefined],
    ['-', ''],
    ['fast', 'fast'],
  ])('the storage class %j is %j in the claim', async (storageClass, want) => {
    const objects = await rendered({ autoscaler: { persistence: { storageClass } } });
    const [claim] = ofKind<V1PersistentVolumeClaim>(objects, 'PersistentVolumeClaim');
    expect(claim?.spec?.storageClassName).toBe(want);
  });

  it.each<[boolean, string[]]>([
    [true, ['PodMonitor', 'PrometheusRule', 'ServiceMonitor']],
    [false, []],
  ])('monitoring objects: %s is as good as always or never', async (given, want) => {
    const monitoring = { serviceMonitors: given, podMonitors: given, rules: given };
    const kinds = (await rendered({ monitoring })).map(({ kind = '' }) => kind);
    expect([...new Set(kinds.filter((kind) => /Monitor|Rule/.test(kind)))].sort()).toEqual(want);
  });
});

describe('monitoring', () => {
  const MONITORS = ['--api-versions', 'monitoring.coreos.com/v1/ServiceMonitor'];

  it('has ServiceMonitors where the cluster knows them, and none where it does not', async () => {
    expect(
      ofKind(await rendered({}, ...MONITORS), 'ServiceMonitor')
        .map(nameOf)
        .sort(),
    ).toEqual(['ServiceMonitor ci/hangar-autoscaler', 'ServiceMonitor ci/hangar-runner']);
    expect(ofKind(await rendered({}), 'ServiceMonitor')).toEqual([]);
  });

  const rulesOf = async (runbookUrl: string) =>
    ofKind<PrometheusRule>(
      await rendered(
        { monitoring: { runbookUrl } },
        '--api-versions',
        'monitoring.coreos.com/v1/PrometheusRule',
      ),
      'PrometheusRule',
    );
  const fileOf = (component: string): unknown =>
    parse(readFileSync(`${CHART}/rules/hangar-${component}.yaml`, 'utf8'));

  it('has the rules of the files, which name their runbooks', async () => {
    const [autoscaler, runner] = (await rulesOf('')).map(({ spec }) => spec as unknown);
    expect([autoscaler, runner]).toEqual([fileOf('autoscaler'), fileOf('runner')]);
  });

  it.each(['https://git.acme.test/runbooks', 'https://git.acme.test/runbooks/'])(
    'links to runbooks at %s, and changes nothing else',
    async (url) => {
      for (const { spec } of await rulesOf(url))
        for (const { alert, annotations } of spec.groups.flatMap(({ rules }) => rules))
          expect(annotations).toMatchObject({
            runbook: `docs/runbooks/${alert}.md`,
            runbook_url: `https://git.acme.test/runbooks/${alert}.md`,
          });
    },
  );

  it('changes single alerts, and no others', async () => {
    const overrides = {
      HangarLogsLate: { enabled: false },
      HangarStagesWaitTooLong: { threshold: 900, for: '30m', severity: 'critical', labels: { pager: 1 } },
    };
    const values = { monitoring: { rules: 'always', alerts: { labels: { team: 'ci' }, overrides } } };
    const [changed] = ofKind<PrometheusRule>(await rendered(values), 'PrometheusRule').flatMap(
      ({ spec, metadata }) =>
        metadata?.name === 'hangar-runner' ? [spec.groups.flatMap(({ rules }) => rules)] : [],
    );
    const [, plain] = (await rulesOf('')).map(({ spec }) => spec.groups.flatMap(({ rules }) => rules));
    const others = plain?.filter(({ alert }) => !Object.hasOwn(overrides, alert)) ?? [];
    const withTeam = others.map((rule) => ({ ...rule, labels: { ...rule.labels, team: 'ci' } }));
    expect(changed?.filter(({ alert }) => !Object.hasOwn(overrides, alert))).toEqual(withTeam);
    expect(changed?.map(({ alert }) => alert)).not.toContain('HangarLogsLate');
    expect(changed?.find(({ alert }) => alert === 'HangarStagesWaitTooLong')).toMatchObject({
      for: '30m',
      labels: { severity: 'critical', pager: '1', team: 'ci' },
      expr: expect.stringMatching(/> 0\nand[^]*> 900\)$/) as string,
    });
  });

  it('has none where they are disabled', async () => {
    expect(
      ofKind(await rendered({ monitoring: { serviceMonitors: 'never' } }, ...MONITORS), 'ServiceMonitor'),
    ).toEqual([]);
  });
});

describe('dashboards', () => {
  const boards = async (values: ChartValues) =>
    ofKind<V1ConfigMap>(await rendered(values), 'ConfigMap').filter(
      ({ metadata }) => metadata?.labels?.['grafana_dashboard'] === '1',
    );

  it('are ConfigMaps that hold the very files, with the label that the sidecar looks for', async () => {
    const files = readdirSync(`${CHART}/dashboards`).sort();
    const data = (await boards({})).flatMap((one) => Object.entries(one.data ?? {}));
    expect(data.map(([name]) => name).sort()).toEqual(files);
    for (const [name, text] of data)
      expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(`${CHART}/dashboards/${name}`, 'utf8')));
  });

  it.each([
    ['the capacity board without the autoscaler', { autoscaler: { enabled: false } }, ['hangar-runner.json']],
    [
      'the runner board without the runner',
      { runner: { enabled: false }, autoscaler: { rbac: { readOnly: true } } },
      ['hangar-capacity.json'],
    ],
  ])('leave out %s', async (_, values, want) => {
    const names = (await boards(values)).flatMap((one) => Object.keys(one.data ?? {}));
    expect(names).toEqual(want);
  });

  it('are none where they are disabled', async () => {
    expect(await boards({ monitoring: { dashboards: { enabled: false } } })).toEqual([]);
  });
});

describe('the notes', () => {
  const notes = async (values: ChartValues): Promise<string> => {
    const text = await helm.run(
      ['install', 'hangar', CHART, '-n', 'ci', '--dry-run=client'],
      laidOver(LEAST, values),
    );
    return text.split('\nNOTES:\n')[1] ?? '';
  };

  it('name the command that checks settings, server and permissions in the Pod', async () => {
    const command = 'kubectl exec -n ci deployment/hangar-runner -- hangar-runner doctor';
    expect(await notes({})).toContain(command);
    const alone = { runner: { enabled: false }, autoscaler: { rbac: { readOnly: true } } };
    expect(await notes(alone)).not.toContain('doctor');
  });

  it('name each rule that is open to untrusted pipelines; by default there is none', async () => {
    expect(await notes({})).not.toContain('Open to untrusted');
    const opened = { HANGAR_UNTRUSTED_ROOT: 'any', HANGAR_UNTRUSTED_NODES: 'fork:none,ordinary:any' };
    expect(await notes({ runner: { config: opened } })).toContain(
      'Open to untrusted pipelines (docs/security.md): HANGAR_UNTRUSTED_NODES, HANGAR_UNTRUSTED_ROOT.',
    );
  });
});

describe("values of the previous runner's chart", () => {
  const OLD = {
    replicaCount: 2,
    image: { repository: 'drone/drone-runner-kube', tag: '1.0.0' },
    env: {
      DRONE_RPC_HOST: 'drone.acme.test',
      DRONE_RPC_SECRET: 'shared',
      DRONE_NAMESPACE_DEFAULT: 'builds',
      DRONE_RUNNER_CAPACITY: '20',
      DRONE_TMATE_ENABLED: 'T',
      DRONE_RUNNER_ENVIRON: 'A:1',
    },
    rbac: { buildNamespaces: ['builds'] },
    extraSecretNamesForEnvFrom: ['more'],
  };

  it('are refused with the command that translates them', async () => {
    await expect(rendered(OLD)).rejects.toThrow(
      /env, replicaCount, rbac, extraSecretNamesForEnvFrom, image\.repository, image\.tag: .*doctor --helm-values/,
    );
  });

  it.each(['repository', 'tag'])('image.%s alone is refused, and image.registry is not', async (name) => {
    await expect(rendered({ image: { [name]: 'x' } })).rejects.toThrow(
      `image.${name}: not a value of this chart. Each program has values of its own`,
    );
    await expect(rendered({ image: { registry: 'x' } })).resolves.not.toEqual([]);
  });

  /** The objects of the translated values, and the runner's container. */
  async function translated() {
    const { values } = translateValues(JSON.stringify(OLD));
    const registry = { image: { registry: 'registry.acme.test' } };
    const text = await helm.run(
      ['template', 'hangar', CHART, '-n', 'ci'],
      laidOver(parse(values) as ChartValues, registry),
    );
    const objects = parseAllDocuments(text).map((one) => one.toJS() as KubernetesObject);
    const [runner] = ofKind<V1Deployment>(objects, 'Deployment');
    return { objects, runner, container: runner?.spec?.template.spec?.containers[0] };
  }

  it('are accepted when they are translated, and give the runner the same variables', async () => {
    const { objects, runner, container } = await translated();
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    const { DRONE_NAMESPACE_DEFAULT, ...rest } = OLD.env;

    expect(env).toMatchObject({ ...rest, DRONE_TMATE_ENABLED: 'true', HANGAR_HARDENING: 'off' });
    expect(container?.envFrom).toContainEqual({ secretRef: { name: 'more' } });
    const [defaults] = ofKind<V1ConfigMap>(objects, 'ConfigMap').filter(({ metadata }) =>
      metadata?.name?.endsWith('runner-defaults'),
    );
    expect(defaults?.data).toMatchObject({ DRONE_NAMESPACE_DEFAULT });
    expect(defaults?.data).not.toHaveProperty('DRONE_SERVICE_ACCOUNT_DEFAULT');
    expect(runner?.spec?.replicas).toBe(2);
    expect(JSON.stringify(objects)).not.toContain('drone-runner-kube');
  });
});

describe('images', () => {
  const images = async (values: ChartValues): Promise<readonly (string | undefined)[]> =>
    ofKind<V1Deployment>(await rendered(values), 'Deployment').flatMap(({ spec }) =>
      (spec?.template.spec?.containers ?? []).map(({ image }) => image?.replace(/:[^:/]*$/, '')),
    );
  const both = (image: object): ChartValues => ({
    image: { registry: '' },
    runner: { image, gateImage: image },
    autoscaler: { image },
  });

  it('come from the registry of all, that of one image, or a full name', async () => {
    expect(await images({})).toEqual([
      'registry.acme.test/ci/hangar-autoscaler',
      'registry.acme.test/ci/hangar-runner',
    ]);
    expect(await images({ runner: { image: { registry: 'own.test:5000/' } } })).toContain(
      'own.test:5000/hangar-runner',
    );
    expect(await images(both({ repository: 'quay.io/acme/own' }))).toEqual(Array(2).fill('quay.io/acme/own'));
    expect(await images(both({ registry: 'own.test' }))).toContain('own.test/hangar-runner');
  });

  it.each(['hangar/runner', 'acme/ci/hangar-runner'])(
    'need a registry for %s, which a node would look for at Docker Hub',
    async (repository) => {
      await expect(images(both({ repository }))).rejects.toThrow('image.registry is not set');
    },
  );

  it('of the gate need none where HANGAR_GATE_IMAGE is set, if only to nothing: the runner derives it', async () => {
    const runner = { image: { repository: 'quay.io/acme/own' }, config: { HANGAR_GATE_IMAGE: '' } };
    const values = { image: { registry: '' }, runner, autoscaler: { enabled: false } };
    expect(await images(values)).toEqual(['quay.io/acme/own']);
    const needy = { ...values, runner: { ...runner, config: {} } };
    await expect(images(needy)).rejects.toThrow('image.registry is not set');
  });

  it('of a program that is off need none', async () => {
    const full = { repository: 'quay.io/acme/own' };
    const values = { ...both(full), autoscaler: { enabled: false } };
    expect(await images(values)).toEqual(['quay.io/acme/own']);
  });
});

describe('probes', () => {
  it.each(['livenessProbe', 'readinessProbe', 'startupProbe'])('%s is removed by null', async (probe) => {
    const containers = (values: ChartValues) =>
      rendered(values).then((objects) =>
        ofKind<V1Deployment>(objects, 'Deployment').map((one) => one.spec?.template.spec?.containers[0]),
      );
    const [, runner] = await containers({ runner: { [probe]: null } });
    expect(runner).not.toHaveProperty(probe);
    const [autoscaler] = await containers({ runner: { [probe]: null } });
    expect(autoscaler).toHaveProperty(`${probe}.httpGet.port`, 'http');
  });
});

describe('invalid values are reported in one line', () => {
  const runner = (one: object): ChartValues => ({ runner: one });
  it.each<[string, ChartValues, RegExp]>([
    ['an unknown key', runner({ replica: 2 }), /at '\/runner': additional properties 'replica' not allowed/],
    [
      'an unknown setting',
      runner({ config: { DRONE_RUNER_CAPACITY: 1 } }),
      /at '\/runner\/config'.*DRONE_RUNER_CAPACITY/,
    ],
    ['a wrong type', runner({ replicas: 'two' }), /at '\/runner\/replicas': got string, want integer/],
    [
      'a wrong setting',
      runner({ config: { DRONE_RUNNER_CAPACITY: 'many' } }),
      /at '\/runner\/config\/DRONE_RUNNER_CAPACITY'/,
    ],
    ['a number out of bounds', runner({ config: { HANGAR_BUDGET_PODS: 0 } }), /HANGAR_BUDGET_PODS': minimum/],
    [
      'an unknown word',
      runner({ config: { HANGAR_HARDENING: 'very' } }),
      /HANGAR_HARDENING': value must be one of/,
    ],
    [
      'a secret in plain sight',
      runner({ config: { DRONE_RPC_SECRET: 'x' } }),
      /runner\.config\.DRONE_RPC_SECRET is a secret\. Put it into a Secret/,
    ],
    [
      'no server',
      runner({ config: { DRONE_RPC_HOST: '' } }),
      /runner\.config\.DRONE_RPC_HOST is not set\. Set it/,
    ],
    [
      'no secret',
      runner({ rpcSecret: { existingSecret: '' } }),
      /runner\.rpcSecret\.existingSecret is not set\. Make one/,
    ],
    [
      'two namespaces for one',
      { jobs: { namespace: 'a' }, runner: { config: { DRONE_NAMESPACE_DEFAULT: 'b' } } },
      /jobs\.namespace is a and DRONE_NAMESPACE_DEFAULT of the runner is b/,
    ],
    [
      'no registry',
      { image: { registry: '' } },
      /image\.registry is not set, and no images of Hangar are published yet\. Build them.*docs\/images\.md/,
    ],
    ['replicaCount', runner({ replicaCount: 2 }), /runner\.replicaCount was renamed to runner\.replicas/],
    [
      'a former name',
      { autoscaler: { rbac: { look: true } } },
      /autoscaler\.rbac\.look was renamed to autoscaler\.rbac\.readOnly/,
    ],
    [
      'an Ingress without hosts',
      runner({ ingress: { enabled: true } }),
      /runner\.ingress\.hosts is empty\. Name at least one host/,
    ],
    [
      'an HTTPRoute without a Gateway',
      { autoscaler: { httpRoute: { enabled: true } } },
      /autoscaler\.httpRoute\.parentRefs is empty\. Name the Gateway/,
    ],
    [
      'an unknown alert',
      { monitoring: { alerts: { overrides: { HangarLogLate: {} } } } },
      /overrides': additional properties 'HangarLogLate' not allowed/,
    ],
    [
      'a threshold of an alert that has none',
      { monitoring: { alerts: { overrides: { HangarRunnerDown: { threshold: 1 } } } } },
      /HangarRunnerDown': additional properties 'threshold' not allowed/,
    ],
    [
      'a name that no object may have',
      { fullnameOverride: 'My.Release' },
      /at '\/fullnameOverride': 'My\.Release' does not match pattern/,
    ],
    [
      'a variable whose name YAML reads as a switch',
      runner({ extraEnv: [{ name: false, value: 'n' }] }),
      /at '\/runner\/extraEnv\/0\/name': got boolean, want string/,
    ],
    [
      'two sources of certificate authorities',
      { certificateAuthorities: { configMap: 'a', secret: 'b' } },
      /certificateAuthorities\.configMap and certificateAuthorities\.secret are both set\. Set one of them/,
    ],
    ['one volume for two', { autoscaler: { replicas: 2 } }, /Set autoscaler\.persistence\.enabled to false/],
    [
      'nobody to learn from',
      runner({ enabled: false }),
      /set autoscaler\.rbac\.readOnly=true.*or name runners in autoscaler\.config/,
    ],
  ])('%s', async (_, values, want) => {
    const { exitCode, stderr } = await helm.attempt(['template', 'hangar', CHART], laidOver(LEAST, values));
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(want);
  });
});
