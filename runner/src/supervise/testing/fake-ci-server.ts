import type { DroneStage, DroneStep, StageDetail } from '../../pipeline/drone.ts';
import type { CiServer, Update } from '../../ports/ci-server.ts';

/** A Drone server of one stage, with its versions (drone-rpc §3.12) and a record of the reports that it received. */
export class FakeCiServer implements CiServer {
  stage: DroneStage;
  readonly steps = new Map<number, DroneStep>();
  /** `<step> <status>` of each accepted step update, and `stage <status>`. */
  readonly reports: string[] = [];
  /** Number of checks whether a running stage is still open, which it counts as a start without steps. */
  looks = 0;
  /** Calls wait until it resolves. */
  gate: Promise<void> = Promise.resolve();
  /** Errors for the next calls. */
  readonly refuse: { call: 'step' | 'stage' | 'detail'; error: Error }[] = [];
  details: StageDetail | undefined;

  constructor(stage: DroneStage) {
    this.stage = stage;
  }

  /** Cancels as a user does: everything open gets a new status and a new version. */
  cancel(): void {
    this.stage = { ...this.stage, status: 'killed', version: this.stage.version + 1 };
    for (const [id, step] of this.steps)
      if (step.status === 'pending' || step.status === 'running')
        this.steps.set(id, {
          ...step,
          status: step.status === 'running' ? 'killed' : 'skipped',
          version: step.version + 1,
        });
  }

  /** Steps as they are registered at a start. */
  register(numbers: readonly number[], version = 1): void {
    for (const number of numbers)
      this.steps.set(number * 100, { id: number * 100, number, status: 'pending', version } as DroneStep);
  }

  statusOf(number: number): string | undefined {
    return this.steps.get(number * 100)?.status;
  }

  step(number: number): DroneStep | undefined {
    return this.steps.get(number * 100);
  }

  async updateStep(step: DroneStep, signal: AbortSignal): Promise<Update<DroneStep>> {
    await this.#pass('step', signal);
    const known = this.steps.get(step.id);
    if (known?.version !== step.version) return { kind: 'conflict', afterLostAnswer: false };
    const value = { ...step, version: step.version + 1 };
    this.steps.set(step.id, value);
    this.reports.push(`${step.number} ${step.status}`);
    return { kind: 'updated', value };
  }

  async updateStage(stage: DroneStage, signal: AbortSignal): Promise<Update<DroneStage>> {
    await this.#pass('stage', signal);
    const stale = stage.steps.some(
      (step) => step.id !== 0 && this.steps.get(step.id)?.version !== step.version,
    );
    if (stale || stage.version !== this.stage.version) return { kind: 'conflict', afterLostAnswer: false };
    const steps = stage.steps.map((step) => ({
      ...step,
      id: step.id || step.number * 100,
      version: step.version + 1,
    }));
    for (const step of steps) this.steps.set(step.id, step);
    const isLook = this.stage.status === 'running' && stage.status === 'running' && steps.length === 0;
    this.stage = { ...stage, steps: [], version: stage.version + 1 };
    if (isLook) this.looks += 1;
    else this.reports.push(`stage ${stage.status}`);
    return { kind: 'updated', value: { ...this.stage, steps } };
  }

  async detail(_stageId: number, signal: AbortSignal): Promise<StageDetail> {
    await this.#pass('detail', signal);
    const { stage } = this;
    const isOpen = stage.status === 'pending' || stage.status === 'running';
    const build = { id: stage.buildId, status: isOpen ? 'running' : stage.status };
    return { ...(this.details ?? ({ build } as StageDetail)), stage };
  }

  async #pass(call: 'step' | 'stage' | 'detail', signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    );
    await Promise.race([this.gate, aborted]);
    const place = this.refuse.findIndex((one) => one.call === call);
    const [refused] = place < 0 ? [] : this.refuse.splice(place, 1);
    if (refused) throw refused.error;
  }

  ping = (): Promise<void> => Promise.resolve();
  request = (): Promise<undefined> => Promise.resolve(undefined);
  accept = (): Promise<{ kind: 'accepted'; stage: Partial<DroneStage> }> =>
    Promise.resolve({ kind: 'accepted', stage: { version: this.stage.version } });
  /** Never reports a cancel. */
  watch = (_buildId: number, signal: AbortSignal): Promise<'quiet'> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve('quiet'), { once: true }));
  sendLines = (): Promise<void> => Promise.resolve();
  uploadLog = (): Promise<'stored'> => Promise.resolve('stored');
  uploadCard = (): Promise<void> => Promise.resolve();
}

/** A stage as accepted. */
export function aStage(changes: Partial<DroneStage> = {}): DroneStage {
  return {
    id: 63,
    repoId: 7,
    buildId: 41,
    number: 1,
    name: 'default',
    kind: 'pipeline',
    type: 'kubernetes',
    status: 'pending',
    error: '',
    errIgnore: false,
    exitCode: 0,
    machine: 'me',
    os: 'linux',
    arch: 'amd64',
    variant: '',
    kernel: '',
    limit: 0,
    throttle: 0,
    started: 0,
    stopped: 0,
    created: 0,
    updated: 0,
    version: 3,
    onSuccess: true,
    onFailure: false,
    dependsOn: [],
    labels: {},
    steps: [],
    ...changes,
  };
}
