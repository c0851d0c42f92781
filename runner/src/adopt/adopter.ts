import { Backoff, type BackoffPolicy } from '@hangar/shared/backoff';
import { BoundedSet } from '@hangar/shared/bounded';
import type { Clock } from '@hangar/shared/clock';
import { type Cluster, isKubernetesError, podTarget, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Lease, V1Pod } from '@kubernetes/client-node';
import { requestOf } from '../admit/pod-load.ts';
import type { PodOrigin } from '../launch/pod-origin.ts';
import { removeNamespace } from '../launch/remove-namespace.ts';
import { removePod } from '../launch/remove-pod.ts';
import { holdsGate } from '../launch/start.ts';
import { deadOwners, type Observations } from '../lease/dead-owners.ts';
import { holderOf, termMsOf } from '../lease/holder.ts';
import type { PreviousProcess } from '../lease/lease-record.ts';
import {
  type Intent,
  inherited,
  LEASE_SELECTION,
  namespacesOf,
  openIntentsOf,
  ownNamespacesOf,
  serverOf,
} from '../lease/lease-record.ts';
import type { ReplicaRecord } from '../lease/replica-record.ts';
import type { StageRegistry } from '../stage-registry.ts';
import { currentPodOnce } from '../watch/current-pod.ts';
import type { PodWatch } from '../watch/pod-watch.ts';
import { POD_SELECTION } from './fresh-owners.ts';
import { IntentTransfer } from './intent-transfer.ts';
import { claimOf, ownerOf, serverOfPod } from './pod-owner.ts';
import { isOfNewerRunner, type PodRecord, readPod, stageIdOf } from './read-pod.ts';
import { RecordedStages } from './recorded-stages.ts';

/** What an adopter works with, and what it does with what it finds. */
export interface AdopterParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly lease: ReplicaRecord;
  readonly leaseNamespace: string;
  readonly registry: StageRegistry;
  readonly podWatch: PodWatch;
  readonly origin: PodOrigin;
  /** This replica owns the Pod now: continues its stage. */
  resume(pod: V1Pod, record: PodRecord): void;
  /** Continues a recorded stage that has no Pod. */
  carryOn(intent: Intent): void;
}

/** Between two rounds. */
const INTERVAL_MS = 1_000;
/** While they can't be listed. */
const TROUBLED: BackoffPolicy = { firstDelayMs: INTERVAL_MS, maxDelayMs: 5_000 };
/** An owner without any Lease must be missing in this many rounds: a list may be older than a Pod. */
const MISSING_ROUNDS = 5;
/** A Pod changes while it is claimed, by its kubelet; more often than this it is left for the next round. */
const CLAIM_TRIES = 5;
/** Pods of newer versions whose warning is remembered. */
const MOST_NEWER = 1_000;
/** Pods that are claimed at the same time: each claim waits for a response of the API server. */
const CLAIMS_AT_ONCE = 16;

/**
 * Finds what dead replicas left, and takes it over. A stage is recorded in the own Lease first; then a write that only one replica can
 * make decides who has it: on the Pod, or for a stage without a Pod on the dead replica's Lease. Stages of another Drone server are left
 * alone: they have the same ids as ours.
 */
export class Adopter {
  readonly #parts: AdopterParts;
  #observations: Observations = new Map();
  #missing = new Map<string, number>();
  /** Names of Leases that are not renewed. */
  #deadNames: ReadonlySet<string> = new Set();
  /** Owners whose Lease is renewed. */
  #running: ReadonlySet<string> = new Set();
  /** Dead owners that did not release their Lease. */
  #lost = new Set<string>();
  /** By stage of a dead owner, the runners that were lost in a row while they prepared it. */
  #deaths: ReadonlyMap<number, number> = new Map();
  readonly #transfer: IntentTransfer;
  readonly #recorded: RecordedStages;
  /** Uids of Pods of a newer version of the runner that were met and left alone. */
  readonly #newer = new BoundedSet<string>(MOST_NEWER);
  /** Drone servers whose things were met and left alone. */
  readonly #otherServers = new Set<string>();

  constructor(parts: AdopterParts) {
    this.#parts = parts;
    this.#transfer = new IntentTransfer(parts);
    this.#recorded = new RecordedStages(parts, this.#transfer);
  }

  /** What carries this replica's own name and is not in its hands: its previous process's. Call it once, after the Lease was taken. */
  async adoptOwn(former: PreviousProcess, signal: AbortSignal): Promise<void> {
    if (former.isLost) this.#lost.add(this.#parts.lease.owner);
    await this.takePods((owner) => owner === this.#parts.lease.owner, signal);
    this.#lost.delete(this.#parts.lease.owner);
    await this.#removeEmpty(former.ownNamespaces, signal);
    // What fails now is done by the first round: no error of the API may end the process.
    await this.#unlessRefused('the recorded stages could not be continued yet', signal, () =>
      this.#carryOnRecorded(signal),
    );
  }

  /** Reconciles every second until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    const backoff = new Backoff(clock, TROUBLED);
    while (!signal.aborted) {
      try {
        await this.reconcile(signal);
        backoff.reset();
        await clock.sleep(INTERVAL_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        // One line for trouble that lasts.
        if (backoff.failures === 0) log.warn({ err: error }, 'listing the Leases of other runners failed');
        await backoff.pause(signal, isKubernetesError(error) ? error.retryAfterMs : 0);
      }
    }
  }

  /** One round. */
  async reconcile(signal: AbortSignal): Promise<void> {
    const { clock, lease } = this.#parts;
    const items = await this.#leases(signal);
    const { dead: all, observations } = deadOwners(
      items,
      lease.name,
      this.#observations,
      clock.monotonicMs(),
    );
    this.#observations = observations;
    this.#transfer.decideBy(items, all);
    this.#deadNames = new Set(all.map(({ metadata }) => metadata?.name ?? ''));
    const dead = all.filter((one) => this.#isOfOurServer(serverOf(one)));
    const seen = new Set<V1Lease>();
    for (const one of dead) if (await this.#followPodsOf(one, signal)) seen.add(one);
    this.#lost = new Set(dead.filter(isLost).map((one) => this.#ownerNamed(one)));
    this.#deaths = deathsByStage(dead);
    const deadNames = new Set(dead.map((one) => this.#ownerNamed(one)));
    this.#running = new Set(items.filter((one) => !all.includes(one)).map((one) => this.#ownerNamed(one)));
    const missing = this.#ownersWithoutLease(items);
    await this.takePods(
      (owner) => deadNames.has(owner) || missing.has(owner) || owner === lease.owner,
      signal,
    );
    for (const one of seen)
      await this.#unlessRefused('the Lease of a dead runner could not be taken over yet', signal, () =>
        this.#takeOverLease(one, signal),
      );
    await this.#carryOnRecorded(signal);
    await this.sweep();
  }

  /**
   * Watches the Pods of a dead replica. The own Lease names their namespaces first: if this replica is lost as well, the next one finds them
   * there.
   *
   * @returns false when they can't be listed now: then nobody knows which stages have a Pod
   */
  async #followPodsOf(dead: V1Lease, signal: AbortSignal): Promise<boolean> {
    const { lease, podWatch } = this.#parts;
    const own = new Set(ownNamespacesOf(dead));
    let isSeen = true;
    for (const namespace of namespacesOf(dead))
      await this.#unlessRefused('the Pods of a dead runner could not be listed', signal, async () => {
        await podWatch.follow(namespace, signal).catch((error: unknown) => {
          isSeen &&= isKubernetesError(error, 403, 404);
          throw error;
        });
        await lease.enter(namespace, own.has(namespace) ? 'own' : 'shared', signal);
      });
    return isSeen;
  }

  /**
   * Its owner died between the namespace and the Pod, or between the Pod's end and that of the namespace. Everything in it goes with it: the
   * Pods are listed anew, since the watch may be silent.
   */
  async #removeEmpty(ownNamespaces: readonly string[], signal: AbortSignal): Promise<void> {
    const { podWatch, cluster } = this.#parts;
    for (const namespace of ownNamespaces)
      await this.#unlessRefused('could not determine whether a namespace is empty', signal, async () => {
        await podWatch.follow(namespace, signal);
        if (podWatch.pods.some((pod) => pod.metadata?.namespace === namespace)) return;
        const { items } = await cluster.list<V1Pod>(
          { resource: RESOURCE.pods, namespace },
          POD_SELECTION,
          signal,
        );
        if (items.length === 0) await removeNamespace(this.#parts, { name: namespace, uid: undefined });
      });
  }

  /** What fails for one of the dead keeps the others from nothing, and is tried again in the next round. */
  async #unlessRefused(trouble: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      signal.throwIfAborted();
      this.#parts.log.warn({ err: error }, trouble);
    }
  }

  /** Pods that were dealt with and yet stand there, because their removal failed at the time. */
  async sweep(): Promise<void> {
    const { clock, podWatch, registry } = this.#parts;
    const left = podWatch.pods.filter(
      (pod) =>
        registry.isOverdue(pod.metadata?.uid ?? '', clock.monotonicMs()) && !pod.metadata?.deletionTimestamp,
    );
    for (const pod of left) await removePod(this.#parts, pod, undefined);
  }

  #isOfOurServer(server: string): boolean {
    const { lease, log } = this.#parts;
    if (server === lease.server) return true;
    if (!this.#otherServers.has(server))
      log.warn(
        { server, ours: lease.server },
        'a runner that is no longer running belonged to another Drone server: its Pods and its Lease are ignored. If it is the same server under an old name, remove them by hand',
      );
    this.#otherServers.add(server);
    return false;
  }

  #leaveToNewer({ metadata }: V1Pod): void {
    const uid = metadata?.uid ?? '';
    if (this.#newer.has(uid)) return;
    this.#newer.add(uid);
    this.#parts.log.warn({ pod: metadata?.name }, 'a Pod of a newer version of the runner is ignored');
  }

  #ownersWithoutLease(leases: readonly V1Lease[]): ReadonlySet<string> {
    const { leaseNamespace, podWatch, lease } = this.#parts;
    // A replica under the same name that works for another Drone server has none of our Pods.
    const ours = leases.filter((one) => serverOf(one) === lease.server);
    const living = new Set(ours.map((one) => `${leaseNamespace}/${one.metadata?.name}`));
    const pods = podWatch.pods.filter((pod) => serverOfPod(pod) === lease.server);
    const owners = new Set(pods.map(ownerOf).filter((owner) => owner.startsWith(`${leaseNamespace}/`)));
    const counted = [...owners].filter((owner) => owner !== lease.owner && !living.has(owner));
    this.#missing = new Map(counted.map((owner) => [owner, (this.#missing.get(owner) ?? 0) + 1]));
    return new Set(counted.filter((owner) => (this.#missing.get(owner) ?? 0) >= MISSING_ROUNDS));
  }

  /** Takes over the Pods of owners that are gone. */
  async takePods(isDead: (owner: string) => boolean, signal: AbortSignal): Promise<void> {
    for (const pod of this.#parts.podWatch.pods) if (isOfNewerRunner(pod)) this.#leaveToNewer(pod);
    // Whole records are read last: this runs every second, over all Pods.
    const waiting = this.#parts.podWatch.pods.filter(
      (pod) =>
        isDead(ownerOf(pod)) &&
        !this.#inHand(pod) &&
        this.#isOfOurServer(serverOfPod(pod)) &&
        readPod(pod) !== undefined,
    );
    const claim = async (): Promise<void> => {
      for (let pod = waiting.shift(); pod; pod = waiting.shift()) await this.#take(pod, signal);
    };
    await Promise.all(Array.from({ length: CLAIMS_AT_ONCE }, claim));
  }

  /** One that can't be claimed now is met again in the next round, and keeps no other waiting. */
  async #take(pod: V1Pod, signal: AbortSignal): Promise<void> {
    const { lease, log, origin } = this.#parts;
    const record = readPod(pod);
    if (!record) return;
    const { id: stageId, buildId, machine } = record.stage;
    try {
      if (!(await origin.isOurs(pod, signal))) return;
      const deaths = this.#deaths.get(stageId);
      const intent = { stageId, buildId, machine, ...(deaths !== undefined && { deaths }) };
      // A stage that can't be recorded is left to another replica, or until there is room.
      if (!lease.has(stageId) && lease.isFull) return;
      if (!lease.has(stageId)) await lease.intend(intent, signal);
      const taken = await this.#claim(pod, record, signal);
      if (taken) this.#resume(taken);
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ err: error, pod: pod.metadata?.name }, 'a pipeline could not be taken over yet');
    }
  }

  #resume(taken: V1Pod): void {
    const record = readPod(taken);
    if (record && this.#enter(record, taken)) this.#parts.resume(taken, record);
  }

  #inHand(pod: V1Pod): boolean {
    const { registry } = this.#parts;
    return registry.hasLanded(pod.metadata?.uid ?? '') || registry.has(stageIdOf(pod));
  }

  /**
   * One write that fails if anybody was faster: also for a Pod of our own previous process, since how often a stage was taken over
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
    const isLost = this.#lost.has(ownerOf(pod));
    const claim = claimOf(pod, { owner: lease.owner, isLost });
    try {
      const taken = await cluster.patch<V1Pod>(podTarget(pod), claim, 'merge', signal);
      log.info(
        { pod: taken.metadata?.name, from: ownerOf(pod) },
        'took over a pipeline of a runner that is no longer running',
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
    const now = await currentPodOnce(this.#parts.cluster, pod, signal);
    return now.kind === 'present' && ownerOf(now.pod) === record.owner ? now.pod : undefined;
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

  /** Takes over what a dead replica recorded, and removes its Lease when nothing of it is left and nobody has to read its marks any more. */
  async #takeOverLease(lease: V1Lease, signal: AbortSignal): Promise<void> {
    const known = await this.#transfer.takeOver(lease, signal);
    const owned = this.#parts.podWatch.pods.filter((pod) => ownerOf(pod) === this.#ownerNamed(lease));
    const ours = await this.#parts.origin.oursOf(owned, signal);
    const isLeft = openIntentsOf(known).length > 0 || ours.length > 0;
    if (isLeft || (this.#transfer.marksOthers(known, this.#running) && !this.#isOld(known))) return;
    await this.#removeEmpty(ownNamespacesOf(known), signal);
    // A replica that has come back under the same name renews it: then it is not ours to remove.
    const { uid, resourceVersion } = known.metadata ?? {};
    const unchanged = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
    const { leaseNamespace: namespace, cluster } = this.#parts;
    await cluster.remove(
      { resource: RESOURCE.leases, namespace, name: lease.metadata?.name ?? '' },
      unchanged,
      signal,
    );
  }

  /** Whether a Lease has not changed for its term: a replica that has not read it by then has lost its own. */
  #isOld(lease: V1Lease): boolean {
    const observation = this.#observations.get(lease.metadata?.name ?? '');
    if (observation === undefined || observation.version !== lease.metadata?.resourceVersion) return false;
    return this.#parts.clock.monotonicMs() - observation.sinceMs > termMsOf(lease);
  }

  #ownerNamed(lease: V1Lease): string {
    return `${this.#parts.leaseNamespace}/${lease.metadata?.name}`;
  }

  #carryOnRecorded(signal: AbortSignal): Promise<void> {
    const others = { running: this.#running, deadNames: this.#deadNames };
    return this.#recorded.carryOn(others, () => this.#leases(signal), signal);
  }

  async #leases(signal: AbortSignal): Promise<readonly V1Lease[]> {
    const { cluster, leaseNamespace: namespace } = this.#parts;
    const target = { resource: RESOURCE.leases, namespace };
    return (await cluster.list<V1Lease>(target, LEASE_SELECTION, signal)).items;
  }
}

/** Whether the owner of a Lease that is not renewed did not release it. */
const isLost = (lease: V1Lease): boolean => holderOf(lease) !== '';

function deathsByStage(dead: readonly V1Lease[]): ReadonlyMap<number, number> {
  const intents = dead.flatMap((lease) => openIntentsOf(lease).map((one) => inherited(one, isLost(lease))));
  return new Map(intents.flatMap(({ stageId, deaths }) => (deaths === undefined ? [] : [[stageId, deaths]])));
}
