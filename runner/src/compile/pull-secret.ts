import type { V1Secret } from '@kubernetes/client-node';
import type { RegistryCredentials } from './settings.ts';

/** A registry's address as the kubelet looks it up: the host, without scheme and path; Docker Hub by its old name. */
export function reducedAddress(address: string): string {
  const host = address
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/s, '')
    .toLowerCase();
  return host === 'docker.io' || host === 'registry-1.docker.io' ? 'index.docker.io' : host;
}

const auth = ({ username, password }: RegistryCredentials): string =>
  Buffer.from(`${username}:${password}`).toString('base64');

/** The Secret with image pull credentials; undefined without credentials; the last of equal addresses wins (previous-runner §4.17). */
export function pullSecret(
  registries: readonly RegistryCredentials[],
  podName: string,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): V1Secret | undefined {
  const auths = registries
    .map((registry) => [reducedAddress(registry.address), { auth: auth(registry) }] as const)
    .filter(([address]) => address !== '');
  if (auths.length === 0) return undefined;
  const content = `${JSON.stringify({ auths: Object.fromEntries(auths) })}\n`;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/dockerconfigjson',
    immutable: true,
    metadata: { name: `${podName}-pull`, namespace, labels: { ...labels } },
    data: { '.dockerconfigjson': Buffer.from(content).toString('base64') },
  };
}
