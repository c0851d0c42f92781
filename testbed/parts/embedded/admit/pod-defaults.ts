import { type JsonRecord, recordOf, recordsOf } from '../api/objects.ts';
import { quantityOf } from '../api/quantity.ts';

const CONFIG_MODE = 0o644;
const NOT_READY_SECONDS = 300;

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
  });
  for (const list of ['initContainers', 'containers']) recordsOf(spec[list]).forEach(defaultContainer);
  recordsOf(spec['volumes']).forEach(defaultVolume);
  defaultTolerations(spec);
}

function setMissing(target: JsonRecord, defaults: JsonRecord): void {
  for (const [key, value] of Object.entries(defaults)) {
    if (target[key] === undefined || target[key] === null || target[key] === '') target[key] = value;
  }
}

function defaultContainer(container: JsonRecord): void {
  const image = typeof container['image'] === 'string' ? container['image'] : '';
  setMissing(container, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: isLatest(image) ? 'Always' : 'IfNotPresent',
    resources: {},
  });
  for (const port of recordsOf(container['ports'])) setMissing(port, { protocol: 'TCP' });
  for (const variable of recordsOf(container['env'])) {
    const fieldRef = recordOf(variable['valueFrom'])['fieldRef'];
    if (fieldRef !== undefined) setMissing(recordOf(fieldRef), { apiVersion: 'v1' });
  }
  requestLimits(recordOf(container['resources']));
}

function isLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest';
}

/** A limit without a request is a request as well. */
function requestLimits(resources: JsonRecord): void {
  const limits = recordOf(resources['limits']);
  if (Object.keys(limits).length === 0) return;
  resources['requests'] = { ...limits, ...recordOf(resources['requests']) };
}

function defaultVolume(volume: JsonRecord): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key] !== null);
  if (sources.length === 0) volume['emptyDir'] = {};
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    if (volume[source] !== undefined) setMissing(recordOf(volume[source]), { defaultMode: CONFIG_MODE });
  }
  for (const item of recordsOf(recordOf(volume['downwardAPI'])['items'])) {
    if (item['fieldRef'] !== undefined) setMissing(recordOf(item['fieldRef']), { apiVersion: 'v1' });
  }
  if (volume['hostPath'] !== undefined) {
    const hostPath = recordOf(volume['hostPath']);
    hostPath['type'] ??= '';
  }
}

const STANDARD_KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

function defaultTolerations(spec: JsonRecord): void {
  const tolerations = recordsOf(spec['tolerations']);
  for (const key of STANDARD_KEYS) {
    const tolerated = tolerations.some(
      (one) =>
        (one['key'] === key || (one['key'] ?? '') === '') &&
        (one['effect'] === 'NoExecute' || (one['effect'] ?? '') === ''),
    );
    if (tolerated) continue;
    tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: NOT_READY_SECONDS });
  }
  spec['tolerations'] = tolerations;
}

/** Quality-of-service class of a Pod by its requests and limits of CPU and memory. */
export function qosClassOf(spec: JsonRecord): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const all = [...recordsOf(spec['containers']), ...recordsOf(spec['initContainers'])];
  const resources = all.map((container) => recordOf(container['resources']));
  const amounts = (field: string, name: string): number[] =>
    resources.map((one) => quantityOf(recordOf(one[field])[name]) ?? 0);
  const names = ['cpu', 'memory'];
  if (
    names.every((name) => [...amounts('requests', name), ...amounts('limits', name)].every((n) => n === 0))
  ) {
    return 'BestEffort';
  }
  const guaranteed = names.every((name) => {
    const [requests, limits] = [amounts('requests', name), amounts('limits', name)];
    return limits.every((limit, index) => limit > 0 && limit === requests[index]);
  });
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
