import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import type { RegistryCredentials } from '../compile/settings.ts';
import { expandImage, parseReference } from '../pipeline/image-reference.ts';
import type { ImageLookup } from '../ports/image-lookup.ts';
import { parseDockerConfig } from './docker-config.ts';

/** Where the reference of the gate's image comes from. */
export type GateSource = 'HANGAR_GATE_IMAGE' | 'beside the runner' | 'the runner' | 'the version';

/** One image that may hold the gate. */
export interface GateCandidate {
  readonly image: string;
  readonly source: GateSource;
}

/** What is known of the runner's images. */
export interface GateFacts {
  /** `HANGAR_GATE_IMAGE`; empty: not set. */
  readonly chosen: string;
  /** The runner's own image: of its Pod, else as its build recorded it; empty: not known. It holds the gate too. */
  readonly own: string;
  readonly version: string;
}

/** The image to use, and what to tell the operator; `missing`: a registry has said that none of them exists. */
export type GateChoice =
  | { readonly kind: 'chosen'; readonly image: string; readonly warnings: readonly string[] }
  | { readonly kind: 'missing'; readonly problem: string };

const RUNNER = /(^|\/)hangar-runner$/;
const SMALLER =
  'the gate is copied from the image of the runner, which every node has to pull. The image hangar-gate is smaller: push hangar-gate next to hangar-runner, or set HANGAR_GATE_IMAGE';

/** Images that may hold the gate, the best first. Pure. */
export function gateCandidates({ chosen, own, version }: GateFacts): readonly GateCandidate[] {
  if (chosen !== '') return [{ image: chosen, source: 'HANGAR_GATE_IMAGE' }];
  if (own === '') return [{ image: `hangar-gate:${version}`, source: 'the version' }];
  const beside = besideRunner(own);
  const runner: GateCandidate = { image: own, source: 'the runner' };
  return beside === undefined ? [runner] : [{ image: beside, source: 'beside the runner' }, runner];
}

/** `registry/hangar-gate:tag` for `registry/hangar-runner:tag`; a digest is another one for each image. */
function besideRunner(own: string): string | undefined {
  const reference = parseReference(own);
  if (reference === undefined || reference.tag === '' || !RUNNER.test(reference.repository)) return undefined;
  const repository = reference.repository.replace(RUNNER, '$1hangar-gate');
  return `${reference.registry}/${repository}:${reference.tag}`;
}

/**
 * The first image that exists. The runner's own image certainly does where this process runs from it; a guess is used only if a registry
 * has it.
 */
export async function chooseGate(
  facts: GateFacts,
  lookUp: (image: string) => ReturnType<ImageLookup['find']>,
): Promise<GateChoice> {
  const absent: string[] = [];
  for (const { image, source } of gateCandidates(facts)) {
    const answer = await lookUp(image);
    if (answer.kind === 'found' || source === 'the runner') return chosenImage(image, source, answer);
    if (answer.isAbsent === true) absent.push(`${image} (${source})`);
    else if (source !== 'beside the runner') return chosenImage(image, source, answer);
  }
  const cure =
    'Push the image, or name one that exists in HANGAR_GATE_IMAGE; the image hangar-runner contains the gate too';
  return {
    kind: 'missing',
    problem: `HANGAR_GATE_IMAGE: ${absent.join(', ')} does not exist in its registry. ${cure}`,
  };
}

function chosenImage(
  image: string,
  source: GateSource,
  answer: Awaited<ReturnType<ImageLookup['find']>>,
): GateChoice {
  if (source === 'the runner') return { kind: 'chosen', image, warnings: [SMALLER] };
  if (answer.kind === 'found') return { kind: 'chosen', image, warnings: [] };
  const doubt = `could not check whether the gate's image ${image} can be pulled: ${answer.why}. If it cannot, no pipeline starts: check HANGAR_GATE_IMAGE`;
  return { kind: 'chosen', image, warnings: [doubt] };
}

/** Asks registries with the credentials of the Pod's node would, with the operator's credentials. */
export function gateLookup(
  images: ImageLookup,
  credentials: readonly RegistryCredentials[],
  signal: AbortSignal,
): (image: string) => ReturnType<ImageLookup['find']> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return (image) =>
    images.find({ image: expandImage(image), os: 'linux', arch, variant: '' }, credentials, signal);
}

/** The image of the container that runs this process, as its Pod names it; empty if that can't be told. */
export async function ownImage(
  cluster: Pick<Cluster, 'get'>,
  pod: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<string> {
  if (pod.namespace === '' || pod.name === '') return '';
  try {
    const { spec } = await cluster.get<V1Pod>({ resource: RESOURCE.pods, ...pod }, signal);
    const containers = spec?.containers ?? [];
    const runner = containers.find(({ name }) => name.includes('runner')) ?? containers[0];
    return runner?.image ?? '';
  } catch (error) {
    if (isKubernetesError(error)) return '';
    throw error;
  }
}

/** Credentials of `DRONE_DOCKER_CONFIG`; none if it can't be read, which each stage reports. */
export async function operatorCredentials(
  read: () => Promise<string | undefined>,
): Promise<readonly RegistryCredentials[]> {
  try {
    return parseDockerConfig((await read()) ?? '{"auths":{}}');
  } catch {
    return [];
  }
}
