import { recordOf } from '../api/objects.ts';
import type { Container, Pod, Volume } from '../api/pod.ts';
import { PODS } from '../api/resources.ts';
import { forbidden } from '../api/status-errors.ts';
import type { Store } from '../api/store.ts';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * What the ServiceAccount admission plugin does to a new Pod: names the account, demands that it
 * exists, and mounts its token unless the Pod or the account says no. Changes `pod`.
 *
 * @throws {ApiError} 403 when the account does not exist
 */
export function admitServiceAccount(store: Store, pod: Pod, randomSuffix: () => string): void {
  const namespace = pod.metadata.namespace ?? '';
  const name = (pod.spec.serviceAccountName ?? '') === '' ? 'default' : (pod.spec.serviceAccountName ?? '');
  const account = store.get('serviceaccounts', namespace, name);
  if (account === undefined) {
    const because = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
    throw forbidden(PODS, pod.metadata.name, because);
  }
  pod.spec.serviceAccountName = name;
  pod.spec['serviceAccount'] = name;
  const wanted = pod.spec.automountServiceAccountToken ?? recordOf(account)['automountServiceAccountToken'];
  if (wanted !== false) mountToken(pod, `kube-api-access-${randomSuffix()}`);
}

function mountToken(pod: Pod, volumeName: string): void {
  const containers = [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])];
  const without = containers.filter((container) => !mountsAt(container, TOKEN_PATH));
  if (without.length === 0) return;
  pod.spec.volumes = [...(pod.spec.volumes ?? []), tokenVolume(volumeName)];
  for (const container of without) {
    const mount = { name: volumeName, readOnly: true, mountPath: TOKEN_PATH };
    container.volumeMounts = [...(container.volumeMounts ?? []), mount];
  }
}

function mountsAt(container: Container, path: string): boolean {
  return (container.volumeMounts ?? []).some((mount) => mount.mountPath === path);
}

function tokenVolume(name: string): Volume {
  const token = { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } };
  const ca = { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } };
  const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
  const namespace = { downwardAPI: { items: [{ path: 'namespace', fieldRef }] } };
  return { name, projected: { sources: [token, ca, namespace], defaultMode: 0o644 } };
}
