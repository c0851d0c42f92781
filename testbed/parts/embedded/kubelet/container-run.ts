import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Clock } from '@hangar/shared/clock';
import type { Container, TerminatedState } from '../api/pod.ts';
import { rfc3339Seconds } from '../api/times.ts';
import type { ContainerLog } from './container-log.ts';
import type { ProcessExit, Running } from './process-group.ts';

export interface RunFacts {
  readonly container: Container;
  readonly log: ContainerLog;
  /** Where the container finds its termination message path on this machine. */
  readonly messageFile: string;
  readonly messageLimitBytes: number;
}

/** An id as containerd gives one to every container that it makes. */
export function newContainerId(): string {
  return `containerd://${randomBytes(32).toString('hex')}`;
}

/** One run of a container: from its start to its end, with the data of its status. */
export class ContainerRun {
  readonly id = newContainerId();
  readonly image: string;
  readonly log: ContainerLog;
  readonly startedAtMs: number;
  readonly ended: Promise<void>;
  private readonly clock: Clock;
  private readonly facts: RunFacts;
  private readonly running: Running;
  private oomKilled = false;
  private end: TerminatedState | undefined;

  constructor(clock: Clock, facts: RunFacts, running: Running) {
    this.clock = clock;
    this.facts = facts;
    this.log = facts.log;
    this.image = facts.container.image;
    this.startedAtMs = clock.now();
    this.running = running;
    this.ended = running.ended.then((exit) => this.finish(exit));
  }

  /** How it ended; undefined while it runs. */
  get terminated(): TerminatedState | undefined {
    return this.end;
  }

  signal(name: NodeJS.Signals): void {
    if (this.end === undefined) this.running.signal(name);
  }

  /** As the kernel does when the memory limit is passed. */
  oomKill(): void {
    this.oomKilled = true;
    this.signal('SIGKILL');
  }

  /** SIGTERM, then SIGKILL when the grace is over; resolves when it has ended. */
  async stop(graceMs: number): Promise<void> {
    this.signal('SIGTERM');
    const callOff = this.clock.after(graceMs, () => this.signal('SIGKILL'));
    await this.ended;
    callOff();
  }

  private finish({ code }: ProcessExit): void {
    this.log.end();
    const message = this.message(code);
    this.end = {
      exitCode: code,
      reason: this.oomKilled ? 'OOMKilled' : code === 0 ? 'Completed' : 'Error',
      ...(message === '' ? {} : { message }),
      startedAt: rfc3339Seconds(this.startedAtMs),
      finishedAt: rfc3339Seconds(this.clock.now()),
      containerID: this.id,
    };
  }

  private message(code: number): string {
    const { messageFile, messageLimitBytes, container, log } = this.facts;
    const written = existsSync(messageFile)
      ? readFileSync(messageFile).subarray(0, messageLimitBytes).toString('utf8')
      : '';
    if (written !== '' || code === 0) return written;
    return container.terminationMessagePolicy === 'FallbackToLogsOnError' ? log.tail(2048) : '';
  }
}
