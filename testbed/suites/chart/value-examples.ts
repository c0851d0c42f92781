import type { ChartValues } from './helm.ts';

/** A value of the chart set to something else, and a line of the objects that only then is there. */
export interface ValueExample {
  readonly set: unknown;
  /** Part of a rendered line. */
  readonly shows: string;
  /** What has to be set too for the value to have an effect. */
  readonly given?: ChartValues;
  /** The lines that must be gone instead, for values that only remove. */
  readonly removes?: string;
}

type Examples = Readonly<Record<string, ValueExample>>;
type Program = 'runner' | 'autoscaler';

const added = (set: unknown, shows: string, given?: ChartValues): ValueExample =>
  given === undefined ? { set, shows } : { set, shows, given };
const removed = (set: unknown, removes: string, given?: ChartValues): ValueExample =>
  given === undefined ? { set, shows: '', removes } : { set, shows: '', removes, given };

const below = (name: Program, examples: Examples): Examples =>
  Object.fromEntries(Object.entries(examples).map(([path, example]) => [`${name}.${path}`, example]));

const VOLUME = [{ name: 'files', emptyDir: {} }];
const MOUNT = [{ name: 'files', mountPath: '/files' }];
const DIGEST = `sha256:${'0'.repeat(64)}`;

const podExamples = (name: Program): Examples => ({
  'image.repository': added('quay.io/acme/own', 'image: "quay.io/acme/own:'),
  'image.registry': added('own.acme.test', `image: "own.acme.test/hangar-${name}:`),
  'image.tag': added('9.9.9', `/hangar-${name}:9.9.9"`),
  'image.digest': added(DIGEST, `/hangar-${name}@${DIGEST}"`),
  envFrom: added([{ configMapRef: { name: 'old' } }], 'name: old'),
  extraEnv: added([{ name: 'EXTRA', value: 'x' }], 'name: EXTRA'),
  extraVolumes: added(VOLUME, 'name: files'),
  extraVolumeMounts: added(MOUNT, 'mountPath: /files'),
  extraArgs: added(['--verbose'], '"--verbose"'),
  resources: added({ limits: { memory: '7Gi' } }, 'memory: 7Gi'),
  podLabels: added({ tier: 1 }, '"tier": "1"'),
  podAnnotations: added({ 'prometheus.io/scrape': true }, '"prometheus.io/scrape": "true"'),
  deploymentAnnotations: added({ reload: true }, '"reload": "true"'),
  podSecurityContext: added({ runAsUser: 20_001 }, 'runAsUser: 20001'),
  securityContext: added({ readOnlyRootFilesystem: false }, 'readOnlyRootFilesystem: false'),
  nodeSelector: added({ arm: true }, '"arm": "true"'),
  tolerations: added([{ key: 'ci', operator: 'Exists' }], 'key: ci'),
  affinity: added({ podAntiAffinity: {} }, 'podAntiAffinity: {}'),
  topologySpreadConstraints: removed([], 'topologyKey: kubernetes.io/hostname', {
    [name === 'runner' ? 'autoscaler' : 'runner']: { topologySpreadConstraints: [] },
  }),
  priorityClassName: added('high', 'priorityClassName: high'),
  runtimeClassName: added('gvisor', 'runtimeClassName: gvisor'),
  hostAliases: added([{ ip: '192.0.2.7', hostnames: ['a'] }], 'ip: 192.0.2.7'),
  dnsPolicy: added('Default', 'dnsPolicy: Default'),
  dnsConfig: added({ nameservers: ['192.0.2.53'] }, '- 192.0.2.53'),
  terminationGracePeriodSeconds: added(77, 'terminationGracePeriodSeconds: 77'),
  initContainers: added([{ name: 'first', image: 'a' }], 'name: first'),
  extraContainers: added([{ name: 'beside', image: 'a' }], 'name: beside'),
  livenessProbe: added({ periodSeconds: 91 }, 'periodSeconds: 91'),
  readinessProbe: added({ periodSeconds: 92 }, 'periodSeconds: 92'),
  startupProbe: added({ periodSeconds: 93 }, 'periodSeconds: 93'),
});

const objectExamples = (name: Program): Examples => ({
  enabled: removed(false, `name: hangar-${name}-defaults`, {
    autoscaler: { rbac: { readOnly: true } },
  }),
  strategy: added({ type: 'OnDelete' }, 'type: OnDelete'),
  revisionHistoryLimit: added(17, 'revisionHistoryLimit: 17'),
  'podDisruptionBudget.enabled': removed(false, 'kind: PodDisruptionBudget', {
    [name === 'runner' ? 'autoscaler' : 'runner']: { podDisruptionBudget: { enabled: false } },
  }),
  'podDisruptionBudget.maxUnavailable': added('50%', 'maxUnavailable: 50%'),
  'podDisruptionBudget.unhealthyPodEvictionPolicy': added(
    'AlwaysAllow',
    'unhealthyPodEvictionPolicy: AlwaysAllow',
  ),
  'serviceAccount.create': added(false, 'serviceAccountName: default'),
  'serviceAccount.name': added('own', 'serviceAccountName: own'),
  'serviceAccount.annotations': added({ role: 'own' }, '"role": "own"'),
  'serviceAccount.labels': added({ owner: 'ci' }, '"owner": "ci"'),
  'serviceAccount.automountServiceAccountToken': removed(false, 'automountServiceAccountToken: true', {
    [name === 'runner' ? 'autoscaler' : 'runner']: {
      serviceAccount: { automountServiceAccountToken: false },
    },
  }),
  'rbac.create': removed(false, `name: hangar-${name}-${name === 'runner' ? 'lease' : 'nothing'}`),
  'service.annotations': added({ zone: 'a' }, '"zone": "a"'),
  'service.labels': added({ scrape: true }, '"scrape": "true"'),
  'service.type': added('NodePort', 'type: NodePort'),
  'service.port': added(8080, 'port: 8080, targetPort: http'),
  'service.ipFamilyPolicy': added('PreferDualStack', 'ipFamilyPolicy: PreferDualStack'),
  'service.ipFamilies': added(['IPv6', 'IPv4'], 'ipFamilies: ["IPv6","IPv4"]'),
  'networkPolicy.enabled': removed(false, '- { port: http, protocol: TCP }', {
    [name === 'runner' ? 'autoscaler' : 'runner']: { networkPolicy: { enabled: false } },
  }),
  'networkPolicy.from': added([{ podSelector: { matchLabels: { a: 'b' } } }], 'a: b'),
  'networkPolicy.egress': added([{ ports: [{ port: 5353 }] }], 'port: 5353'),
});

const routeExamples = (name: Program): Examples => {
  const ingress = { enabled: true, hosts: ['hangar.acme.test'] };
  const route = { enabled: true, parentRefs: [{ name: 'public' }] };
  const withIngress = { [name]: { ingress } };
  const withRoute = { [name]: { httpRoute: route } };
  return {
    'ingress.enabled': added(true, 'kind: Ingress', { [name]: { ingress: { hosts: ['a.test'] } } }),
    'ingress.className': added('nginx', 'ingressClassName: nginx', withIngress),
    'ingress.annotations': added({ size: 5 }, '"size": "5"', withIngress),
    'ingress.hosts': added(['other.acme.test'], '- host: "other.acme.test"', withIngress),
    'ingress.path': added('/ci', 'path: /ci', withIngress),
    'ingress.pathType': added('Exact', 'pathType: Exact', withIngress),
    'ingress.tls': added([{ secretName: 'tls', hosts: ['a'] }], 'secretName: tls', withIngress),
    'httpRoute.enabled': added(true, 'kind: HTTPRoute', {
      [name]: { httpRoute: { parentRefs: [{ name: 'public' }] } },
    }),
    'httpRoute.parentRefs': added([{ name: 'inner' }], '- name: inner', withRoute),
    'httpRoute.hostnames': added(['ci.acme.test'], '- ci.acme.test', withRoute),
    'httpRoute.annotations': added({ size: 6 }, '"size": "6"', withRoute),
    'httpRoute.filters': added(
      [{ type: 'ExtensionRef', extensionRef: { group: 'acme.test', kind: 'Login', name: 'login' } }],
      'type: ExtensionRef',
      withRoute,
    ),
  };
};

const programExamples = (name: Program): Examples =>
  below(name, { ...podExamples(name), ...objectExamples(name), ...routeExamples(name) });

const COMMON: Examples = {
  nameOverride: added('wharf', '"app.kubernetes.io/name": "wharf"'),
  fullnameOverride: added('wharf', 'name: wharf-runner'),
  commonLabels: added({ cost: 4711 }, '"cost": "4711"'),
  'image.registry': added('other.acme.test/', 'image: "other.acme.test/hangar-runner:'),
  'image.pullPolicy': added('Always', 'imagePullPolicy: Always'),
  'image.pullSecrets': added([{ name: 'as-object' }, 'as-text'], '- name: as-object'),
  'certificateAuthorities.configMap': added('own-ca', 'configMap: { name: own-ca }'),
  'certificateAuthorities.secret': added('own-ca', 'secret: { secretName: own-ca }'),
  'certificateAuthorities.key': added('all.pem', '/certificate-authorities/all.pem', {
    certificateAuthorities: { configMap: 'own-ca' },
  }),
  extraObjects: added(
    [
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: '{{ .Release.Name }}-more', namespace: '{{ .Release.Namespace }}' },
      },
    ],
    'hangar-more',
  ),
  'test.image': added('busybox:9', 'image: busybox:9'),
  'test.resources': added({ limits: { memory: '9Mi' } }, 'memory: 9Mi'),
};

const RUNNER: Examples = below('runner', {
  config: added({ DRONE_RUNNER_NAME: 'own' }, 'name: DRONE_RUNNER_NAME'),
  'gateImage.repository': added('quay.io/acme/gate', 'HANGAR_GATE_IMAGE: "quay.io/acme/gate:'),
  'gateImage.registry': added('gates.acme.test', 'HANGAR_GATE_IMAGE: "gates.acme.test/hangar-gate:'),
  'gateImage.tag': added('7', '/hangar-gate:7"'),
  'gateImage.digest': added(DIGEST, `/hangar-gate@${DIGEST}"`),
  replicas: added(5, 'replicas: 5'),
  'rpcSecret.existingSecret': added('other', 'name: other'),
  'rpcSecret.key': added('other-key', 'key: other-key'),
  'httpToken.existingSecret': added('token', 'name: HANGAR_AUTOSCALER_RUNNER_TOKEN'),
  'httpToken.key': added('other-key', 'key: other-key', {
    runner: { httpToken: { existingSecret: 'token' } },
  }),
  'proxy.http': added('http://proxy:3128', 'name: http_proxy'),
  'proxy.https': added('http://proxy:3128', 'name: https_proxy'),
  'proxy.exceptions': added(['10.0.0.0/8', 'acme.test'], 'value: 10.0.0.0/8,acme.test'),
});

const CAPACITY = { HANGAR_AUTOSCALER_ACTUATORS: 'a=capacity-buffer:ci/a*3,b=placeholder:ci/b' };

const AUTOSCALER: Examples = below('autoscaler', {
  config: added({ HANGAR_AUTOSCALER_MAX_NODES: 40 }, 'name: HANGAR_AUTOSCALER_MAX_NODES'),
  replicas: added(3, 'replicas: 3', { autoscaler: { persistence: { enabled: false } } }),
  'persistence.enabled': removed(false, 'kind: PersistentVolumeClaim'),
  'persistence.existingClaim': added('learned', 'claimName: learned'),
  'persistence.size': added('3Gi', 'storage: 3Gi'),
  'persistence.storageClass': added('fast', 'storageClassName: "fast"'),
  placeholders: added([{ name: 'room', pool: 'b', requests: { cpu: 3 } }], 'kind: PriorityClass'),
  placeholderImage: added('pause:9', 'image: "pause:9"', {
    autoscaler: { placeholders: [{ name: 'room', pool: 'b', requests: { cpu: 3 } }] },
  }),
  nodePatchPolicy: added(true, 'kind: ValidatingAdmissionPolicy'),
  // Without any, a Role would be empty: it is left out.
  'rbac.create': removed(false, 'name: ci-hangar-autoscaler', {
    autoscaler: { rbac: { readOnly: true } },
  }),
  'rbac.readOnly': added(true, 'resources: [daemonsets]'),
  'rbac.runnerService': removed(false, 'resources: [endpointslices]'),
  'rbac.advise': added(true, 'resources: [resourcequotas]'),
  'rbac.lead': added(true, 'resources: [leases], verbs: [get, create, patch]'),
  'rbac.place': added(true, 'resources: [nodes], verbs: [get, patch]'),
  'rbac.events': added(true, 'resources: [events], verbs: [create]'),
  'rbac.capacityBuffer': added(true, '- capacitybuffers', { autoscaler: { config: CAPACITY } }),
  'rbac.placeholder': added(true, '- deployments/scale', { autoscaler: { config: CAPACITY } }),
  'rbac.nodePool': added(true, 'resources: [nodeclaims]'),
  'rbac.objectNamespaces': added(['elsewhere'], 'namespace: elsewhere', {
    autoscaler: {
      config: { HANGAR_AUTOSCALER_ACTUATORS: 'a=capacity-buffer:elsewhere/a*3' },
      rbac: { capacityBuffer: true },
    },
  }),
});

const JOBS: Examples = {
  'jobs.namespace': added('builds', 'DRONE_NAMESPACE_DEFAULT: "builds"'),
  'jobs.createNamespace': added(true, 'kind: Namespace', { jobs: { namespace: 'builds' } }),
  'jobs.podSecurity': added('restricted', 'pod-security.kubernetes.io/enforce: restricted', {
    jobs: { namespace: 'builds', createNamespace: true },
  }),
  'jobs.otherNamespaces': added(['team'], 'namespace: team'),
  'jobs.serviceAccount.create': removed(false, 'DRONE_SERVICE_ACCOUNT_DEFAULT'),
  'jobs.serviceAccount.name': added('own-job', 'DRONE_SERVICE_ACCOUNT_DEFAULT: "own-job"'),
  'jobs.serviceAccount.annotations': added({ role: 'job' }, '"role": "job"'),
  'jobs.serviceAccount.imagePullSecrets': added([{ name: 'as-object' }], '- name: as-object'),
  'jobs.networkPolicy.enabled': removed(false, 'name: hangar-jobs'),
  'jobs.networkPolicy.blockedCidrs': added(['2001:db8::/32'], '- 2001:db8::/32'),
  'jobs.resourceQuota': added({ pods: 10 }, '"pods": "10"'),
};

const MONITORS: ChartValues = { monitoring: { serviceMonitors: 'always' } };
const RULES: ChartValues = { monitoring: { rules: 'always' } };

const MONITORING: Examples = {
  'monitoring.serviceMonitors': added('always', 'kind: ServiceMonitor'),
  'monitoring.podMonitors': added('always', 'kind: PodMonitor'),
  'monitoring.rules': added('always', 'kind: PrometheusRule'),
  'monitoring.namespace': added('watching', 'namespace: watching', MONITORS),
  'monitoring.annotations': added({ team: 7 }, '"team": "7"', MONITORS),
  'monitoring.labels': added({ release: 'prometheus' }, '"release": "prometheus"', MONITORS),
  'monitoring.interval': added('61s', 'interval: 61s', MONITORS),
  'monitoring.scrapeTimeout': added('9s', 'scrapeTimeout: 9s', MONITORS),
  'monitoring.honorLabels': added(true, 'honorLabels: true', MONITORS),
  'monitoring.jobLabel': added('app.kubernetes.io/name', 'jobLabel: app.kubernetes.io/name', MONITORS),
  'monitoring.targetLabels': added(['team'], 'targetLabels: ["team"]', MONITORS),
  'monitoring.relabelings': added(
    [{ targetLabel: 'cluster', replacement: 'one' }],
    'targetLabel: cluster',
    MONITORS,
  ),
  'monitoring.metricRelabelings': added([{ action: 'labeldrop' }], 'action: labeldrop', MONITORS),
  'monitoring.endpointAdditionalProperties': added({ scheme: 'https' }, 'scheme: https', MONITORS),
  'monitoring.runbookUrl': added(
    'https://git.acme.test/',
    'runbook_url: https://git.acme.test/Hangar',
    RULES,
  ),
  'monitoring.alerts.labels': added({ team: 8 }, 'team: "8"', RULES),
  'monitoring.alerts.annotations': added({ chat: 'ci' }, 'chat: ci', RULES),
  'monitoring.alerts.overrides': added(
    { HangarStagesWaitTooLong: { threshold: 900, for: '30m', severity: 'critical', labels: { a: 1 } } },
    '> 900',
    RULES,
  ),
  'monitoring.dashboards.enabled': removed(false, 'hangar-capacity.json: |-'),
  'monitoring.dashboards.labels': added({ boards: true }, '"boards": "true"'),
  'monitoring.dashboards.annotations': added({ folder: 'CI' }, '"folder": "CI"'),
};

/** By the value's path: every value of the chart. */
export const VALUE_EXAMPLES: Examples = {
  ...COMMON,
  ...programExamples('runner'),
  ...RUNNER,
  ...programExamples('autoscaler'),
  ...AUTOSCALER,
  ...JOBS,
  ...MONITORING,
};
