import type { JsonRecord } from '@hangar/shared/json';
import { type ApiResource, apiVersionOf } from '../api/resources.ts';

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

export const VERSION = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.4+hangar-embedded',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: 'linux/amd64',
};

/** Discovery documents (`/api`, `/apis`, `/api/v1`, `/apis/<group>/<version>`), as kubectl requests them. */
export function discoveryOf(path: string, resources: readonly ApiResource[]): JsonRecord | undefined {
  const [root, ...rest] = path.replace(/\/$/, '').split('/').slice(1);
  if (root === 'api' && rest.length === 0) {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  }
  if (root === 'apis' && rest.length === 0) return groupList(resources);
  const groupVersion = rest.join('/');
  const isListing = (root === 'api' && rest.length === 1) || (root === 'apis' && rest.length === 2);
  const members = resources.filter((resource) => apiVersionOf(resource) === groupVersion);
  return isListing && members.length > 0 ? resourceList(groupVersion, members) : undefined;
}

/** Every group that is kept here has one version. */
function groupList(resources: readonly ApiResource[]): JsonRecord {
  const versions = new Map(resources.map((resource) => [resource.group, resource.version]));
  versions.delete('');
  const groups = [...versions].map(([name, version]) => {
    const preferredVersion = { groupVersion: `${name}/${version}`, version };
    return { name, versions: [preferredVersion], preferredVersion };
  });
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

function resourceList(groupVersion: string, members: readonly ApiResource[]): JsonRecord {
  const listed = members.map(({ plural, kind, namespaced, shortNames = [] }) => ({
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs: VERBS,
    shortNames,
  }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: listed };
}
