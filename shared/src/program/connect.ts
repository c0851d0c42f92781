import type { Environment } from '../config.ts';
import { errorText } from '../error-text.ts';
import { type Connection, connectKubernetes } from '../kubernetes/connection.ts';
import { ConfigError } from './command-error.ts';

/** The settings for connecting to a cluster. */
export interface ClusterAccess {
  /** Path; empty: in-cluster credentials. */
  readonly kubeconfig: string;
  /** The name of the setting that holds the path. */
  readonly setting: string;
  /** A further remedy outside of a Pod: the end of a sentence. */
  readonly otherwise?: string;
}

/**
 * Connects to the configured cluster.
 *
 * @throws {ConfigError} with problem and remedy
 */
export async function connect(access: ClusterAccess, env: Environment): Promise<Connection> {
  const { kubeconfig, setting, otherwise = '' } = access;
  if (kubeconfig === '' && !env['KUBERNETES_SERVICE_HOST'])
    throw new ConfigError([
      `this process is not in a Pod (KUBERNETES_SERVICE_HOST is not set). Set ${setting} to the path of a kubeconfig${otherwise}`,
    ]);
  try {
    return await connectKubernetes(kubeconfig || undefined);
  } catch (error) {
    const from = kubeconfig === '' ? 'with the credentials of the Pod' : `by ${setting} (${kubeconfig})`;
    throw new ConfigError([`cannot connect to Kubernetes ${from}: ${errorText(error)}`]);
  }
}
