import type { Clock } from '@hangar/shared/clock';
import { allContainers, type Pod } from '../api/pod.ts';
import { rfc3339Seconds } from '../api/times.ts';
import { ContainerLog } from './container-log.ts';
import { ContainerRun, newContainerId } from './container-run.ts';
import type { ContainerSlot } from './container-slot.ts';
import { ContainerConfigError } from './environment.ts';
import type { RecordEvent } from './image-store.ts';
import type { Launcher } from './launcher.ts';
import { StartError } from './process-group.ts';
import type { KubeletTiming } from './timing.ts';
import type { PodVolumes } from './volumes.ts';

export interface StartParts {
  readonly clock: Clock;
  readonly launcher: Launcher;
  readonly timing: KubeletTiming;
  readonly folder: string;
  readonly volumes: PodVolumes;
}

/** What is kept of a container's log. */
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** The kubelet's limits on termination messages: all of a Pod, and each. */
const MESSAGES_BYTES = 12 * 1024;
const LONGEST_MESSAGE_BYTES = 4096;
const CANNOT_START = 128;

/** Starts a container whose image is there; what hinders it is written into the slot, as its status will show it. */
export async function startContainer(
  { clock, launcher, timing, folder, volumes }: StartParts,
  pod: Pod,
  slot: ContainerSlot,
  record: RecordEvent,
): Promise<void> {
  const { container } = slot;
  const log = new ContainerLog(() => clock.now(), LOG_LIMIT_BYTES);
  const output = {
    stdout: (chunk: Buffer): void => log.append('stdout', chunk),
    stderr: (chunk: Buffer): void => log.append('stderr', chunk),
  };
  try {
    const { messageFile, start } = launcher.prepare(pod, container, volumes, folder);
    record('Normal', 'Created', `Created container: ${container.name}`);
    const running = await start(output);
    const share = Math.floor(MESSAGES_BYTES / allContainers(pod).length);
    const messageLimitBytes = Math.min(LONGEST_MESSAGE_BYTES, share);
    slot.run = new ContainerRun(clock, { container, log, messageFile, messageLimitBytes }, running);
    record('Normal', 'Started', `Started container ${container.name}`);
  } catch (error) {
    if (!(error instanceof ContainerConfigError) && !(error instanceof StartError)) throw error;
    const { message } = error;
    record('Warning', 'Failed', `Error: ${message}`);
    if (error instanceof ContainerConfigError) {
      slot.waiting = { reason: error.reason, message };
      slot.notBeforeMs = clock.now() + timing.backoffMs;
      return;
    }
    slot.failedStart = {
      exitCode: CANNOT_START,
      reason: 'StartError',
      message,
      startedAt: rfc3339Seconds(0),
      finishedAt: rfc3339Seconds(clock.now()),
      containerID: newContainerId(),
    };
  }
}
