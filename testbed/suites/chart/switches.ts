import type { ChartValues } from './helm.ts';

/** Each switch of the chart turned the other way, by name; on top of `LEAST`. `n` names namespaces that are there. */
export function switchesOf(n: {
  readonly builds: string;
  readonly team: string;
}): Readonly<Record<string, ChartValues>> {
  const rights = ['readOnly', 'lead', 'place', 'events', 'capacityBuffer', 'placeholder', 'nodePool'];
  const both = (one: object): ChartValues => ({ runner: one, autoscaler: one });
  return {
    'nothing but the least': {},
    'runner off, the autoscaler reads the cluster': {
      runner: { enabled: false },
      autoscaler: { rbac: { readOnly: true } },
    },
    'pages by Ingress': both({
      ingress: { enabled: true, hosts: ['hangar.acme.test'], className: 'nginx' },
    }),
    'pages by HTTPRoute': both({
      httpRoute: {
        enabled: true,
        parentRefs: [{ name: 'public', namespace: n.team, sectionName: 'https' }],
        hostnames: ['hangar.acme.test'],
        filters: [
          { type: 'ExtensionRef', extensionRef: { group: 'acme.test', kind: 'Login', name: 'login' } },
        ],
      },
    }),
    'a proxy and a private CA': {
      certificateAuthorities: { configMap: 'acme-ca' },
      runner: { proxy: { http: 'http://proxy.acme.test:3128', exceptions: ['acme.test'] } },
    },
    'Services of other types': both({
      service: { type: 'LoadBalancer', port: 80, ipFamilyPolicy: 'PreferDualStack' },
    }),
    'more objects, alerts changed': {
      extraObjects: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more', namespace: n.builds } },
      ],
      monitoring: {
        podMonitors: 'always',
        rules: 'always',
        alerts: { labels: { team: 'ci' }, overrides: { HangarLogsLate: { enabled: false } } },
      },
    },
    'runner off': {
      runner: { enabled: false },
      autoscaler: { config: { HANGAR_AUTOSCALER_RUNNERS: ['http://runner.acme.test:3000'] } },
    },
    'autoscaler off': { autoscaler: { enabled: false } },
    'every right of the autoscaler': {
      autoscaler: {
        rbac: {
          ...Object.fromEntries(rights.map((name) => [name, true])),
          objectNamespaces: [n.builds, n.team],
        },
        placeholders: [{ name: 'room', pool: 'builds', requests: { cpu: '3', memory: '5Gi' } }],
        nodePatchPolicy: true,
        config: {
          HANGAR_AUTOSCALER_ACT: true,
          HANGAR_AUTOSCALER_MAX_NODES: 9,
          HANGAR_AUTOSCALER_PLACE: 'on',
        },
      },
    },
    'no RBAC and no accounts': both({ rbac: { create: false }, serviceAccount: { create: false } }),
    'no policies and budgets': {
      ...both({ networkPolicy: { enabled: false }, podDisruptionBudget: { enabled: false } }),
      jobs: { networkPolicy: { enabled: false }, serviceAccount: { create: false } },
    },
    'policies with rules': {
      ...both({ networkPolicy: { from: [{ podSelector: {} }], egress: [{}] } }),
      jobs: { networkPolicy: { blockedCidrs: ['169.254.169.254/32'] } },
    },
    'Pods of pipelines elsewhere': {
      jobs: {
        namespace: n.builds,
        createNamespace: true,
        otherNamespaces: [n.team],
        resourceQuota: { pods: '10', 'requests.cpu': '40' },
        serviceAccount: { annotations: { a: 'b' }, imagePullSecrets: ['pull'] },
      },
    },
    'a new namespace for each pipeline': { jobs: { namespace: 'drone-' } },
    'no volume, three replicas': {
      autoscaler: { replicas: 3, persistence: { enabled: false } },
      runner: { replicas: 3 },
    },
    'a volume that is there': {
      autoscaler: { persistence: { existingClaim: 'learned', storageClass: 'fast', size: '1Gi' } },
    },
    'plain variables of old': {
      runner: {
        rpcSecret: { existingSecret: '' },
        envFrom: [{ configMapRef: { name: 'old' } }, { secretRef: { name: 'old' } }],
        extraEnv: [{ name: 'http_proxy', value: 'http://proxy.acme.test' }],
      },
    },
    'everything about Pods': {
      image: { registry: 'registry.acme.test/ci', pullSecrets: ['pull', { name: 'pull-too' }] },
      commonLabels: { team: 'ci' },
      ...both({
        image: { digest: `sha256:${'0'.repeat(64)}` },
        podLabels: { a: 'b' },
        podAnnotations: { a: 'b' },
        podSecurityContext: { runAsUser: 20_000 },
        nodeSelector: { a: 'b' },
        tolerations: [{ operator: 'Exists' }],
        affinity: { nodeAffinity: {} },
        topologySpreadConstraints: [],
        priorityClassName: 'system-cluster-critical',
        hostAliases: [{ ip: '192.0.2.1', hostnames: ['a'] }],
        extraVolumes: [{ name: 'files', emptyDir: {} }],
        extraVolumeMounts: [{ name: 'files', mountPath: '/files' }],
        service: { annotations: { a: 'b' } },
        serviceAccount: { annotations: { a: 'b' } },
      }),
    },
    'lists, maps and numbers as such': {
      runner: {
        config: {
          DRONE_RUNNER_LABELS: { zone: 'a', arm: true },
          DRONE_LIMIT_EVENTS: ['push', 'tag'],
          HANGAR_LOG_LIMIT: 5_242_880,
          DRONE_KUBE_CLIENT_QPS: 7.5,
          DRONE_RUNNER_CAPACITY: '10',
          HANGAR_HARDENING: false,
        },
      },
    },
    'no dashboards': {
      monitoring: { dashboards: { enabled: false }, serviceMonitors: 'never', rules: 'never' },
    },
  };
}
