import type { ObjectApi } from '../api/object-api.ts';
import { CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS } from '../api/resources.ts';
import { unlessRefused } from '../api/status-errors.ts';

/** Gives every new namespace its default service account and root CA, as the controllers do. */
export function fillNamespaces(api: ObjectApi): () => void {
  return api.store.subscribe(({ resource, type, object }) => {
    if (resource !== NAMESPACES.plural || type !== 'ADDED') return;
    const namespace = object.metadata.name;
    const ca = { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': '' } };
    unlessRefused(() => api.create(SERVICE_ACCOUNTS, namespace, { metadata: { name: 'default' } }));
    unlessRefused(() => api.create(CONFIG_MAPS, namespace, ca));
  });
}
