import type { V1Secret } from '@kubernetes/client-node';
import type { RegistryCredentials } from './settings.ts';

const HUB_HOSTS = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** The host of an image's name; all hosts of Docker Hub are one. */
function hostOf(address: string): string {
  const host = address.toLowerCase();
  return HUB_HOSTS.has(host) ? 'docker.io' : host;
}

/**
 * The address of credentials as the kubelet looks it up: host and path of the images, without a scheme and an API version; Docker Hub
 * without a path by its old name.
 */
export function reducedAddress(address: string): string {
  const [host = '', ...path] = address
    .trim()
    .replace(/^https?:\/\//i, '')
    // Only behind the host: elsewhere it is the name of a group or a project.
    .replace(/^([^/]*)\/v[12](?=\/|$)/, '$1')
    .split('/')
    .filter((part, index) => index === 0 || part !== '');
  if (path.length > 0) return [hostOf(host), ...path].join('/');
  return HUB_HOSTS.has(host.toLowerCase()) ? 'index.docker.io' : host.toLowerCase();
}

/** The credentials for an image, as the kubelet chooses them: those with the longest path, the last of equal ones. */
export function credentialsFor(
  registries: readonly RegistryCredentials[],
  image: { readonly host: string; readonly repository: string },
): RegistryCredentials | undefined {
  const folders = image.repository.split('/');
  for (let length = folders.length; length >= 0; length -= 1) {
    const wanted =
      length === 0 ? reducedAddress(image.host) : [hostOf(image.host), ...folders.slice(0, length)].join('/');
    const found = registries.findLast(({ address }) => reducedAddress(address) === wanted);
    if (found !== undefined) return found;
  }
  return undefined;
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
