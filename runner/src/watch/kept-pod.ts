import type { V1Pod, V1PodSpec, V1Volume } from '@kubernetes/client-node';
import { FILES_VOLUME, GATE_VOLUME } from '../pipeline/compiled.ts';

const SPEC: ReadonlySet<string> = new Set([
  'activeDeadlineSeconds',
  'containers',
  'imagePullSecrets',
  'initContainers',
  'nodeName',
  'overhead',
  'resources',
  'schedulingGates',
  'volumes',
]);
/** For the search of a node. */
const UNBOUND: ReadonlySet<string> = new Set([...SPEC, 'affinity', 'nodeSelector', 'tolerations']);
const CONTAINER: ReadonlySet<string> = new Set(['name', 'image', 'resources', 'restartPolicy']);
const VOLUMES: ReadonlySet<string> = new Set([FILES_VOLUME, GATE_VOLUME]);

/** The part of a Pod that is used after its creation. Environments, mounts and the owners of fields are most of it, with thousands of Pods. Pure. */
export function keptPod(pod: V1Pod): V1Pod {
  const { metadata, spec } = pod;
  const { managedFields: _, ...kept } = metadata ?? {};
  return { ...pod, ...(metadata ? { metadata: kept } : {}), ...(spec ? { spec: keptSpec(spec) } : {}) };
}

function keptSpec(spec: V1PodSpec): V1PodSpec {
  const { containers, initContainers, volumes, ...rest } = spec;
  const isKept = ({ name }: V1Volume): boolean => VOLUMES.has(name);
  return {
    ...only(rest, rest.nodeName ? SPEC : UNBOUND),
    containers: containers.map((one) => only(one, CONTAINER)),
    ...(initContainers ? { initContainers: initContainers.map((one) => only(one, CONTAINER)) } : {}),
    ...(volumes ? { volumes: volumes.filter(isKept) } : {}),
  };
}

const only = <T extends object>(object: T, keys: ReadonlySet<string>): T =>
  Object.fromEntries(Object.entries(object).filter(([key]) => keys.has(key))) as T;
