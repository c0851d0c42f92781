import type { CapacitySnapshot } from '../store/snapshot.ts';
import type { PodFact } from '../watch/read-pod.ts';

/** Of a bound Pod only its size and its namespace are decided on. */
function sizeOnly(pod: PodFact): PodFact {
  return {
    ...pod,
    uid: '',
    name: '',
    node: '',
    createdMs: 0,
    boundMs: undefined,
    startedMs: undefined,
    constraints: {},
    build: '',
    repo: '',
  };
}

/**
 * The same snapshot, made small for the way into another thread: bound Pods that are decided upon alike become one and the same
 * object, which a structured clone copies once. What is decided on it is the same.
 */
export function parcelOf(snapshot: CapacitySnapshot): CapacitySnapshot {
  const named = new Set((snapshot.runners?.known ?? []).map(({ pod }) => pod));
  const alike = new Map<string, PodFact>();
  const stamp = (pod: PodFact): PodFact => {
    if (pod.state !== 'bound' || named.has(pod.name)) return pod;
    const { cpuMillicores, memoryBytes } = pod.request;
    const key = `${cpuMillicores}/${memoryBytes}/${pod.namespace}`;
    const known = alike.get(key) ?? sizeOnly(pod);
    alike.set(key, known);
    return known;
  };
  return { ...snapshot, pods: snapshot.pods?.map(stamp) };
}
