import type { Environment } from '@hangar/shared/config';
import { errorText } from '@hangar/shared/error-text';
import { type Connection, connectKubernetes } from '@hangar/shared/kubernetes/connection';

/**
 * Connects to the cluster that the settings name.
 *
 * @param kubeconfig path; empty = as the Pod that we are
 * @throws with a text for the operator: what is wrong, and the cure
 */
export async function connect(kubeconfig: string, env: Environment): Promise<Connection> {
  if (kubeconfig === '' && !env.KUBERNETES_SERVICE_HOST)
    throw new Error(
      'this process is not in a Pod (KUBERNETES_SERVICE_HOST is not set). Set DRONE_KUBERNETES_CONFIG to the path of a kubeconfig',
    );
  try {
    return await connectKubernetes(kubeconfig || undefined);
  } catch (error) {
    const from = kubeconfig === '' ? 'as a Pod' : `by DRONE_KUBERNETES_CONFIG (${kubeconfig})`;
    throw new Error(`there is no way to Kubernetes ${from}: ${errorText(error)}`, { cause: error });
  }
}
