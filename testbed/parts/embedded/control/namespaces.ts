import type { ObjectApi } from '../api/object-api.ts';
import { CONFIG_MAPS, NAMESPACES, type Resource, SERVICE_ACCOUNTS } from '../api/resources.ts';
import { ApiError } from '../api/status-errors.ts';

/** Gives every new namespace its default service account and root CA, as the controllers do. */
export function furnishNamespaces(api: ObjectApi): () => void {
  return api.store.subscribe(({ resource, type, object }) => {
    if (resource !== NAMESPACES.plural || type !== 'ADDED') return;
    const namespace = object.metadata.name;
    create(api, SERVICE_ACCOUNTS, namespace, { metadata: { name: 'default' } });
    create(api, CONFIG_MAPS, namespace, { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': '' } });
  });
}

function create(api: ObjectApi, resource: Resource, namespace: string, body: object): void {
  try {
    api.create(resource, namespace, body);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
