import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { imageNames } from '../images/catalog.ts';
import { isBuilt } from './build.ts';
import { up } from './cluster.ts';
import { gateName } from './images.ts';
import type { Say } from './plan/build-progress.ts';
import {
  cluster,
  type Layout,
  layoutFrom,
  partFolder,
  programPath,
  registryAddress,
  serverUrl,
  statePaths,
} from './plan/layout.ts';
import { partNamed } from './plan/parts.ts';
import { readRecord } from './setup.ts';

/** The running cluster, as tests need it. All addresses are on loopback, all paths absolute. */
export interface RealCluster {
  readonly layout: Layout;
  readonly server: string;
  readonly adminKubeconfig: string;
  /** Kubeconfig of the service account with exactly the runner's Role; undefined without docs/role.yaml. */
  readonly runnerKubeconfig: string | undefined;
  readonly namespace: string;
  readonly nodeName: string;
  /** `host:port`, as in image names; plain http. */
  readonly registry: string;
  /** Name of the gate's image, as it is on the node; undefined while runner/gate doesn't compile. */
  readonly gateImage: string | undefined;
  readonly images: typeof imageNames;
  readonly kubectl: string;
}

const present = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Facts about the cluster of that layout; doesn't look whether it runs. */
export async function clusterFacts(layout: Layout): Promise<RealCluster> {
  const paths = statePaths(layout);
  const [gate, record] = [await gateName(layout), await readRecord(layout)];
  return {
    layout,
    server: serverUrl,
    adminKubeconfig: paths.adminKubeconfig,
    runnerKubeconfig: (await present(paths.runnerKubeconfig)) ? paths.runnerKubeconfig : undefined,
    namespace: cluster.namespace,
    nodeName: cluster.nodeName,
    registry: registryAddress,
    gateImage: gate === record?.gateImage ? gate : undefined,
    images: imageNames,
    kubectl: programPath(layout, 'kubernetes', 'kubectl'),
  };
}

/** The layout of this clone and this user's environment. */
export const ownLayout = (): Layout =>
  layoutFrom(process.env, new URL('../../..', import.meta.url).pathname.replace(/\/$/, ''));

/**
 * For test files: makes sure that the cluster is up (starts it if needed, under a lock of the whole machine) and that
 * the newest gate is on its node, and gives the facts. Throws a Refusal where the machine can't.
 */
export async function connectRealCluster(
  say: Say = (line) => process.stderr.write(`${line}\n`),
): Promise<RealCluster> {
  const layout = ownLayout();
  await up(layout, say);
  return clusterFacts(layout);
}

/** Variables that `env` prints, for shells and other programs. */
export function kubeconfigEnvironment(facts: RealCluster): Readonly<Record<string, string>> {
  return {
    KUBECONFIG: facts.adminKubeconfig,
    ...(facts.runnerKubeconfig === undefined
      ? {}
      : { HANGAR_TESTBED_RUNNER_KUBECONFIG: facts.runnerKubeconfig }),
    HANGAR_TESTBED_SERVER: facts.server,
    HANGAR_TESTBED_REGISTRY: facts.registry,
    ...(facts.gateImage === undefined ? {} : { HANGAR_TESTBED_GATE_IMAGE: facts.gateImage }),
    HANGAR_TESTBED_NODE: facts.nodeName,
    HANGAR_TESTBED_NAMESPACE: facts.namespace,
    HANGAR_TESTBED_KUBECTL: facts.kubectl,
    HANGAR_TESTBED_STATE: facts.layout.state,
  };
}

/** Folders of the programs that people type: kubectl, and Helm as soon as it is built. */
export const programFolders = (layout: Layout): readonly string[] =>
  [programPath(layout, 'kubernetes', 'kubectl'), programPath(layout, 'helm', 'helm')].map((path) =>
    dirname(path),
  );

/** The files of Karpenter (kwok provider): program, its CRDs, and the kwok provider's CRD. Builds nothing. */
export interface KarpenterPaths {
  readonly program: string;
  readonly crdFolders: readonly string[];
  readonly examples: string;
}

/** Paths of the built Karpenter. Throws with the command that builds it when the cache lacks it. */
export async function karpenter(layout: Layout): Promise<KarpenterPaths> {
  if (!(await isBuilt(layout, partNamed('karpenter')))) {
    throw new Error('Karpenter is not built: npm run testbed -- build karpenter');
  }
  const folder = partFolder(layout, 'karpenter');
  return {
    program: programPath(layout, 'karpenter', 'karpenter-kwok'),
    crdFolders: [`${folder}/crds`, `${folder}/kwok-crds`],
    examples: `${folder}/examples`,
  };
}
