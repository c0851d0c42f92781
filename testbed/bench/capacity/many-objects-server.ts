import { randomUUID } from 'node:crypto';
import { systemClock } from '@hangar/shared/clock';
import type { V1ManagedFieldsEntry, V1Node, V1Pod } from '@kubernetes/client-node';
import { ObjectApi } from '../../parts/embedded/api/object-api.ts';
import type { KubeObject } from '../../parts/embedded/api/objects.ts';
import { type ApiResource, DEFAULT_RESOURCES } from '../../parts/embedded/api/resources.ts';
import { ObjectStore } from '../../parts/embedded/api/store.ts';
import { ApiFaults } from '../../parts/embedded/faults/faults.ts';
import { Permissions } from '../../parts/embedded/http/permissions.ts';
import { ApiServer } from '../../parts/embedded/http/server.ts';

/** Messages to the parent process: the listen address; then, that the requested changes are made. */
export type ManyPodsMessage =
  | { readonly url: string; readonly token: string; readonly podBytes: number }
  | { readonly changed: number };

const DAEMON_SETS: ApiResource = {
  group: 'apps',
  version: 'v1',
  plural: 'daemonsets',
  kind: 'DaemonSet',
  namespaced: true,
};

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

const FIELDS = ['env', 'image', 'imagePullPolicy', 'name', 'resources', 'volumeMounts', 'workingDir'];

/** Managed fields, as a real API server keeps them: a part of each object that is not read here. */
function managedFields(parts: readonly string[]): V1ManagedFieldsEntry[] {
  const fields = Object.fromEntries(['.', ...FIELDS.map((field) => `f:${field}`)].map((key) => [key, {}]));
  const fieldsV1 = Object.fromEntries(parts.map((part) => [`k:{"name":"${part}"}`, fields]));
  return [{ manager: 'hangar', operation: 'Update', fieldsType: 'FieldsV1', fieldsV1 }];
}

/** A ready node of 4 CPU and 8 GB in one of four pools. */
const aNode = (nth: number): V1Node => ({
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
      message: 'as the kubelet reports in about one sentence',
    })),
    images: Array.from({ length: 20 }, (_, image) => ({
      names: [`registry.example.com/team/image-${image}@sha256:${'0123456789abcdef'.repeat(4)}`],
      sizeBytes: 50_000_000 + image,
    })),
  },
});

/** A build of six steps on that node, or waiting for one. */
const aPod = (nth: number, node: number | undefined, nowMs: number): V1Pod => {
  const sinceMs = nowMs - (nth % 900) * 1000;
  const uid = `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`;
  return {
    metadata: {
      name: `build-${nth}`,
      namespace: 'ci',
      uid,
      creationTimestamp: new Date(sinceMs),
      labels: { 'app.kubernetes.io/managed-by': 'hangar-runner', 'io.drone.build.number': String(nth) },
      annotations: {
        'io.drone.repo.slug': `acme/widget-${nth % 50}`,
        'io.drone.stage.name': `pipeline-${nth % 5}`,
      },
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

/** An API server with many nodes and builds, in its own process: they are not scheduled or run. Each message is a number of builds to replace. */
const [nodes = 5000, pods = 50_000] = process.argv.slice(2).map(Number);
const clock = systemClock();
const store = new ObjectStore();
const token = randomUUID();
const put = (plural: string, object: V1Node | V1Pod): KubeObject =>
  store.put(plural, JSON.parse(JSON.stringify(object)) as KubeObject);
const tell = (word: ManyPodsMessage): void => void process.send?.(word);

for (let nth = 0; nth < nodes; nth += 1) put('nodes', aNode(nth));
for (let nth = 0; nth < pods; nth += 1) put('pods', aPod(nth, nth % nodes, clock.now()));
store.compact();

const server: ApiServer = new ApiServer({
  clock,
  api: new ObjectApi(clock, store),
  resources: [...DEFAULT_RESOURCES, DAEMON_SETS],
  faults: new ApiFaults(clock, {
    stopListening: () => server.stop(),
    startListening: () => server.start(),
    expireHistory: () => store.compact(),
  }),
  permissions: new Permissions(),
  logs: { readLog: () => () => undefined },
  token,
  bookmarkIntervalMs: 10_000,
});
await server.start();

let next = pods;
process.on('message', (changes: number) => {
  for (let nth = 0; nth < changes; nth += 1, next += 1) {
    const oldest = store.get('pods', 'ci', `build-${next - pods}`);
    if (oldest !== undefined) store.remove('pods', oldest);
    put('pods', aPod(next, nth % 4 === 0 ? undefined : next % nodes, clock.now()));
  }
  tell({ changed: changes });
});
process.on('disconnect', () => process.exit(0));
tell({ url: server.url, token, podBytes: JSON.stringify(aPod(1, 1, clock.now())).length });
