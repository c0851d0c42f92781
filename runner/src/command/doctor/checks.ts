import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { silentLogger } from '@hangar/shared/logger';
import { ConfigError } from '@hangar/shared/program/command-error';
import { connect } from '@hangar/shared/program/connect';
import type { CommandContext } from '@hangar/shared/program/context';
import type { V1Node } from '@kubernetes/client-node';
import { readNode } from '../../admit/build-node.ts';
import { type NodesReview, reviewNodes } from '../../admit/review-nodes.ts';
import { draftParts, droneOf, namespacesOf } from '../../assemble.ts';
import { lookUpRule } from '../../config/look-up-rule.ts';
import type { RunnerConfig } from '../../config/runner-config.ts';
import { review } from '../../permissions/review.ts';
import { CiServerError } from '../../ports/ci-server.ts';
import { chooseGate, gateLookup, operatorCredentials } from '../../prepare/gate-image.ts';
import { hostOf } from '../environment.ts';
import { placesOf, usualPlacements } from '../service.ts';

/** The result of checking the server or the cluster. */
export interface Check {
  readonly what: 'Drone server' | 'Kubernetes' | 'Gate image' | 'Image look-ups';
  readonly result: 'ok' | 'failed' | 'skipped';
  /** One message per entry, with the remedy if it failed. */
  readonly words: readonly string[];
}

/** What image look-ups refuse. Pure. */
export const checkLookUps = ({ registry }: RunnerConfig): Check => ({
  what: 'Image look-ups',
  result: 'ok',
  words: [lookUpRule(registry)],
});

/** Pings the server with its secret, once. */
export async function checkServer(
  config: RunnerConfig,
  { clock, random, stopSignal }: CommandContext,
): Promise<Check> {
  const client = droneOf(config, { clock, random, log: silentLogger, print: () => undefined });
  const { url } = config.server;
  try {
    await client.ping(stopSignal());
    return { what: 'Drone server', result: 'ok', words: [`${url} answers and accepts the secret`] };
  } catch (error) {
    if (!(error instanceof CiServerError)) throw error;
    const cure = 'check DRONE_RPC_PROTO, DRONE_RPC_HOST and DRONE_RPC_SECRET';
    return { what: 'Drone server', result: 'failed', words: [`${url}: ${error.message}; ${cure}`] };
  } finally {
    await client.close();
  }
}

/** Looks for the gate's image in its registry, as the runner does at its start. */
export async function checkGate(config: RunnerConfig, context: CommandContext): Promise<Check> {
  const { prepare } = draftParts(config, {
    ...context,
    readFile: (path) => Promise.resolve(context.readFile(path)),
  });
  const credentials = await operatorCredentials(prepare.readDockerConfig);
  const choice = await chooseGate(config.gate, gateLookup(prepare.images, credentials, context.stopSignal()));
  const what = 'Gate image';
  if (choice.kind === 'missing') return { what, result: 'failed', words: [choice.problem] };
  if (config.gate.chosen === '' && config.gate.own === '')
    return {
      what,
      result: 'skipped',
      words: ['HANGAR_GATE_IMAGE is not set: the runner derives the image from its own Pod'],
    };
  return { what, result: 'ok', words: [choice.image, ...choice.warnings] };
}

/** Reviews the rights, if there is a connection to the cluster. */
export async function checkKubernetes(config: RunnerConfig, context: CommandContext): Promise<Check> {
  const { kubeconfig } = config.kubernetes;
  const { env, clock, stopSignal } = context;
  // The variable alone may come from another Pod: Node itself reads the file given as --env-file into the environment.
  const isPod = hostOf(context).namespace !== '' && Boolean(env['KUBERNETES_SERVICE_HOST']);
  if (kubeconfig === '' && !isPod)
    return check(
      'skipped',
      'not in a Pod: run this command in a Pod, or set DRONE_KUBERNETES_CONFIG to a kubeconfig',
    );
  const connection = await connect({ kubeconfig, setting: 'DRONE_KUBERNETES_CONFIG' }, env).catch(problemsOf);
  if (!('close' in connection)) return check('failed', ...connection);
  try {
    const leaseNamespace = config.lease.namespace || connection.namespace;
    const places = placesOf(config, { options: { namespaces: namespacesOf(config), leaseNamespace } });
    const cluster = new HttpCluster(clock, connection);
    const { missing, warnings } = await review(cluster, places, stopSignal(), config.lease.coordination);
    if (missing.length > 0) return check('failed', ...missing, ...warnings);
    const nodes = await nodesReview(config, cluster, stopSignal());
    if (nodes.problems.length > 0) return check('failed', ...nodes.problems, ...warnings);
    return check(
      'ok',
      `${connection.server} answers, and all required permissions are granted`,
      ...warnings,
      ...nodes.warnings,
    );
  } catch (error) {
    if (!isKubernetesError(error)) throw error;
    return check('failed', `${connection.server}: ${error.message}`);
  } finally {
    await connection.close();
  }
}

/** Whether the nodes are of a fixed number, if stages wait for room on them. */
async function nodesReview(
  config: RunnerConfig,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<NodesReview> {
  const { nodesReserve } = config.admission;
  if (!nodesReserve) return { problems: [], warnings: [] };
  const { items } = await cluster.list<V1Node>({ resource: RESOURCE.nodes }, {}, signal);
  return reviewNodes(
    items.map((node) => readNode(node, nodesReserve)),
    usualPlacements(config),
  );
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  throw error;
}

const check = (result: Check['result'], ...words: readonly string[]): Check => ({
  what: 'Kubernetes',
  result,
  words,
});
