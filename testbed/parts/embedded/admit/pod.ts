import { type JsonRecord, recordOf, recordsOf, textOf } from '@hangar/shared/json';
import { randomSuffix } from '../api/objects.ts';
import { allContainers, type Container, type Pod, type PodSpec } from '../api/pod.ts';
import { amountOf } from '../api/quantity.ts';
import { PODS } from '../api/resources.ts';
import { forbidden } from '../api/status-errors.ts';
import type { ObjectStore } from '../api/store.ts';

const CONFIG_MODE = 0o644;
const NOT_READY_SECONDS = 300;
const UNREADY_TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Classes that every cluster has. */
const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

/** Fills in what the API server fills in for a new Pod: its defaults and the standard tolerations. Changes `pod`. */
export function defaultPod(pod: JsonRecord): void {
  const spec = recordOf(pod['spec']);
  pod['spec'] = spec;
  setMissing(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    containers: [],
  });
  for (const list of ['initContainers', 'containers']) recordsOf(spec[list]).forEach(defaultContainer);
  recordsOf(spec['volumes']).forEach(defaultVolume);
  const tolerations = recordsOf(spec['tolerations']);
  const missing = UNREADY_TAINTS.filter((taint) => !tolerations.some((one) => toleratesEviction(one, taint)));
  const standard = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: NOT_READY_SECONDS };
  spec['tolerations'] = [...tolerations, ...missing.map((key) => ({ key, ...standard }))];
}

function setMissing(target: JsonRecord, defaults: JsonRecord): void {
  for (const [key, value] of Object.entries(defaults)) {
    if (target[key] === undefined || target[key] === null || target[key] === '') target[key] = value;
  }
}

function defaultContainer(container: JsonRecord): void {
  const image = textOf(container['image']);
  const tag = image.includes('@') ? 'digest' : /:([^:/]+)$/.exec(image)?.[1];
  setMissing(container, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent',
    resources: {},
  });
  for (const port of recordsOf(container['ports'])) setMissing(port, { protocol: 'TCP' });
  for (const variable of recordsOf(container['env'])) defaultFieldRef(recordOf(variable['valueFrom']));
  const resources = recordOf(container['resources']);
  const limits = recordOf(resources['limits']);
  // A limit without a request is a request as well.
  if (Object.keys(limits).length > 0)
    resources['requests'] = { ...limits, ...recordOf(resources['requests']) };
}

function defaultFieldRef(source: JsonRecord): void {
  if (source['fieldRef'] !== undefined) setMissing(recordOf(source['fieldRef']), { apiVersion: 'v1' });
}

function defaultVolume(volume: JsonRecord): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key] !== null);
  if (sources.length === 0) volume['emptyDir'] = {};
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    if (volume[source] !== undefined) setMissing(recordOf(volume[source]), { defaultMode: CONFIG_MODE });
  }
  recordsOf(recordOf(volume['downwardAPI'])['items']).forEach(defaultFieldRef);
  if (volume['hostPath'] !== undefined) setMissing(recordOf(volume['hostPath']), { type: '' });
}

function toleratesEviction({ key = '', effect = '' }: JsonRecord, taint: string): boolean {
  return (key === taint || key === '') && (effect === 'NoExecute' || effect === '');
}

/**
 * What the Priority admission plugin does to a new Pod: gives it the number of its class. Changes `pod`.
 *
 * @throws {ApiError} 403 when there is no such class
 */
export function admitPriority(store: ObjectStore, pod: Pod): void {
  const name = pod.spec.priorityClassName ?? '';
  if (name === '') return;
  const value =
    SYSTEM_PRIORITIES[name] ?? store.get('priorityclasses.scheduling.k8s.io', '', name)?.['value'];
  if (typeof value !== 'number')
    throw forbidden(PODS, pod.metadata.name, `no PriorityClass with name ${name} was found`);
  pod.spec.priority = value;
}

/**
 * What the ServiceAccount admission plugin does to a new Pod: names the account, demands that it
 * exists, and mounts its token unless the Pod or the account disables that. Changes `pod`.
 *
 * @throws {ApiError} 403 when the account does not exist
 */
export function admitServiceAccount(store: ObjectStore, pod: Pod): void {
  const { spec } = pod;
  const namespace = pod.metadata.namespace ?? '';
  const name = spec.serviceAccountName || 'default';
  const account = store.get('serviceaccounts', namespace, name);
  if (account === undefined) {
    const because = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
    throw forbidden(PODS, pod.metadata.name, because);
  }
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
  if ((spec.automountServiceAccountToken ?? account['automountServiceAccountToken']) !== false)
    mountToken(pod);
}

function mountToken(pod: Pod): void {
  const without = allContainers(pod).filter(({ volumeMounts = [] }) =>
    volumeMounts.every(({ mountPath }) => mountPath !== TOKEN_PATH),
  );
  if (without.length === 0) return;
  const volume = `kube-api-access-${randomSuffix()}`;
  pod.spec.volumes = [...(pod.spec.volumes ?? []), tokenVolume(volume)];
  for (const container of without) {
    const mount = { name: volume, readOnly: true, mountPath: TOKEN_PATH };
    container.volumeMounts = [...(container.volumeMounts ?? []), mount];
  }
}

function tokenVolume(name: string): NonNullable<PodSpec['volumes']>[number] {
  const token = { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } };
  const ca = { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } };
  const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
  const namespace = { downwardAPI: { items: [{ path: 'namespace', fieldRef }] } };
  return { name, projected: { sources: [token, ca, namespace], defaultMode: CONFIG_MODE } };
}

/** Quality-of-service class of a Pod by its requests and limits of CPU and memory. */
export function qosClassOf(pod: Pod): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const pairs = allContainers(pod).flatMap((container) =>
    ['cpu', 'memory'].map((name) => [amount(container, 'requests', name), amount(container, 'limits', name)]),
  );
  if (pairs.flat().every((each) => each === 0)) return 'BestEffort';
  const guaranteed = pairs.every(([request, limit = 0]) => limit > 0 && limit === request);
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function amount({ resources }: Container, field: 'requests' | 'limits', name: string): number {
  return amountOf(name, resources?.[field]?.[name]) ?? 0;
}
