import type { Clock } from '@hangar/shared/clock';
import {
  type Cluster,
  ifPresent,
  isKubernetesError,
  podTarget,
  RESOURCE,
} from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Lease, V1Pod } from '@kubernetes/client-node';
import { requestOf } from '../admit/pod-load.ts';
import { removeNamespace } from '../launch/remove-namespace.ts';
import { removePod } from '../launch/remove-pod.ts';
import { holdsGate } from '../launch/start.ts';
import { deadOwners, type Sightings } from '../lease/dead-owners.ts';
import {
  type Intent,
  intentsOf,
  LEASE_SELECTION,
  namespacesOf,
  ownNamespacesOf,
  serverOf,
} from '../lease/lease-record.ts';
import type { FormerLife, OwnLease } from '../lease/own-lease.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import type { StageRegistry } from '../stage-registry.ts';
import type { PodWatch } from '../watch/pod-watch.ts';
import { type PodRecord, readPod } from './read-pod.ts';

/** What an adopter works with, and what it does with what it finds. */
export interface AdopterParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly lease: OwnLease;
  readonly leaseNamespace: string;
  readonly registry: StageRegistry;
  readonly podWatch: PodWatch;
  /** The Pod is ours now, as its record says: go on with it. */
  resume(pod: V1Pod, record: PodRecord): void;
  /** A stage that was about to be accepted, or has no Pod yet. */
  carryOn(intent: Intent): void;
}

/** Between two looks at the Leases. */
const LOOK_MS = 5_000;
/** An owner without any Lease must be missing at this many looks: a list may be older than a Pod. */
const MISSING_LOOKS = 2;
/** A Pod changes while it is claimed, by its kubelet; more often than this it is left for the next look. */
const CLAIM_TRIES = 5;

/**
 * Finds what dead replicas left, and takes it over: Pods by a write that only one can make, intents with their Lease. What belongs to
 * another Drone server is nobody's here: its stages have the same numbers as ours.
 */
export class Adopter {
  readonly #parts: AdopterParts;
  #sightings: Sightings = new Map();
  #missing = new Map<string, number>();
  /** Drone servers whose things were met and left alone. */
  readonly #strangers = new Set<string>();

  constructor(parts: AdopterParts) {
    this.#parts = parts;
  }

  /** What carries this replica's own name and is not in its hands: its former life's. Call it once, after the Lease was taken. */
  async adoptOwn(former: FormerLife, signal: AbortSignal): Promise<void> {
    await this.#takePods((owner) => owner === this.#parts.lease.owner, signal);
    await this.#removeEmpty(former.ownNamespaces, signal);
    for (const intent of former.intents) this.#carryOn(intent);
  }

  /** Looks again and again until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal).catch((error: unknown) => {
        if (!signal.aborted) this.#parts.log.warn({ err: error }, 'looking for dead runners failed');
      });
      await this.#parts.clock.sleep(LOOK_MS, signal);
    }
  }

  /** One look. */
  async look(signal: AbortSignal): Promise<void> {
    const { cluster, lease, leaseNamespace } = this.#parts;
    const { items } = await cluster.list<V1Lease>(
      { resource: RESOURCE.leases, namespace: leaseNamespace },
      LEASE_SELECTION,
      signal,
    );
    const { clock } = this.#parts;
    const { dead: all, sightings } = deadOwners(items, lease.name, this.#sightings, clock.monotonicMs());
    this.#sightings = sightings;
    const dead = all.filter((one) => this.#isOfOurServer(serverOf(one)));
    for (const one of dead) await this.#lookInto(one, signal);
    const deadNames = new Set(dead.map((one) => `${leaseNamespace}/${one.metadata?.name}`));
    const missing = this.#ownersWithoutLease(items);
    await this.#takePods(
      (owner) => deadNames.has(owner) || missing.has(owner) || owner === lease.owner,
      signal,
    );
    for (const one of dead)
      await this.#unlessRefused('the Lease of a dead runner could not be taken over yet', signal, () =>
        this.#inherit(one, signal),
      );
    await this.#sweep();
  }

  /** Our Lease names the namespace first: should we die as well, the next one finds it there. */
  async #lookInto(dead: V1Lease, signal: AbortSignal): Promise<void> {
    const { lease, podWatch } = this.#parts;
    const own = new Set(ownNamespacesOf(dead));
    for (const namespace of namespacesOf(dead))
      await this.#unlessRefused('the Pods of a dead runner can not be seen', signal, async () => {
        await podWatch.follow(namespace, signal);
        await lease.enter(namespace, own.has(namespace) ? 'own' : 'shared', signal);
      });
  }

  /** Its owner died between the namespace and the Pod, or between the Pod's end and that of the namespace. */
  async #removeEmpty(ownNamespaces: readonly string[], signal: AbortSignal): Promise<void> {
    const { podWatch } = this.#parts;
    for (const namespace of ownNamespaces)
      await this.#unlessRefused('whether a namespace is empty can not be seen', signal, async () => {
        await podWatch.follow(namespace, signal);
        const isEmpty = !podWatch.pods.some((pod) => pod.metadata?.namespace === namespace);
        if (isEmpty) await removeNamespace(this.#parts, namespace);
      });
  }

  /** What fails for one of the dead keeps the others from nothing, and is tried again at the next look. */
  async #unlessRefused(trouble: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      signal.throwIfAborted();
      this.#parts.log.warn({ err: error }, trouble);
    }
  }

  /** Pods that were dealt with and yet stand there, because their removal failed at the time. */
  async #sweep(): Promise<void> {
    const { clock, podWatch, registry } = this.#parts;
    const left = podWatch.pods.filter(
      (pod) => registry.isOverdue(pod.metadata?.uid ?? '', clock.now()) && !pod.metadata?.deletionTimestamp,
    );
    for (const pod of left) await removePod(this.#parts, pod, undefined);
  }

  #isOfOurServer(server: string): boolean {
    const { lease, log } = this.#parts;
    if (server === lease.server) return true;
    if (!this.#strangers.has(server))
      log.warn(
        { server, ours: lease.server },
        'a runner that is gone worked for another Drone server: its Pods and its Lease are left alone. Should it be the same server under an old name, remove them by hand',
      );
    this.#strangers.add(server);
    return false;
  }

  #ownersWithoutLease(leases: readonly V1Lease[]): ReadonlySet<string> {
    const { leaseNamespace, podWatch, lease } = this.#parts;
    // A replica under the same name that works for another Drone server has none of our Pods.
    const ours = leases.filter((one) => serverOf(one) === lease.server);
    const living = new Set(ours.map((one) => `${leaseNamespace}/${one.metadata?.name}`));
    const pods = podWatch.pods.filter((pod) => readPod(pod)?.server === lease.server);
    const owners = new Set(pods.map(ownerOf).filter((owner) => owner.startsWith(`${leaseNamespace}/`)));
    const counted = [...owners].filter((owner) => owner !== lease.owner && !living.has(owner));
    this.#missing = new Map(counted.map((owner) => [owner, (this.#missing.get(owner) ?? 0) + 1]));
    return new Set(counted.filter((owner) => (this.#missing.get(owner) ?? 0) >= MISSING_LOOKS));
  }

  async #takePods(isDead: (owner: string) => boolean, signal: AbortSignal): Promise<void> {
    for (const pod of this.#parts.podWatch.pods) {
      const record = readPod(pod);
      if (!record || !isDead(record.owner) || !this.#isOfOurServer(record.server)) continue;
      if (this.#inHand(pod, record)) continue;
      // One that can't be claimed now is met again at the next look, and keeps nobody else waiting.
      const taken = await this.#claim(pod, record, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        this.#parts.log.warn(
          { err: error, pod: pod.metadata?.name },
          'a pipeline could not be taken over yet',
        );
      });
      if (taken) this.#resume(taken);
    }
  }

  #resume(taken: V1Pod): void {
    const record = readPod(taken);
    if (record && this.#enter(record, taken)) this.#parts.resume(taken, record);
  }

  #inHand(pod: V1Pod, record: PodRecord): boolean {
    return (
      this.#parts.registry.has(record.stage.id) || this.#parts.registry.hasLanded(pod.metadata?.uid ?? '')
    );
  }

  /**
   * One write that fails if anybody was faster: also for a Pod of our own former life, since how often a stage was taken over
   * tells which versions its steps may have at the server. A Pod that merely changed is read anew.
   */
  async #claim(pod: V1Pod, record: PodRecord, signal: AbortSignal): Promise<V1Pod | undefined> {
    let known: V1Pod | undefined = pod;
    for (let turn = 0; known && turn < CLAIM_TRIES; turn++) {
      const taken = await this.#claimAsRead(known, signal);
      if (taken !== 'changed') return taken;
      known = await this.#readAgain(pod, record, signal);
    }
    return undefined;
  }

  async #claimAsRead(pod: V1Pod, signal: AbortSignal): Promise<V1Pod | 'changed' | undefined> {
    const { cluster, lease, log } = this.#parts;
    try {
      const taken = await cluster.patch<V1Pod>(podTarget(pod), claimOf(pod, lease.owner), 'merge', signal);
      log.info(
        { pod: taken.metadata?.name, from: ownerOf(pod) },
        'took over a pipeline of a runner that is gone',
      );
      return taken;
    } catch (error) {
      if (isKubernetesError(error, 404)) return undefined;
      if (isKubernetesError(error, 409)) return 'changed';
      throw error;
    }
  }

  /** Undefined when it is not the Pod of that dead owner any more. */
  async #readAgain(pod: V1Pod, record: PodRecord, signal: AbortSignal): Promise<V1Pod | undefined> {
    const now = await ifPresent(this.#parts.cluster.get<V1Pod>(podTarget(pod), signal));
    return now?.metadata?.uid === pod.metadata?.uid && now && ownerOf(now) === record.owner ? now : undefined;
  }

  #enter(record: PodRecord, pod: V1Pod): boolean {
    const { clock, registry } = this.#parts;
    const { stage, plan } = record;
    return registry.enter({
      stageId: stage.id,
      buildId: stage.buildId,
      buildNumber: plan?.buildNumber ?? 0,
      repo: plan?.repoSlug ?? '',
      stageName: stage.name,
      event: plan?.buildEvent ?? '',
      phase: holdsGate(pod) ? 'waiting' : 'starting',
      sinceMs: clock.now(),
      reason: '',
      pod: pod.metadata?.name ?? '',
      adopted: true,
      asks: requestOf(pod),
    });
  }

  /** Its intents become ours, in writing, before its Lease goes: a crash in between leaves them in both, which does no harm. */
  async #inherit(lease: V1Lease, signal: AbortSignal): Promise<void> {
    const intents = intentsOf(lease).filter((intent) => !this.#hasPod(intent.stageId));
    for (const intent of intents) await this.#parts.lease.intend(intent, signal);
    const stillThere = this.#parts.podWatch.pods.some(
      (pod) => ownerOf(pod) === `${this.#parts.leaseNamespace}/${lease.metadata?.name}`,
    );
    if (stillThere) return;
    await this.#removeEmpty(ownNamespacesOf(lease), signal);
    const target = {
      resource: RESOURCE.leases,
      namespace: this.#parts.leaseNamespace,
      name: lease.metadata?.name ?? '',
    };
    // A replica that has come back under the same name renews it: then it is not ours to remove.
    const { uid, resourceVersion } = lease.metadata ?? {};
    const unchanged = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
    const removed = await this.#parts.cluster.remove(target, unchanged, signal);
    // Of several that look, the one that removed it carries on.
    for (const intent of intents) {
      if (removed === 'removed') this.#carryOn(intent);
      else this.#parts.lease.settle(intent.stageId);
    }
  }

  #carryOn(intent: Intent): void {
    if (this.#hasPod(intent.stageId)) return this.#parts.lease.settle(intent.stageId);
    if (!this.#parts.registry.has(intent.stageId)) this.#parts.carryOn(intent);
  }

  #hasPod(stageId: number): boolean {
    return this.#parts.podWatch.pods.some((pod) => {
      const record = readPod(pod);
      return record?.stage.id === stageId && record.server === this.#parts.lease.server;
    });
  }
}

/** The new owner's name, valid only for the Pod as it was read. */
function claimOf({ metadata }: V1Pod, owner: string): Record<string, unknown> {
  const before = Number(metadata?.annotations?.[ANNOTATION.adoptions] ?? 0);
  const annotations = {
    [ANNOTATION.owner]: owner,
    [ANNOTATION.adoptions]: String(Number.isFinite(before) ? before + 1 : 1),
  };
  return { metadata: { resourceVersion: metadata?.resourceVersion, uid: metadata?.uid, annotations } };
}

const ownerOf = (pod: V1Pod): string => pod.metadata?.annotations?.[ANNOTATION.owner] ?? '';
