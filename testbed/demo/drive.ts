import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { type BuildView, isBuildOver } from '../parts/drone/views.ts';
import type { TestSystem } from '../suites/flows/test-system.ts';
import { DEMO_SECRETS, type DemoCase } from './cases.ts';

/** A build that was sent, with its current status. Times in milliseconds since 1970. */
export interface Sent {
  readonly one: DemoCase;
  readonly build: BuildView;
  readonly sentMs: number;
  readonly endedMs: number | undefined;
  /** Why the runner lets it wait, or did; empty if it never had to. */
  readonly waited: string;
  readonly waitsNow: boolean;
}

/** All that was sent, once it is over. */
export interface Driven {
  readonly sent: readonly Sent[];
  readonly problems: readonly string[];
  readonly beganMs: number;
  readonly endedMs: number;
}

/** What driving needs from outside. */
export interface DriveParts {
  readonly clock: Clock;
  readonly setup: TestSystem;
  /** After this, what still runs is cancelled and counts as wrong. */
  readonly limitMs: number;
  /** Whether the autoscaler has seen that there is work; what runs is not cancelled before. */
  readonly isNoticed: () => boolean;
  /** How long the one that waits is left to wait, so that a person can see it. */
  readonly lingerMs: number;
  /** The pause after each pipeline that is sent. */
  readonly paceMs: number;
  /** Aborted when the person wants to stop. */
  readonly stop: AbortSignal;
}

const LOOK_MS = 50;
const FOLDER = join(import.meta.dirname, 'pipelines');

interface Record {
  readonly one: DemoCase;
  readonly buildId: number;
  readonly sentMs: number;
  endedMs: number | undefined;
  waited: string;
}

/** Sends the pipelines, cancels the one that is to be cancelled, and waits for the ends. */
export class Drive {
  private readonly parts: DriveParts;
  private readonly records: Record[] = [];
  private readonly problems: string[] = [];
  private readonly beganMs: number;

  constructor(parts: DriveParts) {
    this.parts = parts;
    this.beganMs = parts.clock.now();
  }

  /** How all builds stand, in the order in which they were sent. */
  get sent(): readonly Sent[] {
    const waiting = this.waitingNow();
    return this.records.map((record) => ({
      ...record,
      build: this.parts.setup.drone.build(record.buildId),
      waitsNow: waiting.has(record.buildId),
    }));
  }

  /** Runs the cases to their ends; rejects only with the reason of `stop`. */
  async run(cases: readonly DemoCase[]): Promise<Driven> {
    const { registry } = this.parts.setup.runner.assembly.parts;
    const deaf = registry.listen(() => this.noteWaits());
    try {
      await this.sendAll(cases);
      await this.until('all builds to end', () => this.sent.every(({ build }) => isBuildOver(build)));
      this.cancelOpen();
      await this.cleaned();
    } finally {
      deaf();
    }
    const { beganMs, problems } = this;
    return { sent: this.sent, problems, beganMs, endedMs: this.parts.clock.now() };
  }

  /** Cancels what has not ended. */
  private cancelOpen(): void {
    for (const { build } of this.sent) if (!isBuildOver(build)) this.parts.setup.drone.cancel(build.id);
  }

  private async sendAll(cases: readonly DemoCase[]): Promise<void> {
    for (const one of cases) if (one.role !== 'wait') await this.sendPaced(one);
    await this.until('all builds to begin', () => this.sent.every(hasBegun));
    for (const one of cases) if (one.role === 'wait') this.send(one);
    await this.until('a build to wait for room', () => this.of('wait').every(this.hasWaited));
    const speaks = (): boolean => this.of('cancel').every(this.hasSpoken);
    await this.until('the first line of what is to be cancelled', speaks);
    await this.until('the autoscaler to see work', this.parts.isNoticed);
    await this.parts.clock.sleep(this.parts.lingerMs, this.parts.stop);
    this.parts.stop.throwIfAborted();
    for (const { buildId } of this.of('cancel')) this.parts.setup.drone.cancel(buildId);
  }

  private async sendPaced(one: DemoCase): Promise<void> {
    const { clock, paceMs, stop } = this.parts;
    this.send(one);
    if (paceMs > 0) await clock.sleep(paceMs, stop);
    stop.throwIfAborted();
  }

  private send(one: DemoCase): void {
    const yaml = readFileSync(join(FOLDER, `${one.name}.yml`), 'utf8');
    const { drone } = this.parts.setup;
    const { id } = drone.createBuild({ yaml, repo: { slug: `acme/${one.name}` }, secrets: DEMO_SECRETS });
    const record = { one, buildId: id, sentMs: this.parts.clock.now(), endedMs: undefined, waited: '' };
    this.records.push(record);
    void this.noteEnd(record);
  }

  private async noteEnd(record: Record): Promise<void> {
    const { clock, setup, limitMs } = this.parts;
    const ended = setup.drone.waitForBuild(record.buildId, { timeoutMs: limitMs });
    await ended.then(
      () => {
        record.endedMs = clock.now();
      },
      () => undefined,
    );
  }

  private of(role: DemoCase['role']): readonly Record[] {
    return this.records.filter(({ one }) => one.role === role);
  }

  /** It has waited, or ended without waiting: then its result reports that. */
  private readonly hasWaited = ({ buildId, waited }: Record): boolean =>
    waited !== '' || isBuildOver(this.parts.setup.drone.build(buildId));

  private readonly hasSpoken = ({ one, buildId }: Record): boolean => {
    const { telling } = one;
    if (telling.from !== 'log' || isBuildOver(this.parts.setup.drone.build(buildId))) return true;
    return this.parts.setup.drone
      .logView(buildId, telling.step)
      .lines.some(({ out }) => telling.line.test(out));
  };

  private waitingNow(): ReadonlyMap<number, string> {
    const { entries } = this.parts.setup.runner.assembly.parts.registry;
    return new Map(
      entries.filter(({ phase }) => phase === 'waiting').map(({ buildId, reason }) => [buildId, reason]),
    );
  }

  private noteWaits(): void {
    const waiting = this.waitingNow();
    for (const record of this.records) record.waited = waiting.get(record.buildId) ?? record.waited;
  }

  private async cleaned(): Promise<void> {
    const { clock, setup, limitMs } = this.parts;
    const leftMs = Math.max(5_000, this.beganMs + limitMs - clock.now());
    await setup.cleaned(leftMs).catch((error: unknown) => {
      this.problems.push(errorText(error));
    });
    this.parts.stop.throwIfAborted();
  }

  /** Waits for a condition; a timeout is reported as a problem, and the demo continues. */
  private async until(what: string, probe: () => boolean): Promise<void> {
    const { clock, stop, limitMs } = this.parts;
    while (!probe()) {
      if (clock.now() - this.beganMs > limitMs) {
        this.problems.push(`waited ${limitMs / 1000} s for ${what}, without success`);
        return;
      }
      await clock.sleep(LOOK_MS, stop);
      stop.throwIfAborted();
    }
  }
}

function hasBegun({ build }: Sent): boolean {
  return isBuildOver(build) || build.stages.some(({ status }) => status !== 'pending');
}
