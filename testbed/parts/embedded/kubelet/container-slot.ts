import type { Container, ContainerState, ContainerStatus, TerminatedState } from '../api/pod.ts';
import { rfc3339Seconds } from '../api/times.ts';
import type { ContainerRun } from './container-run.ts';
import { imageIdOf, normalized } from './images.ts';

/** Why a container has not started. */
export interface Waiting {
  readonly reason: string;
  readonly message?: string;
}

/** A container of a Pod over all its runs. */
export class ContainerSlot {
  container: Container;
  waiting: Waiting;
  run: ContainerRun | undefined;
  previous: ContainerRun | undefined;
  /** A start that failed before there was a process (command not found). */
  failedStart: TerminatedState | undefined;
  restartCount = 0;
  pullFailures = 0;
  /** Not tried again before; in milliseconds since 1970. */
  notBeforeMs = 0;

  constructor(container: Container, waiting: Waiting) {
    this.container = container;
    this.waiting = waiting;
  }

  get isRunning(): boolean {
    return this.run !== undefined && this.run.terminated === undefined;
  }

  get terminated(): TerminatedState | undefined {
    return this.failedStart ?? this.run?.terminated;
  }

  get isUnstarted(): boolean {
    return this.run === undefined && this.failedStart === undefined;
  }

  /** Puts the last run aside: the container will be started again. */
  prepareRestart(waiting: Waiting): void {
    this.previous = this.run ?? this.previous;
    this.run = undefined;
    this.failedStart = undefined;
    this.waiting = waiting;
    this.restartCount += 1;
  }

  status(isInit: boolean): ContainerStatus {
    const ended = this.previous?.terminated;
    const { isRunning } = this;
    return {
      name: this.container.name,
      state: this.state(),
      lastState: ended === undefined ? {} : { terminated: ended },
      ready: isInit ? this.terminated?.exitCode === 0 : isRunning,
      restartCount: this.restartCount,
      ...this.identity(),
      started: isRunning,
    };
  }

  /** Image and id of what was made last, also when it could not be started. */
  private identity(): Pick<ContainerStatus, 'image' | 'imageID' | 'containerID'> {
    const { run, previous, failedStart } = this;
    const { image } = this.container;
    if (run !== undefined)
      return { image: normalized(run.image), imageID: imageIdOf(run.image), containerID: run.id };
    if (failedStart?.containerID !== undefined)
      return { image: normalized(image), imageID: imageIdOf(image), containerID: failedStart.containerID };
    if (previous === undefined) return { image, imageID: '' };
    return { image, imageID: imageIdOf(previous.image), containerID: previous.id };
  }

  private state(): ContainerState {
    const { terminated, run } = this;
    if (terminated !== undefined) return { terminated };
    if (run !== undefined) return { running: { startedAt: rfc3339Seconds(run.startedAtMs) } };
    return { waiting: this.waiting };
  }
}
