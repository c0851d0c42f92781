import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@hangar/shared/clock';
import { keyOf, type ObjectApi } from '../api/object-api.ts';
import { type Container, isFinished, type Pod } from '../api/pod.ts';
import { PODS } from '../api/resources.ts';
import { unlessRefused } from '../api/status-errors.ts';
import type { EventRecorder } from '../control/event-recorder.ts';
import { ContainerSlot } from './container-slot.ts';
import type { ImageStore, RecordEvent } from './image-store.ts';
import type { Launcher } from './launcher.ts';
import { podStatusOf } from './pod-status.ts';
import { startContainer } from './start-container.ts';
import type { KubeletTiming } from './timing.ts';
import { MountError, PodVolumes } from './volumes.ts';

export interface PodRunnerParts {
  readonly clock: Clock;
  readonly api: ObjectApi;
  readonly events: EventRecorder;
  readonly launcher: Launcher;
  readonly images: ImageStore;
  readonly timing: KubeletTiming;
  readonly folder: string;
  readonly hostFolder: string;
  /** The node's kubelet is away: nothing is started, nothing is reported. */
  readonly isSilent: () => boolean;
  readonly onGone: () => void;
}

/** Why the kubelet ends a Pod of its own accord. */
export interface Termination {
  readonly reason: string;
  readonly message: string;
}

/**
 * One Pod on its node. Like the kubelet's pod worker it has one loop, `sync`, that looks at what is and does the next
 * thing; while it pulls or waits for a container to stop it does nothing else.
 */
export class PodRunner {
  readonly inits: ContainerSlot[];
  readonly containers: ContainerSlot[];
  private readonly parts: PodRunnerParts;
  private readonly volumes: PodVolumes;
  /** Volumes that are images: each is pulled like a container's image, before the first container. */
  private readonly imageVolumes: ContainerSlot[];
  private readonly startedAtMs: number;
  private readonly callOffs = new Set<() => void>();
  private pod: Pod;
  private sandbox = false;
  private finished = false;
  private removed = false;
  private syncing = false;
  private syncAgain = false;
  private termination: Termination | undefined;

  constructor(parts: PodRunnerParts, pod: Pod) {
    const { initContainers = [], containers } = pod.spec;
    this.parts = parts;
    this.pod = pod;
    this.startedAtMs = parts.clock.now();
    const waiting = { reason: initContainers.length > 0 ? 'PodInitializing' : 'ContainerCreating' };
    this.inits = initContainers.map((container) => new ContainerSlot(container, waiting));
    this.containers = containers.map((container) => new ContainerSlot(container, waiting));
    this.volumes = new PodVolumes(parts.api.store, join(parts.folder, 'volumes'), parts.hostFolder);
    this.imageVolumes = (pod.spec.volumes ?? []).flatMap((volume) => imageVolumeSlot(volume));
    mkdirSync(parts.folder, { recursive: true });
    this.armDeadline();
  }

  get current(): Pod {
    return this.pod;
  }

  /** The Pod has changed in the API. */
  update(pod: Pod): void {
    const before = this.pod;
    this.pod = pod;
    if (pod.spec.activeDeadlineSeconds !== before.spec.activeDeadlineSeconds) this.armDeadline();
    const shown = ({ metadata: { generation, annotations, labels } }: Pod): unknown[] => [
      generation,
      annotations,
      labels,
    ];
    if (!isDeepStrictEqual(shown(pod), shown(before))) this.syncSoon();
  }

  /** The Pod is gone from the API, for whatever reason: its processes are killed too. */
  kill(): void {
    if (this.removed) return;
    this.removed = true;
    for (const callOff of this.callOffs) callOff();
    for (const slot of this.all()) slot.run?.signal('SIGKILL');
    if (!this.syncing) void this.remove();
  }

  /** The kubelet ends the Pod of its own accord (eviction, deadline). */
  terminate(termination: Termination): void {
    this.termination ??= termination;
    this.syncSoon();
  }

  slot(container: string): ContainerSlot | undefined {
    return this.all().find((slot) => slot.container.name === container);
  }

  /** Schedules a sync of the Pod, now or after a while; syncs never overlap. */
  syncSoon(delayMs = 0): void {
    if (this.removed) return;
    const callOff = this.parts.clock.after(delayMs, () => {
      this.callOffs.delete(callOff);
      void this.sync();
    });
    this.callOffs.add(callOff);
  }

  private all(): ContainerSlot[] {
    return [...this.inits, ...this.containers];
  }

  private async sync(): Promise<void> {
    if (this.syncing) {
      this.syncAgain = true;
      return;
    }
    if (this.removed || this.parts.isSilent()) return;
    this.syncing = true;
    try {
      await this.syncPod();
    } finally {
      this.syncing = false;
    }
    if (this.removed) return void this.remove();
    if (this.syncAgain) {
      this.syncAgain = false;
      this.syncSoon();
    }
  }

  private async syncPod(): Promise<void> {
    this.finished = this.isDone();
    this.volumes.refresh(this.pod);
    this.parts.launcher.podChanged(this.pod.metadata.uid);
    this.publish();
    if (this.pod.metadata.deletionTimestamp !== undefined || this.termination !== undefined)
      return this.end();
    if (this.finished || !this.prepareVolumes()) return;
    if (!(await this.runInits())) return;
    for (const slot of this.containers) {
      if (this.removed) return;
      await this.syncContainer(slot);
    }
  }

  private prepareVolumes(): boolean {
    if (this.sandbox) return true;
    try {
      this.volumes.prepare(this.pod);
      this.sandbox = true;
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      this.recorder()('Warning', 'FailedMount', error.message);
      this.syncSoon(this.parts.timing.backoffMs);
    }
    return this.sandbox;
  }

  /** Starts the next init container; true when all have succeeded. */
  private async runInits(): Promise<boolean> {
    const slot = this.inits.find(({ terminated }) => terminated?.exitCode !== 0);
    if (slot === undefined) return true;
    if (slot.terminated !== undefined && this.pod.spec.restartPolicy !== 'Never') this.restart(slot);
    if (slot.isUnstarted) await this.startWhenDue(slot);
    return false;
  }

  private async syncContainer(slot: ContainerSlot): Promise<void> {
    const wanted = this.pod.spec.containers.find(({ name }) => name === slot.container.name);
    if (wanted !== undefined && wanted.image !== slot.container.image) {
      const wasRunning = slot.isRunning;
      slot.container = wanted;
      if (wasRunning) await this.swapImage(slot);
    }
    if (slot.terminated !== undefined && this.shouldRestart(slot)) this.restart(slot);
    if (slot.isUnstarted) await this.startWhenDue(slot);
  }

  /** A running container whose image has changed is stopped and started anew, whatever the restart policy. */
  private async swapImage(slot: ContainerSlot): Promise<void> {
    const message = `Container ${slot.container.name} definition changed, will be restarted`;
    this.recorder(slot)('Normal', 'Killing', message);
    await slot.run?.stop(this.graceMs());
    slot.prepareRestart({ reason: 'ContainerCreating' });
    slot.notBeforeMs = 0;
  }

  private shouldRestart(slot: ContainerSlot): boolean {
    const policy = this.pod.spec.restartPolicy;
    return policy === 'Always' || (policy === 'OnFailure' && slot.terminated?.exitCode !== 0);
  }

  private restart(slot: ContainerSlot): void {
    const { backoffMs } = this.parts.timing;
    const { name, namespace = '', uid } = this.pod.metadata;
    const container = slot.container.name;
    const waitMs = Math.min(backoffMs * 2 ** slot.restartCount, backoffMs * 10);
    const message = `back-off ${waitMs}ms restarting failed container=${container} pod=${name}_${namespace}(${uid})`;
    slot.prepareRestart({ reason: 'CrashLoopBackOff', message });
    slot.notBeforeMs = this.parts.clock.now() + waitMs;
    const event = `Back-off restarting failed container ${container} in pod ${name}_${namespace}(${uid})`;
    this.recorder(slot)('Warning', 'BackOff', event);
  }

  private async startWhenDue(slot: ContainerSlot): Promise<void> {
    const leftMs = slot.notBeforeMs - this.parts.clock.now();
    if (leftMs > 0) return this.syncSoon(leftMs);
    if (await this.pull(slot)) await this.startContainer(slot);
    this.syncSoon(this.parts.timing.relistMs);
  }

  private async startContainer(slot: ContainerSlot): Promise<void> {
    await startContainer({ ...this.parts, volumes: this.volumes }, this.pod, slot, this.recorder(slot));
    const { run } = slot;
    if (run === undefined) return;
    if (this.removed) run.signal('SIGKILL');
    void run.ended.then(() => this.syncSoon(this.parts.timing.relistMs));
  }

  private async pull(slot: ContainerSlot): Promise<boolean> {
    const record = this.recorder(slot);
    for (const needed of [...this.imageVolumes, slot]) {
      const failure = await this.parts.images.pull(needed, needed === slot ? record : this.recorder());
      if (failure === undefined) continue;
      const { reason, message, waitMs } = failure;
      needed.waiting = { reason, message };
      slot.waiting = { reason, message };
      slot.notBeforeMs = this.parts.clock.now() + waitMs;
      record('Warning', 'Failed', `Error: ${reason}`);
      return false;
    }
    return true;
  }

  /** Stops everything, reports the last status, and removes a deleted Pod from the API. */
  private async end(): Promise<void> {
    const running = this.all().filter((slot) => slot.isRunning);
    for (const slot of running) {
      this.recorder(slot)('Normal', 'Killing', `Stopping container ${slot.container.name}`);
    }
    await Promise.all(running.map(async ({ run }) => run?.stop(this.graceMs())));
    if (this.parts.isSilent()) return;
    this.finished = true;
    this.publish();
    const { deletionTimestamp, uid } = this.pod.metadata;
    if (deletionTimestamp === undefined || this.removed) return;
    const options = { gracePeriodSeconds: 0, preconditions: { uid } };
    unlessRefused(() => this.parts.api.delete(keyOf(PODS, this.pod), options));
  }

  private graceMs(): number {
    const { deletionGracePeriodSeconds } = this.pod.metadata;
    const seconds = deletionGracePeriodSeconds ?? this.pod.spec.terminationGracePeriodSeconds ?? 30;
    return Math.min(seconds * 1000, this.parts.timing.longestGraceMs);
  }

  /** Nothing more will happen: the containers have ended for good, or can never start. */
  private isDone(): boolean {
    const policy = this.pod.spec.restartPolicy;
    if (this.finished || policy === 'Always') return this.finished;
    const failedInit = this.inits.some(({ terminated }) => (terminated?.exitCode ?? 0) !== 0);
    if (failedInit) return policy === 'Never';
    return this.containers.every((slot) => slot.terminated !== undefined && !this.shouldRestart(slot));
  }

  private publish(): void {
    if (this.removed || this.parts.isSilent() || isFinished(this.pod)) return;
    const status = podStatusOf({
      pod: this.pod,
      inits: this.inits.map((slot) => slot.status(true)),
      containers: this.containers.map((slot) => slot.status(false)),
      startedAtMs: this.startedAtMs,
      nowMs: this.parts.clock.now(),
      sandbox: this.sandbox,
      termination: this.termination,
      finished: this.finished,
    });
    unlessRefused(() => this.parts.api.updatePodStatus(this.pod, () => status));
  }

  /** Records events about the Pod, or about one of its containers. */
  private recorder(slot?: ContainerSlot): RecordEvent {
    const { events } = this.parts;
    const list = slot !== undefined && this.inits.includes(slot) ? 'initContainers' : 'containers';
    const about = slot === undefined ? {} : { fieldPath: `spec.${list}{${slot.container.name}}` };
    const source = { component: 'kubelet', host: this.pod.spec.nodeName ?? '', ...about };
    return (type, reason, message) => events.record(this.pod, { type, reason, message, ...source });
  }

  private armDeadline(): void {
    const seconds = this.pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const leftMs = Math.max(0, this.startedAtMs + seconds * 1000 - this.parts.clock.now());
    const callOff = this.parts.clock.after(leftMs, () => {
      if (this.finished || this.pod.spec.activeDeadlineSeconds !== seconds) return;
      const message = 'Pod was active on the node longer than the specified deadline';
      this.recorder()('Normal', 'DeadlineExceeded', message);
      this.terminate({ reason: 'DeadlineExceeded', message });
    });
    this.callOffs.add(callOff);
  }

  /** The folder is removed when the last process has ended. */
  private async remove(): Promise<void> {
    await Promise.all(this.all().map(async ({ run }) => run?.ended));
    rmSync(this.parts.folder, { recursive: true, force: true });
    this.parts.onGone();
  }
}

function imageVolumeSlot({ name, image }: NonNullable<Pod['spec']['volumes']>[number]): ContainerSlot[] {
  if (image === undefined) return [];
  const { reference = '', pullPolicy } = image;
  const container = { name, image: reference, imagePullPolicy: pullPolicy, command: ['none'] };
  return [new ContainerSlot(container as Container, { reason: 'ContainerCreating' })];
}
