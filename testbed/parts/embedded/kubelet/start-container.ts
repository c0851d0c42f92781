import type { Clock } from '@hangar/shared/clock';
import type { Pod } from '../api/pod.ts';
import { secondsText } from '../api/times.ts';
import { ContainerLog } from './container-log.ts';
import { ContainerRun, newContainerId } from './container-run.ts';
import type { ContainerSlot } from './container-slot.ts';
import { ConfigError } from './environment.ts';
import type { Tell } from './image-store.ts';
import type { Launcher } from './launcher.ts';
import { StartError } from './process-group.ts';
import type { KubeletTiming } from './timing.ts';
import type { PodVolumes } from './volumes.ts';

export interface StartParts {
  readonly clock: Clock;
  readonly launcher: Launcher;
  readonly timing: KubeletTiming;
  readonly folder: string;
  readonly logLimitBytes: number;
  readonly volumes: PodVolumes;
  /** Containers of the Pod: they share the room for termination messages. */
  readonly count: number;
}

/** The kubelet's limits on termination messages: all of a Pod, and each. */
const MESSAGES_BYTES = 12 * 1024;
const LONGEST_MESSAGE_BYTES = 4096;
const CANNOT_START = 128;

/** Starts a container whose image is there; what hinders it is written into the slot, as its status will show it. */
export async function startContainer(
  parts: StartParts,
  pod: Pod,
  slot: ContainerSlot,
  tell: Tell,
): Promise<void> {
  const { clock, launcher, folder, volumes, count } = parts;
  const { container } = slot;
  const log = new ContainerLog(() => clock.now(), parts.logLimitBytes);
  const output = {
    stdout: (chunk: Buffer): void => log.append('stdout', chunk),
    stderr: (chunk: Buffer): void => log.append('stderr', chunk),
  };
  try {
    const prepared = launcher.prepare(pod, container, volumes, folder);
    tell('Normal', 'Created', `Created container: ${container.name}`);
    const running = await prepared.start(output);
    const messageLimitBytes = Math.min(LONGEST_MESSAGE_BYTES, Math.floor(MESSAGES_BYTES / count));
    slot.run = new ContainerRun(
      clock,
      { container, log, messageFile: prepared.messageFile, messageLimitBytes },
      running,
    );
    tell('Normal', 'Started', `Started container ${container.name}`);
  } catch (error) {
    cannotStart(parts, slot, error, tell);
  }
}

function cannotStart({ clock, timing }: StartParts, slot: ContainerSlot, error: unknown, tell: Tell): void {
  if (!(error instanceof ConfigError) && !(error instanceof StartError)) throw error;
  const { message } = error;
  tell('Warning', 'Failed', `Error: ${message}`);
  if (error instanceof ConfigError) {
    slot.waiting = { reason: 'CreateContainerConfigError', message };
    slot.notBeforeMs = clock.now() + timing.backoffMs;
    return;
  }
  slot.failedStart = {
    exitCode: CANNOT_START,
    reason: 'StartError',
    message,
    startedAt: secondsText(0),
    finishedAt: secondsText(clock.now()),
    containerID: newContainerId(),
  };
}
