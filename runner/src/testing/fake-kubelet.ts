import type { Clock } from '@hangar/shared/clock';
import { KubernetesError, type LogRequest, podTarget, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1ContainerState, V1Pod, V1Secret } from '@kubernetes/client-node';
import { FakeLogSource } from '../logs/testing/fake-log-source.ts';
import { GateMarkWriter } from '../logs/testing/gate-mark-writer.ts';
import { ANNOTATION, containerName, INIT_CONTAINER, LABEL } from '../pipeline/compiled.ts';
import { TIMED_OUT } from '../pipeline/exit-codes.ts';
import type { PlannedStep, RunPlan } from '../pipeline/run-plan.ts';
import { decide, type RunDecision, type StepResult } from '../pipeline/step-decision.ts';
import { parseGateLine } from '../watch/gate-line.ts';
import { isGateByVolume } from '../watch/pod-retry.ts';
import { StuckPod } from './stuck-pod.ts';

/** A cluster in memory whose Pods run, in stepped time. */
export class RunningCluster extends FakeCluster {
  readonly kubelet: FakeKubelet;

  /**
   * @param how `hasImageVolumes`: the gate's image can be mounted as a volume; `quotaForMs`: a ResourceQuota refuses all Pods for so long
   */
  constructor(clock: Clock, { hasImageVolumes = true, quotaForMs = 0 } = {}) {
    super();
    this.kubelet = new FakeKubelet(clock, this, hasImageVolumes);
    this.intercept(({ verb, target }) => {
      if (verb === 'create' && target.resource === RESOURCE.pods && clock.monotonicMs() < quotaForMs)
        throw new KubernetesError(
          403,
          'Forbidden',
          'pods "a" is forbidden: exceeded quota: team, limited: pods=0',
        );
    });
  }

  override log(request: LogRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { sinceTime } = request;
    return this.kubelet.logOf(request).open({ signal, ...(sinceTime ? { sinceTime } : {}) });
  }
}

/** The start of a step's program, which must happen at most once. */
export interface StepStart {
  readonly stageId: number;
  readonly step: string;
  readonly pod: string;
  readonly atMs: number;
}

type Ended = Extract<StepResult, { phase: 'ended' }>;

const PODS = { resource: RESOURCE.pods };
const SECRETS = { resource: RESOURCE.secrets };
const BEGIN_MS = 500;
const LINE_MS = 400;
const LINES = 3;
const COLLECT_MS = 1_000;

/** A line of a chatty step, so long that two of them fill a part of a stored log. */
export const LONG_LINE = 'x'.repeat(40_000);

/** Runs every Pod without scheduling gates: a step prints three numbered lines, a chatty one a long line after each; one named `fails` ends with 1. */
export class FakeKubelet {
  readonly starts: StepStart[] = [];
  readonly #clock: Clock;
  readonly #cluster: FakeCluster;
  readonly #hasImageVolumes: boolean;
  readonly #runs = new Map<string, PodRun | StuckPod>();
  readonly #over = new AbortController();

  constructor(clock: Clock, cluster: FakeCluster, hasImageVolumes: boolean) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.#hasImageVolumes = hasImageVolumes;
  }

  /** Follows the cluster until it is closed. */
  start(): void {
    void this.#follow().catch((error: unknown) => {
      if (!this.#over.signal.aborted) throw error;
    });
  }

  close(): void {
    this.#over.abort();
  }

  /** The log of a container. @throws {KubernetesError} as the API server does */
  logOf({ pod, container }: LogRequest): FakeLogSource {
    const run = [...this.#runs.values()].find((one) => one.name === pod && !one.isGone);
    if (!run) throw new KubernetesError(404, 'NotFound', `pods "${pod}" not found`);
    const log = run.logs.get(container);
    if (!log) throw new KubernetesError(400, 'BadRequest', `container "${container}" is waiting to start`);
    return log;
  }

  /** Deletes Secrets whose Pod is gone, as the garbage collector does. */
  collect(): void {
    const living = new Set(this.#cluster.all<V1Pod>(PODS).map(({ metadata }) => metadata?.uid));
    for (const { metadata } of this.#cluster.all<V1Secret>(SECRETS)) {
      const owners = metadata?.ownerReferences ?? [];
      if (owners.length > 0 && owners.every(({ uid }) => !living.has(uid)))
        this.#cluster.drop({
          ...SECRETS,
          namespace: metadata?.namespace ?? '',
          name: metadata?.name ?? '',
        });
    }
  }

  async #follow(): Promise<void> {
    const options = { resourceVersion: '0', silenceMs: Number.POSITIVE_INFINITY };
    for await (const { type, object } of this.#cluster.watch<V1Pod>(PODS, options, this.#over.signal)) {
      const uid = object.metadata?.uid ?? '';
      if (type === 'DELETED') this.#removed(uid);
      else if ((object.spec?.schedulingGates ?? []).length === 0) this.#runOf(object, uid).changed(object);
    }
  }

  #removed(uid: string): void {
    this.#runs.get(uid)?.end();
    this.#clock.after(COLLECT_MS, () => this.collect());
  }

  #runOf(pod: V1Pod, uid: string): PodRun | StuckPod {
    const known = this.#runs.get(uid);
    if (known) return known;
    const isStuck = !this.#hasImageVolumes && isGateByVolume(pod);
    const run = isStuck
      ? new StuckPod(this.#clock, this.#cluster, pod)
      : new PodRun(this.#clock, this.#cluster, pod, (start) => this.starts.push(start));
    this.#runs.set(uid, run);
    return run;
  }
}

class PodRun {
  readonly name: string;
  readonly logs = new Map<string, FakeLogSource>();
  isGone = false;
  readonly #clock: Clock;
  readonly #cluster: FakeCluster;
  readonly #pod: V1Pod;
  readonly #plan: RunPlan;
  readonly #started: (start: StepStart) => void;
  readonly #states = new Map<number, V1ContainerState>();
  readonly #results = new Map<number, StepResult>();
  readonly #markWriters = new Map<number, GateMarkWriter>();
  /** Steps whose placeholder was replaced by their image. */
  readonly #swaps = new Set<number>();
  #hasBegun = false;
  #isStopping = false;
  #isOver = false;

  constructor(clock: Clock, cluster: FakeCluster, pod: V1Pod, started: (start: StepStart) => void) {
    this.#clock = clock;
    this.#cluster = cluster;
    this.#pod = pod;
    this.name = pod.metadata?.name ?? '';
    this.#plan = JSON.parse(pod.metadata?.annotations?.[ANNOTATION.plan] ?? '{}') as RunPlan;
    this.#started = started;
    clock.after(BEGIN_MS, () => this.#begin());
  }

  /** Handles a change of the Pod: a result for the gates, a swapped image, or the deadline that stops it. */
  changed(pod: V1Pod): void {
    if (this.#isOver || !this.#hasBegun) return;
    for (const step of this.#plan.steps) if (step.engine === 'swap') this.#swapped(step, pod);
    this.#decideAll();
    if (pod.spec?.activeDeadlineSeconds !== 1 || this.#isStopping) return;
    this.#isStopping = true;
    this.#clock.after(1_000, () => {
      if (this.#isOver) return;
      this.#isOver = true;
      for (const { n } of this.#plan.steps)
        if (!this.#states.get(n)?.terminated) this.#states.set(n, ended(137, this.#clock.now()));
      for (const log of this.logs.values()) log.terminate();
      this.#write('Failed', 'DeadlineExceeded');
    });
  }

  /** Ends the run because the Pod is gone. */
  end(): void {
    this.isGone = true;
    this.#isOver = true;
    for (const log of this.logs.values()) log.terminate();
  }

  /** Handles the runner's writes for a swapped step: its result for the gates, and its image when it is due. */
  #swapped({ n, name }: PlannedStep, { metadata, spec }: V1Pod): void {
    const { annotations = {} } = metadata ?? {};
    const line = parseGateLine(annotations[`${ANNOTATION.resultPrefix}${n}`] ?? '');
    if (line) {
      const decision = line.decision as Ended['decision'];
      this.#results.set(n, { phase: 'ended', decision, code: line.code });
    }
    const image = spec?.containers.find((one) => one.name === containerName(n))?.image;
    if (image !== annotations[`${ANNOTATION.imagePrefix}${n}`] || this.#swaps.has(n)) return;
    this.#swaps.add(n);
    this.#recordStart(name);
    this.logs.set(containerName(n), new FakeLogSource());
    this.#states.set(n, runningSince(this.#clock.now()));
    this.#write('Running');
    this.#print(n, name);
    this.#clock.after((LINES + 1) * LINE_MS, () => {
      if (this.#isOver) return;
      this.logs.get(containerName(n))?.terminate();
      this.#states.set(n, ended(0, this.#clock.now()));
      this.#write('Running');
    });
  }

  #begin(): void {
    if (this.#isOver) return;
    this.#hasBegun = true;
    for (const { n } of this.#plan.steps) {
      this.logs.set(containerName(n), new FakeLogSource());
      this.#states.set(n, runningSince(this.#clock.now()));
    }
    this.#write('Running');
    this.#decideAll();
  }

  /** Starts or skips what can be decided now; the Pod ends with its last ordinary step. */
  #decideAll(): void {
    const { steps } = this.#plan;
    for (const step of steps) if (!this.#isOver && step.engine === 'gate') this.#decide(step);
    const isOpen = ({ n, role }: PlannedStep): boolean =>
      role === 'step' && this.#results.get(n)?.phase !== 'ended';
    if (this.#isOver || steps.some(isOpen)) return;
    this.#isOver = true;
    // What is open now runs in the background.
    const open = steps.filter(({ n }) => this.#results.has(n) && this.#results.get(n)?.phase !== 'ended');
    for (const step of open) this.#finish(step, WELL);
    const isFailed = [...this.#states.values()].some(({ terminated }) => terminated?.exitCode !== 0);
    this.#write(isFailed ? 'Failed' : 'Succeeded');
  }

  #decide(step: PlannedStep): void {
    if (this.#results.has(step.n)) return;
    const decision = decide(step, this.#results, this.#plan.steps);
    if (decision === 'run') this.#run(step);
    else if (decision !== 'wait') this.#skip(step, decision);
  }

  #run(step: PlannedStep): void {
    const { n, name, role, readyMs } = step;
    const atMs = this.#clock.now();
    this.#recordStart(name);
    this.#results.set(n, { phase: readyMs === undefined ? 'running' : 'waiting' });
    this.#writeLine(n, this.#markWriterOf(n).start(atMs));
    this.#print(n, name);
    const later = (then: () => void): void =>
      void this.#clock.after((LINES + 1) * LINE_MS, () => {
        if (!this.#isOver) then();
      });
    if (role === 'step') later(() => this.#finish(step, endOf(step), atMs));
    else if (readyMs === undefined) queueMicrotask(() => this.#decideAll());
    else later(() => this.#judge(step, name, atMs));
  }

  /** Whether a service became ready. */
  #judge(step: PlannedStep, name: string, atMs: number): void {
    if (name.includes('unready')) return this.#finish(step, { decision: 'unready', code: TIMED_OUT }, atMs);
    this.#writeLine(step.n, this.#markWriterOf(step.n).ready(this.#clock.now()));
    this.#results.set(step.n, { phase: 'running' });
    this.#decideAll();
  }

  #recordStart(step: string): void {
    const stageId = Number(this.#pod.metadata?.labels?.[LABEL.stageId]);
    this.#started({ stageId, step, pod: this.name, atMs: this.#clock.now() });
  }

  #print(n: number, name: string): void {
    for (let line = 1; line <= LINES; line += 1)
      this.#clock.after(line * LINE_MS, () => {
        if (this.#isOver) return;
        this.#writeLine(n, `#${line}`);
        if (name.includes('chatty')) this.#writeLine(n, LONG_LINE);
      });
  }

  #markWriterOf(n: number): GateMarkWriter {
    const marks = this.#markWriters.get(n) ?? new GateMarkWriter(this.#plan.nonce);
    this.#markWriters.set(n, marks);
    return marks;
  }

  #finish({ n }: PlannedStep, { decision, code }: ProgramEnd, startMs = this.#clock.now()): void {
    const atMs = this.#clock.now();
    this.#results.set(n, { phase: 'ended', decision, code });
    this.#close(n, code, decision);
    this.#states.set(n, ended(code, atMs, `${decision} ${code} ${startMs} ${atMs}`));
    this.#write('Running');
    this.#decideAll();
  }

  #skip({ n }: PlannedStep, decision: Ended['decision']): void {
    const atMs = this.#clock.now();
    this.#results.set(n, { phase: 'ended', decision, code: 0 });
    this.#writeLine(n, this.#markWriterOf(n).skip(decision, atMs));
    this.#close(n, 0);
    this.#states.set(n, ended(0, atMs, `${decision} 0 ${atMs} ${atMs}`));
    this.#write('Running');
  }

  #close(n: number, code: number, decision: RunDecision = 'ran'): void {
    const marks = this.#markWriterOf(n);
    const why = decision === 'ran' ? undefined : decision;
    this.#writeLine(n, marks.end(code, this.#clock.now(), why));
    this.#writeLine(n, marks.close(this.#clock.now()));
    this.logs.get(containerName(n))?.terminate();
  }

  #writeLine(n: number, text: string): void {
    this.logs.get(containerName(n))?.write(BigInt(this.#clock.now()) * 1_000_000n, text);
  }

  #write(phase: string, reason?: string): void {
    const target = podTarget(this.#pod);
    const pod = this.#cluster.find<V1Pod>(target);
    if (pod?.metadata?.uid !== this.#pod.metadata?.uid || !pod) return;
    const names = pod.spec?.containers.map(({ name }) => name) ?? [];
    const status = {
      ...{ phase, ...(reason ? { reason } : {}) },
      initContainerStatuses: [statusOf(INIT_CONTAINER, ended(0, this.#clock.now()))],
      containerStatuses: this.#plan.steps
        .filter(({ n }) => names.includes(containerName(n)))
        .map(({ n }) =>
          statusOf(containerName(n), this.#states.get(n) ?? {}, this.#swaps.has(n) ? 'real' : 'first'),
        ),
    };
    this.#cluster.put(target, { ...pod, spec: { containers: [], ...pod.spec, nodeName: 'node-a' }, status });
  }
}

interface ProgramEnd {
  readonly decision: RunDecision;
  readonly code: number;
}

const WELL: ProgramEnd = { decision: 'ran', code: 0 };

/** By its name, as its commands are not run. */
function endOf({ name, timeoutMs }: PlannedStep): ProgramEnd {
  if (name.includes('slow') && timeoutMs !== undefined) return { decision: 'timed-out', code: TIMED_OUT };
  return name.includes('fails') ? { decision: 'ran', code: 1 } : WELL;
}

const statusOf = (name: string, state: V1ContainerState, which: 'first' | 'real' = 'first') => ({
  ...{ name, state, image: 'any', imageID: 'any', ready: false, restartCount: which === 'real' ? 1 : 0 },
  containerID: `containerd://${name}-${which}`,
});

const runningSince = (atMs: number): V1ContainerState =>
  ({ running: { startedAt: isoTime(atMs) } }) as unknown as V1ContainerState;

const isoTime = (atMs: number): string => new Date(atMs).toISOString();

function ended(exitCode: number, atMs: number, message = ''): V1ContainerState {
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  const times = { startedAt: isoTime(atMs), finishedAt: isoTime(atMs) };
  return { terminated: { exitCode, reason, message, ...times } } as unknown as V1ContainerState;
}
