import {
  type Cluster,
  ifPresent,
  isKubernetesError,
  KubernetesError,
  RESOURCE,
} from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Namespace, V1Pod, V1Secret } from '@kubernetes/client-node';
import { ANNOTATION, type Compiled, LABEL, NO_UID, recordVersionOf } from '../pipeline/compiled.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { type PatientParts, patiently } from './patiently.ts';
import type { PodOrigin } from './pod-origin.ts';
import { refusalOf } from './refusals.ts';
import { removePod } from './remove-pod.ts';

/**
 * `launched`: the Pod (with its scheduling gate) and the Secrets exist. `quota`: the quota of the namespace is exhausted, so the caller
 * must wait. `exists`: an earlier process of this replica has created a Pod of this stage with other contents. `taken`: another replica has
 * created one.
 */
export type Launched =
  | { readonly kind: 'launched' | 'exists' | 'taken'; readonly pod: V1Pod }
  | { readonly kind: 'quota'; readonly text: string };

/** The dependencies of {@link launch}. */
export interface LaunchParts extends PatientParts {
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly origin: PodOrigin;
}

const FIRST_DELAY_MS = 100;
const NAMESPACE_PAUSE_MS = 1_000;
/** A service account exists about a second after its namespace; if it is missing for longer, the configuration is wrong. */
const SOON_MS = 30_000;

/**
 * Creates the Pod, then the objects that it owns, so that no crash leaves a Secret behind: a scheduling gate holds the Pod until then.
 * Each write may be repeated: the annotations of a Pod with that name show whether it is ours.
 *
 * @param by this replica: its Lease as `<namespace>/<lease>`, its Drone server, and labels of its Pods
 * @throws {PipelineError} when the API server rejects an object for its contents; the Pod is then removed again
 */
export async function launch(
  parts: LaunchParts,
  compiled: Compiled,
  by: {
    readonly owner: string;
    readonly server: string;
    readonly labels?: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<Launched> {
  const annotations = {
    ...compiled.pod.metadata?.annotations,
    [ANNOTATION.owner]: by.owner,
    [ANNOTATION.server]: by.server,
    [ANNOTATION.draft]: compiled.plan.nonce,
    [ANNOTATION.recordVersion]: String(recordVersionOf(compiled.plan)),
  };
  const labels = { ...compiled.pod.metadata?.labels, ...by.labels };
  const wanted: V1Pod = { ...compiled.pod, metadata: { ...compiled.pod.metadata, annotations, labels } };
  const made = compiled.createNamespace
    ? await makePodInOwnNamespace(parts, compiled, wanted, signal)
    : await makePod(parts, compiled, wanted, signal);
  if (made.kind !== 'made') return made;
  const { pod } = made;
  try {
    const spent = await makeSecrets(parts, compiled, pod, signal);
    if (!spent) return { kind: 'launched', pod };
    await removePod({ ...parts, lease: by }, pod, 0);
    return spent;
  } catch (error) {
    await removePod({ ...parts, lease: by }, pod, 0);
    throw error;
  }
}

interface Existing {
  readonly kind: 'exists';
}

interface NamespaceMade {
  readonly kind: 'namespace';
  readonly uid: string | undefined;
}

const EXISTS: Existing = { kind: 'exists' };

type Made = { readonly kind: 'made'; readonly pod: V1Pod } | Exclude<Launched, { kind: 'launched' }>;

/** Waits while a namespace of that name, of an earlier attempt or another process, is being deleted: no Pod can be created in it. */
async function makePodInOwnNamespace(
  parts: LaunchParts,
  compiled: Compiled,
  wanted: V1Pod,
  signal: AbortSignal,
): Promise<Made> {
  for (;;) {
    const { metadata } = wanted;
    const uid = await makeNamespace(parts, compiled, signal);
    const annotations = { ...metadata?.annotations, [ANNOTATION.ownNamespace]: uid ?? NO_UID };
    try {
      return await makePod(parts, compiled, { ...wanted, metadata: { ...metadata, annotations } }, signal);
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
      await parts.clock.sleep(NAMESPACE_PAUSE_MS, signal);
      signal.throwIfAborted();
    }
  }
}

/** `... because it is being terminated`, or it was deleted between the two writes. */
function isNamespaceTerminating(error: unknown): boolean {
  const { cause } = error instanceof PipelineError ? error : {};
  const isTerminated = isKubernetesError(cause, 403) && cause.message.includes('being terminated');
  return isTerminated || isKubernetesError(cause, 404);
}

function makePod(
  parts: LaunchParts,
  compiled: Compiled,
  unsigned: V1Pod,
  signal: AbortSignal,
): Promise<Made> {
  const { namespace, createNamespace } = compiled;
  const wanted = parts.origin.sign(unsigned, namespace);
  const target = { resource: RESOURCE.pods, namespace };
  const made = (pod: V1Pod): Made => ({ kind: 'made', pod });
  const write = (): Promise<Made> => parts.cluster.create<V1Pod>(target, wanted, signal).then(made);
  const exists = (): Promise<Made | undefined> => podOfThatName(parts, wanted, namespace, signal);
  return create(parts, { noun: 'Pod', patient: createNamespace }, { write, exists }, signal);
}

/**
 * Reads the Pod that already has the name. The name is derived from the stage, so that there can't be two Pods of one stage: the Pod comes
 * from an earlier attempt whose response was lost, or from another process.
 *
 * @returns undefined when it is gone or being deleted, so that the name will be free
 * @throws {PipelineError} when it belongs to another stage, or no runner made it: it must not be changed
 */
async function podOfThatName(
  parts: LaunchParts,
  wanted: V1Pod,
  namespace: string,
  signal: AbortSignal,
): Promise<Made | undefined> {
  const name = wanted.metadata?.name ?? '';
  const pod = await ifPresent(parts.cluster.get<V1Pod>({ resource: RESOURCE.pods, namespace, name }, signal));
  if (!pod) return undefined;
  if (!isOfSameStage(pod, wanted) || !(await parts.origin.isOurs(pod, signal)))
    throw new PipelineError(
      'name-taken',
      `the name of the Pod, ${name}, belongs to a Pod that this runner did not create; restart the build`,
      { blame: 'cluster' },
    );
  if (pod.metadata?.deletionTimestamp) return undefined;
  if (!isSame(ANNOTATION.owner, pod, wanted)) return { kind: 'taken', pod };
  return { kind: isSame(ANNOTATION.draft, pod, wanted) ? 'made' : 'exists', pod };
}

const isSame = (annotation: string, { metadata: found }: V1Pod, { metadata: wanted }: V1Pod): boolean =>
  found?.annotations?.[annotation] === wanted?.annotations?.[annotation];

const isOfSameStage = (found: V1Pod, wanted: V1Pod): boolean =>
  found.metadata?.labels?.[LABEL.stageId] === wanted.metadata?.labels?.[LABEL.stageId] &&
  isSame(ANNOTATION.server, found, wanted);

async function makeSecrets(
  parts: LaunchParts,
  compiled: Compiled,
  pod: V1Pod,
  signal: AbortSignal,
): Promise<Extract<Launched, { kind: 'quota' }> | undefined> {
  const { namespace, secrets, pullSecret } = compiled;
  const target = { resource: RESOURCE.secrets, namespace };
  for (const secret of pullSecret ? [...secrets, pullSecret] : secrets) {
    const whole = owned(secret, pod);
    const about = { noun: 'Secret', patient: false };
    const write = (): Promise<Existing> => parts.cluster.create(target, whole, signal).then(() => EXISTS);
    const exists = (): Promise<Existing | undefined> => secretOf(parts, whole, { namespace, pod }, signal);
    const made = await create(parts, about, { write, exists }, signal);
    if (made.kind === 'quota') return made;
  }
  return undefined;
}

/**
 * Reads the Secret that already has the name: from an earlier attempt, or from an earlier Pod of the stage, which Kubernetes is about to
 * remove. Where Secrets may not be read, it is removed, so that the next attempt creates it.
 */
async function secretOf(
  { cluster }: LaunchParts,
  { metadata: wanted }: V1Secret,
  { namespace, pod }: { readonly namespace: string; readonly pod: V1Pod },
  signal: AbortSignal,
): Promise<Existing | undefined> {
  const target = { resource: RESOURCE.secrets, namespace, name: wanted?.name ?? '' };
  const found = await ifPresent(cluster.get<V1Secret>(target, signal)).catch(async (error: unknown) => {
    if (!isKubernetesError(error, 403)) throw error;
    // The previous runner's Role grants no get, but delete. The uid is not known, since a creation that is refused returns none; no other
    // Pod uses the name, and this one has not started.
    await cluster.remove(target, {}, signal);
    return undefined;
  });
  const isOurs = found?.metadata?.ownerReferences?.some(({ uid }) => uid === pod.metadata?.uid);
  return isOurs ? EXISTS : undefined;
}

/** @returns its uid; undefined if it existed and may not be read */
async function makeNamespace(
  parts: LaunchParts,
  { namespace: name, pod }: Compiled,
  signal: AbortSignal,
): Promise<string | undefined> {
  const labels = pod.metadata?.labels ?? {};
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  const target = { resource: RESOURCE.namespaces };
  const about = { noun: 'namespace', patient: false };
  const namespace = (found: V1Namespace): NamespaceMade => ({ kind: 'namespace', uid: found.metadata?.uid });
  const write = () => parts.cluster.create<V1Namespace>(target, object, signal).then(namespace);
  const exists = () => namespaceOf(parts, { name, stageId: labels[LABEL.stageId] }, signal);
  const made = await create<NamespaceMade>(parts, about, { write, exists }, signal);
  // No ResourceQuota counts namespaces: a webhook has rejected it, and waiting would not help.
  if (made.kind === 'quota') throw new PipelineError('right-missing', made.text, { blame: 'operator' });
  return made.uid;
}

/** Reads the namespace that already has the name: from an earlier attempt, since others can't compute the name. */
async function namespaceOf(
  { cluster }: LaunchParts,
  { name, stageId }: { readonly name: string; readonly stageId: string | undefined },
  signal: AbortSignal,
): Promise<NamespaceMade | undefined> {
  try {
    const found = await cluster.get<V1Namespace>({ resource: RESOURCE.namespaces, name }, signal);
    const { uid, labels } = found.metadata ?? {};
    if (labels?.[LABEL.stageId] === stageId) return { kind: 'namespace', uid };
  } catch (error) {
    if (isKubernetesError(error, 404)) return undefined;
    if (isKubernetesError(error, 403)) return { kind: 'namespace', uid: undefined };
    throw error;
  }
  const text = `the namespace ${name} exists, and this runner did not make it; restart the build`;
  throw new PipelineError('name-taken', text, { blame: 'cluster' });
}

/** Sets the Pod as the owner, so that Kubernetes removes the Secret with it; the deletion of the Pod does not wait for that. */
function owned(secret: V1Secret, pod: V1Pod): V1Secret {
  const owner = {
    apiVersion: 'v1',
    kind: 'Pod',
    name: pod.metadata?.name ?? '',
    uid: pod.metadata?.uid ?? '',
    blockOwnerDeletion: false,
  };
  return { ...secret, metadata: { ...secret.metadata, ownerReferences: [owner] } };
}

/** One creation: the write, and what to return if the name is taken (undefined: retry). */
interface Creation<T> {
  write(): Promise<T>;
  exists(): Promise<T | undefined>;
}

/** Retries like every call, and while something missing will soon exist (known issue 60: in a new namespace). */
async function create<T>(
  parts: LaunchParts,
  about: { noun: string; patient: boolean },
  creation: Creation<T>,
  signal: AbortSignal,
): Promise<T | Extract<Launched, { kind: 'quota' }>> {
  const { clock } = parts;
  const { noun, patient } = about;
  const patientUntilMs = clock.monotonicMs() + (patient ? SOON_MS : 0);
  const passes = (error: unknown): boolean => {
    const { kind } = refusalOf(error, noun);
    return kind === 'later' || (kind === 'soon' && clock.monotonicMs() < patientUntilMs);
  };
  const denies = (error: unknown): boolean => refusalOf(error, noun).kind === 'denied';
  const call = { what: `create the ${noun}`, passes, denies, firstDelayMs: FIRST_DELAY_MS };
  try {
    return await patiently(parts, call, signal, () => writeOrFind(creation, noun));
  } catch (error) {
    const refusal = refusalOf(error, noun);
    if (refusal.kind === 'quota') return refusal;
    throw 'error' in refusal ? refusal.error : error;
  }
}

async function writeOrFind<T>(creation: Creation<T>, noun: string): Promise<T> {
  try {
    return await creation.write();
  } catch (error) {
    if (refusalOf(error, noun).kind !== 'exists') throw error;
    const found = await creation.exists();
    if (found === undefined)
      throw new KubernetesError(409, 'Conflict', `the previous ${noun} of that name is being deleted`);
    return found;
  }
}
