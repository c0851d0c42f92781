import { errorText } from '@hangar/shared/error-text';
import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { silentLogger } from '@hangar/shared/logger';
import { droneOf, namespacesOf } from '../../assemble.ts';
import type { RunnerConfig } from '../../config/runner-config.ts';
import { review } from '../../permissions/review.ts';
import { CiServerError } from '../../ports/ci-server.ts';
import type { Surroundings } from '../command.ts';
import { connect } from '../connect.ts';
import { placesOf } from '../service.ts';

/** Whether something outside is as the runner needs it. */
export interface Check {
  readonly what: 'Drone server' | 'Kubernetes';
  readonly result: 'ok' | 'failed' | 'skipped';
  /** One entry each; with the cure where it failed. */
  readonly words: readonly string[];
}

type Around = Pick<Surroundings, 'clock' | 'random' | 'stop' | 'host' | 'env'>;

/** Pings the server with its secret, once. */
export async function checkServer(config: RunnerConfig, { clock, random, stop }: Around): Promise<Check> {
  const client = droneOf(config, { clock, random, log: silentLogger, print: () => undefined });
  const { url } = config.server;
  try {
    await client.ping(stop);
    return { what: 'Drone server', result: 'ok', words: [`${url} answers, and takes the secret`] };
  } catch (error) {
    if (!(error instanceof CiServerError)) throw error;
    const cure = 'check DRONE_RPC_PROTO, DRONE_RPC_HOST and DRONE_RPC_SECRET';
    return { what: 'Drone server', result: 'failed', words: [`${url}: ${error.message}; ${cure}`] };
  } finally {
    await client.close();
  }
}

/** Reviews the rights, where there is a way to the cluster. */
export async function checkKubernetes(
  config: RunnerConfig,
  { clock, stop, host, env }: Around,
): Promise<Check> {
  const { kubeconfig } = config.kubernetes;
  // The variable alone may be another Pod's: Node itself reads what is given as --env-file into the environment.
  const isPod = host.namespace !== '' && Boolean(env.KUBERNETES_SERVICE_HOST);
  if (kubeconfig === '' && !isPod)
    return check('skipped', 'this is no Pod: run it in one, or set DRONE_KUBERNETES_CONFIG to a kubeconfig');
  const connection = await connect(kubeconfig, env).catch((error: unknown) => errorText(error));
  if (typeof connection === 'string') return check('failed', connection);
  try {
    const leaseNamespace = config.lease.namespace || connection.namespace;
    const places = placesOf(config, { options: { namespaces: namespacesOf(config), leaseNamespace } });
    const { missing, warnings } = await review(new HttpCluster(clock, connection), places, stop);
    if (missing.length > 0) return check('failed', ...missing, ...warnings);
    return check('ok', `${connection.server} answers, and all rights that are needed are there`, ...warnings);
  } catch (error) {
    if (!isKubernetesError(error)) throw error;
    return check('failed', `${connection.server}: ${error.message}`);
  } finally {
    await connection.close();
  }
}

const check = (result: Check['result'], ...words: readonly string[]): Check => ({
  what: 'Kubernetes',
  result,
  words,
});
