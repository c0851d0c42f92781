import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@hangar/shared/clock';
import type { ObjectApi } from '../api/object-api.ts';
import { isFinished, type Pod } from '../api/pod.ts';
import { PODS } from '../api/resources.ts';
import { ApiError } from '../api/status-errors.ts';
import type { EventRecorder } from '../control/event-recorder.ts';
import { ContainerSlot } from './container-slot.ts';
import type { ImageStore } from './image-store.ts';
import type { Launcher } from './launcher.ts';
import { statusOf } from './pod-status.ts';
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
  readonly logLimitBytes: number;
  /** The node's kubelet is away: nothing is started, nothing is told. */
  readonly isSilent: () => boolean;
  readonly onGone: () => void;
}

export interface Verdict {
  readonly reason: string;
  readonly message: string;
}

/**
 * One Pod on its node. Like the kubelet's pod worker it has one loop, `sync`, that looks at what is and does the next
 * thing; while it pulls or waits for a container to stop it is deaf to all else.
 */
export class PodRunner {
  readonly inits: ContainerSlot[];
  readonly containers: ContainerSlot[];
  private readonly parts: PodRunnerParts;
  private readonly volumes: PodVolumes;
  private readonly startedAtMs: number;
  private readonly callOffs = new Set<() => void>();
  private pod: Pod;
  private sandbox = false;
  private over = false;
  private gone = false;
  private syncing = false;
  private again = false;
  private verdict: Verdict | undefined;

  constructor(parts: PodRunnerParts, pod: Pod) {
    this.parts = parts;
    this.pod = pod;
    this.startedAtMs = parts.clock.now();
    const hasInits = (pod.spec.initContainers ?? []).length > 0;
    const waiting = { reason: hasInits ? 'PodInitializing' : 'ContainerCreating' };
    this.inits = (pod.spec.initContainers ?? []).map(
      (container) => new ContainerSlot(container, { reason: 'PodInitializing' }),
    );
    this.containers = pod.spec.containers.map((container) => new ContainerSlot(container, waiting));
    this.volumes = new PodVolumes(parts.api.store, join(parts.folder, 'volumes'), parts.hostFolder);
    mkdirSync(parts.folder, { recursive: true });
    this.armDeadline();
  }

  get current(): Pod {
    return this.pod;
  }

  /** The Pod has changed in the API. */
  update(pod: Pod): void {
    const deadlineMoved = pod.spec.activeDeadlineSeconds !== this.pod.spec.activeDeadlineSeconds;
    const specMoved = pod.metadata.generation !== this.pod.metadata.generation;
    const filesMoved =
      JSON.stringify([pod.metadata.annotations, pod.metadata.labels]) !==
      JSON.stringify([this.pod.metadata.annotations, this.pod.metadata.labels]);
    this.pod = pod;
    if (deadlineMoved) this.armDeadline();
    if (filesMoved || specMoved) this.syncSoon();
  }

  /** The Pod is gone from the API, however that came: its processes go too. */
  vanish(): void {
    if (this.gone) return;
    this.gone = true;
    for (const callOff of this.callOffs) callOff();
    for (const slot of this.all()) slot.run?.signal('SIGKILL');
    if (!this.syncing) void this.remove();
  }

  /** The kubelet ends the Pod of its own accord (eviction, deadline). */
  condemn(verdict: Verdict): void {
    this.verdict ??= verdict;
    this.syncSoon();
  }

  slot(container: string): ContainerSlot | undefined {
    return this.all().find((slot) => slot.container.name === container);
  }

  /** Asks for a look at the Pod, now or after a while; looks never overlap. */
  syncSoon(delayMs = 0): void {
    if (this.gone) return;
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
      this.again = true;
      return;
    }
    if (this.gone || this.parts.isSilent()) return;
    this.syncing = true;
    try {
      await this.look();
    } finally {
      this.syncing = false;
    }
    if (this.gone) return void this.remove();
    if (this.again) {
      this.again = false;
      this.syncSoon();
    }
  }

  private async look(): Promise<void> {
    this.over = this.isOver();
    this.volumes.refresh(this.pod);
    this.parts.launcher.podChanged(this.pod.metadata.uid);
    this.publish();
    if (this.pod.metadata.deletionTimestamp !== undefined || this.verdict !== undefined) return this.end();
    if (this.over || !this.prepareVolumes()) return;
    if (!(await this.runInits())) return;
    for (const slot of this.containers) {
      if (this.gone) return;
      await this.attend(slot);
    }
  }

  private prepareVolumes(): boolean {
    if (this.sandbox) return true;
    try {
      this.volumes.prepare(this.pod);
      this.sandbox = true;
      return true;
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      this.tell('Warning', 'FailedMount', error.message);
      this.syncSoon(this.parts.timing.backoffMs);
      return false;
    }
  }

  /** Starts the next init container; true when all have succeeded. */
  private async runInits(): Promise<boolean> {
    for (const slot of this.inits) {
      if (slot.terminated?.exitCode === 0) continue;
      if (slot.terminated !== undefined) this.maybeRestart(slot, this.pod.spec.restartPolicy !== 'Never');
      if (slot.isUnstarted) await this.startWhenDue(slot);
      return false;
    }
    return true;
  }

  private async attend(slot: ContainerSlot): Promise<void> {
    const wanted = this.pod.spec.containers.find(({ name }) => name === slot.container.name);
    if (wanted !== undefined && wanted.image !== slot.container.image) {
      const wasRunning = slot.isRunning;
      slot.container = wanted;
      if (wasRunning) await this.swapImage(slot);
    }
    if (slot.terminated !== undefined) this.maybeRestart(slot, this.shouldRestart(slot));
    if (slot.isUnstarted) await this.startWhenDue(slot);
  }

  /** A running container whose image has changed is stopped and started anew, whatever the restart policy. */
  private async swapImage(slot: ContainerSlot): Promise<void> {
    this.tell(
      'Normal',
      'Killing',
      `Container ${slot.container.name} definition changed, will be restarted`,
      slot,
    );
    await slot.stop(this.graceMs());
    slot.again({ reason: 'ContainerCreating' });
    slot.notBeforeMs = 0;
  }

  private shouldRestart(slot: ContainerSlot): boolean {
    const policy = this.pod.spec.restartPolicy ?? 'Always';
    return policy === 'Always' || (policy === 'OnFailure' && slot.terminated?.exitCode !== 0);
  }

  private maybeRestart(slot: ContainerSlot, wanted: boolean): void {
    if (!wanted) return;
    const name = slot.container.name;
    const waitMs = Math.min(
      this.parts.timing.backoffMs * 2 ** slot.restartCount,
      this.parts.timing.backoffMs * 10,
    );
    const message = `back-off ${waitMs}ms restarting failed container=${name} pod=${this.pod.metadata.name}_${this.pod.metadata.namespace ?? ''}(${this.pod.metadata.uid})`;
    slot.again({ reason: 'CrashLoopBackOff', message });
    slot.notBeforeMs = this.parts.clock.now() + waitMs;
    if (slot.restartCount > 0)
      this.tell(
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${name} in pod ${this.pod.metadata.name}_${this.pod.metadata.namespace ?? ''}(${this.pod.metadata.uid})`,
        slot,
      );
  }

  private async startWhenDue(slot: ContainerSlot): Promise<void> {
    const leftMs = slot.notBeforeMs - this.parts.clock.now();
    if (leftMs > 0) {
      this.syncSoon(leftMs);
      return;
    }
    if (await this.pull(slot)) await this.startContainer(slot);
    this.syncSoon(this.parts.timing.relistMs);
  }

  private async startContainer(slot: ContainerSlot): Promise<void> {
    const { volumes, pod } = this;
    await startContainer(
      { ...this.parts, volumes, count: this.all().length },
      pod,
      slot,
      (type, reason, message) => this.tell(type, reason, message, slot),
    );
    const { run } = slot;
    if (run === undefined) return;
    if (this.gone) run.signal('SIGKILL');
    void run.ended.then(() => this.syncSoon(this.parts.timing.relistMs));
  }

  private async pull(slot: ContainerSlot): Promise<boolean> {
    const outcome = await this.parts.images.pull(slot, (type, reason, message) =>
      this.tell(type, reason, message, slot),
    );
    if (outcome.is === 'present') return true;
    slot.waiting = { reason: outcome.reason, message: outcome.message };
    slot.notBeforeMs = this.parts.clock.now() + outcome.waitMs;
    this.tell('Warning', 'Failed', `Error: ${outcome.reason}`, slot);
    return false;
  }

  /** Stops everything, tells the last status, and lets the API forget a deleted Pod. */
  private async end(): Promise<void> {
    const running = this.all().filter((slot) => slot.isRunning);
    for (const slot of running) {
      this.tell('Normal', 'Killing', `Stopping container ${slot.container.name}`, slot);
    }
    await Promise.all(running.map((slot) => slot.stop(this.graceMs())));
    if (this.parts.isSilent()) return;
    this.over = true;
    this.publish();
    if (this.pod.metadata.deletionTimestamp === undefined || this.gone) return;
    const { name, namespace = '', uid } = this.pod.metadata;
    try {
      this.parts.api.delete(
        { resource: PODS, namespace, name },
        { gracePeriodSeconds: 0, preconditions: { uid } },
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private graceMs(): number {
    const { deletionGracePeriodSeconds } = this.pod.metadata;
    const seconds = deletionGracePeriodSeconds ?? this.pod.spec.terminationGracePeriodSeconds ?? 30;
    return Math.min(seconds * 1000, this.parts.timing.longestGraceMs);
  }

  /** All is over: the containers have ended for good, or can never start. */
  private isOver(): boolean {
    const policy = this.pod.spec.restartPolicy ?? 'Always';
    if (this.over || policy === 'Always') return this.over;
    const failedInit = this.inits.some(
      (slot) => slot.terminated !== undefined && slot.terminated.exitCode !== 0,
    );
    if (failedInit) return policy === 'Never';
    return this.containers.every((slot) => slot.terminated !== undefined && !this.shouldRestart(slot));
  }

  private publish(): void {
    if (this.gone || this.parts.isSilent()) return;
    const status = statusOf({
      pod: this.pod,
      inits: this.inits.map((slot) => slot.status(true)),
      containers: this.containers.map((slot) => slot.status(false)),
      startedAtMs: this.startedAtMs,
      nowMs: this.parts.clock.now(),
      sandbox: this.sandbox,
      verdict: this.verdict,
      over: this.over,
    });
    if (isFinished(this.pod)) return;
    const { name, namespace = '', uid } = this.pod.metadata;
    try {
      this.parts.api.update({ resource: PODS, namespace, name }, 'status', (current) =>
        current.metadata.uid === uid ? { ...current, status } : current,
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private tell(type: 'Normal' | 'Warning', reason: string, message: string, slot?: ContainerSlot): void {
    const list = slot !== undefined && this.inits.includes(slot) ? 'initContainers' : 'containers';
    const host = this.pod.spec.nodeName ?? '';
    const fieldPath = slot === undefined ? {} : { fieldPath: `spec.${list}{${slot.container.name}}` };
    this.parts.events.record(this.pod, { type, reason, message, component: 'kubelet', host, ...fieldPath });
  }

  private armDeadline(): void {
    const seconds = this.pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const leftMs = Math.max(0, this.startedAtMs + seconds * 1000 - this.parts.clock.now());
    const callOff = this.parts.clock.after(leftMs, () => {
      if (this.over || this.pod.spec.activeDeadlineSeconds !== seconds) return;
      const message = 'Pod was active on the node longer than the specified deadline';
      this.tell('Normal', 'DeadlineExceeded', message);
      this.condemn({ reason: 'DeadlineExceeded', message });
    });
    this.callOffs.add(callOff);
  }

  /** The folder goes when the last process has ended. */
  private async remove(): Promise<void> {
    await Promise.all(this.all().map((slot) => slot.ended()));
    rmSync(this.parts.folder, { recursive: true, force: true });
    this.parts.onGone();
  }
}
