import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import { BoundedSet } from '@hangar/shared/bounded';
import { type Cluster, ifPresent, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { ANNOTATION, LABEL } from '../pipeline/compiled.ts';

/** What the origin of Pods is decided with. */
export interface PodOriginParts {
  readonly cluster: Pick<Cluster, 'get'>;
  readonly log: Pick<Logger, 'warn'>;
}

const KEY_BYTES = 32;
/** Pods without our signature whose origin is remembered. */
const MOST_REMEMBERED = 10_000;
/** Annotations that never change after the Pod's creation; the images of swapped containers are signed, too. */
const SIGNED: ReadonlySet<string> = new Set([
  ANNOTATION.stage,
  ANNOTATION.plan,
  ANNOTATION.server,
  ANNOTATION.draft,
  ANNOTATION.ownNamespace,
  ANNOTATION.recordVersion,
]);

/**
 * A key that is derived from the secret that runner and Drone server share: whoever has it could report stages anyway.
 *
 * @param purpose what the key is for: keys of different purposes have nothing in common
 */
export const podKeyOf = (rpcSecret: string, purpose: 'signature' | 'name'): Buffer =>
  Buffer.from(hkdfSync('sha256', rpcSecret, 'hangar.dev', `pod ${purpose}`, KEY_BYTES));

/**
 * Decides whether a runner of this installation made a Pod. Label and annotations can be written by anyone who may create Pods, so what they
 * state counts only with a signature by a key that is not in the cluster's API. A Pod without a valid one, which is of an earlier version or
 * was made before `DRONE_RPC_SECRET` was changed, is ours if it owns the Secret that bears its name: owners are recorded by uid, and
 * creating that Secret needs a right of its own.
 */
export class PodOrigin {
  readonly #parts: PodOriginParts;
  /** An object of Node's: from a buffer, each signature would take five times as long (measured). */
  readonly #key: KeyObject;
  /** By the object as it was read: it is frozen, and a changed Pod is another object. */
  readonly #signed = new WeakMap<V1Pod, boolean>();
  readonly #ours = new BoundedSet<string>(MOST_REMEMBERED);
  /** Uid and version of Pods that are not ours. */
  readonly #foreign = new BoundedSet<string>(MOST_REMEMBERED);
  readonly #warned = new BoundedSet<string>(MOST_REMEMBERED);

  constructor(parts: PodOriginParts, key: Buffer) {
    this.#parts = parts;
    this.#key = createSecretKey(key);
  }

  /** The Pod with its signature. */
  sign(pod: V1Pod, namespace: string): V1Pod {
    const signature = this.#signatureOf(pod, namespace);
    const annotations = { ...pod.metadata?.annotations, [ANNOTATION.signature]: signature };
    return { ...pod, metadata: { ...pod.metadata, annotations } };
  }

  /** Whether a runner made this Pod. Rejects if that can't be determined now. */
  async isOurs(pod: V1Pod, signal: AbortSignal): Promise<boolean> {
    const { uid = '', resourceVersion = '' } = pod.metadata ?? {};
    if (this.isKnown(pod)) return true;
    // A Pod that has changed since may have got its Secret: a runner of an earlier version creates that after the Pod.
    const seen = `${uid}/${resourceVersion}`;
    if (this.#foreign.has(seen)) return false;
    if (await this.#ownsSecret(pod, signal)) {
      this.#ours.add(uid);
      return true;
    }
    this.#foreign.add(seen);
    this.#warn(pod);
    return false;
  }

  /** Once for each Pod. */
  #warn({ metadata }: V1Pod): void {
    const { uid = '', namespace, name } = metadata ?? {};
    if (this.#warned.has(uid)) return;
    this.#warned.add(uid);
    this.#parts.log.warn(
      { namespace, pod: name },
      'a Pod has the label of the runner, but was not created by a runner: the Pod and its annotations are ignored',
    );
  }

  /** Of these, those that are known to be a runner's, without a call: signed, or found to be ours by {@link isOurs}. */
  known(pods: readonly V1Pod[]): readonly V1Pod[] {
    return pods.filter((pod) => this.isKnown(pod));
  }

  isKnown(pod: V1Pod): boolean {
    return this.#isSigned(pod) || this.#ours.has(pod.metadata?.uid ?? '');
  }

  /** Those that a runner made. */
  async oursOf(pods: readonly V1Pod[], signal: AbortSignal): Promise<readonly V1Pod[]> {
    const ours: V1Pod[] = [];
    for (const pod of pods) if (await this.isOurs(pod, signal)) ours.push(pod);
    return ours;
  }

  #isSigned(pod: V1Pod): boolean {
    const known = this.#signed.get(pod);
    if (known !== undefined) return known;
    const found = Buffer.from(pod.metadata?.annotations?.[ANNOTATION.signature] ?? '');
    const right = Buffer.from(this.#signatureOf(pod, pod.metadata?.namespace ?? ''));
    const isSigned = found.length === right.length && timingSafeEqual(found, right);
    this.#signed.set(pod, isSigned);
    return isSigned;
  }

  #signatureOf({ metadata }: V1Pod, namespace: string): string {
    const annotations = Object.entries(metadata?.annotations ?? {})
      .filter(([key]) => SIGNED.has(key) || key.startsWith(ANNOTATION.imagePrefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const signed = [namespace, metadata?.name, metadata?.labels?.[LABEL.stageId], annotations];
    return createHmac('sha256', this.#key).update(JSON.stringify(signed)).digest('hex');
  }

  async #ownsSecret({ metadata }: V1Pod, signal: AbortSignal): Promise<boolean> {
    const { uid, namespace = 'default', name = '' } = metadata ?? {};
    const target = { resource: RESOURCE.secrets, namespace, name };
    const secret = await ifPresent(this.#parts.cluster.get<V1Secret>(target, signal)).catch(
      (error: unknown) => {
        if (isKubernetesError(error, 403)) return undefined;
        throw error;
      },
    );
    return secret?.metadata?.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
  }
}
