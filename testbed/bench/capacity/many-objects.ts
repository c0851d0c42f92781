import { RUNNER_LABEL } from '@hangar/shared/contract/object-keys';
import type { V1ManagedFieldsEntry, V1Node, V1Pod } from '@kubernetes/client-node';

/** How many steps the builds have: containers with a few variables and mounts each. */
const STEPS = ['clone', 'install', 'lint', 'test', 'build', 'publish'];
const VARIABLES = Array.from({ length: 10 }, (_, nth) => ({
  name: `DRONE_VARIABLE_${nth}`,
  value: `a value of the usual length, number ${nth}`,
}));
const MOUNTS = ['workspace', 'gate', 'facts', 'kube-api-access-x7k2p'].map((name) => ({
  name,
  mountPath: `/var/run/${name}`,
}));
const REQUESTS = [
  { cpu: '350m', memory: '500Mi' },
  { cpu: '300m', memory: '450Mi' },
  { cpu: '400m', memory: '600Mi' },
  { cpu: '250m', memory: '400Mi' },
  { cpu: '380m', memory: '550Mi' },
  { cpu: '200m', memory: '300Mi' },
];
const PASSED_OVER = { cpu: '1m', memory: '4Mi' };

/** Who wrote which field, as a real API server keeps it: a part of each object that nobody here reads. */
const managedFields = (parts: readonly string[]): V1ManagedFieldsEntry[] => [
  {
    manager: 'hangar',
    operation: 'Update',
    fieldsType: 'FieldsV1',
    fieldsV1: Object.fromEntries(
      parts.map((part) => [
        `k:{"name":"${part}"}`,
        {
          '.': {},
          ...Object.fromEntries(
            ['env', 'image', 'imagePullPolicy', 'name', 'resources', 'volumeMounts', 'workingDir'].map(
              (field) => [`f:${field}`, { '.': {} }],
            ),
          ),
        },
      ]),
    ),
  },
];

/** A ready node of 4 CPU and 8 GB in one of four pools. */
export const aNode = (nth: number): V1Node => ({
  metadata: {
    name: `node-${nth}`,
    uid: `node-${nth}`,
    creationTimestamp: new Date(0),
    labels: {
      'kubernetes.io/hostname': `node-${nth}`,
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/os': 'linux',
      'node.kubernetes.io/instance-type': 'c5.xlarge',
      'topology.kubernetes.io/zone': `zone-${nth % 3}`,
      'karpenter.sh/nodepool': `pool-${nth % 4}`,
    },
    managedFields: managedFields(['labels', 'conditions', 'images']),
  },
  spec: { podCIDR: '10.0.0.0/24', providerID: `cloud:///zone-${nth % 3}/i-${nth}` },
  status: {
    allocatable: { cpu: '3920m', memory: '6018Mi', pods: '110' },
    capacity: { cpu: '4', memory: '8Gi', pods: '110' },
    conditions: ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
      type,
      status: type === 'Ready' ? 'True' : 'False',
      message: 'as the kubelet says in a sentence or so',
    })),
    images: Array.from({ length: 20 }, (_, image) => ({
      names: [`registry.example.com/team/image-${image}@sha256:${'0123456789abcdef'.repeat(4)}`],
      sizeBytes: 50_000_000 + image,
    })),
  },
});

/** A build of six steps on that node, or waiting for one. */
export const aPod = (nth: number, node: number | undefined, nowMs: number): V1Pod => {
  const sinceMs = nowMs - (nth % 900) * 1000;
  const uid = `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`;
  return {
    metadata: {
      name: `build-${nth}`,
      namespace: 'ci',
      uid,
      creationTimestamp: new Date(sinceMs),
      labels: { [RUNNER_LABEL.key]: RUNNER_LABEL.value, 'io.drone.build.number': String(nth) },
      annotations: { 'io.drone.repo.slug': `acme/widget-${nth % 50}` },
      managedFields: managedFields(STEPS),
    },
    spec: {
      ...(node === undefined ? {} : { nodeName: `node-${node}` }),
      nodeSelector: { 'karpenter.sh/nodepool': `pool-${nth % 4}` },
      tolerations: ['not-ready', 'unreachable'].map((word) => ({
        key: `node.kubernetes.io/${word}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
      volumes: MOUNTS.map(({ name }) => ({ name, emptyDir: {} })),
      containers: STEPS.map((name, step) => ({
        name,
        image: `registry.example.com/team/${name}:1.2.3`,
        command: ['/gate/gate', 'run'],
        env: VARIABLES,
        volumeMounts: MOUNTS,
        resources: { requests: step === 0 ? (REQUESTS[nth % REQUESTS.length] ?? {}) : PASSED_OVER },
      })),
    },
    status: node === undefined ? { phase: 'Pending' } : running(sinceMs, nth),
  };
};

const running = (sinceMs: number, nth: number): NonNullable<V1Pod['status']> => ({
  phase: 'Running',
  podIP: `10.${(nth >> 16) & 255}.${(nth >> 8) & 255}.${nth & 255}`,
  conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: new Date(sinceMs),
  })),
  containerStatuses: STEPS.map((name) => ({
    name,
    image: `registry.example.com/team/${name}:1.2.3`,
    imageID: `registry.example.com/team/${name}@sha256:${'0123456789abcdef'.repeat(4)}`,
    containerID: `containerd://${'0123456789abcdef'.repeat(4)}`,
    ready: true,
    restartCount: 0,
    state: { running: { startedAt: new Date(sinceMs) } },
  })),
});
