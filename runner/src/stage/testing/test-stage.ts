import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';
import { AdmissionQueue } from '../../admit/admission-queue.ts';
import { type Load, NO_LOAD } from '../../admit/admit.ts';
import { secretContents } from '../../adopt/contents.ts';
import { CancelWatches } from '../../cancel/cancel-watches.ts';
import { GateVolumes } from '../../launch/gate-volumes.ts';
import { testOrigin } from '../../launch/testing/test-origin.ts';
import type { Intent } from '../../lease/lease-record.ts';
import { anEntry } from '../../metrics/testing/an-entry.ts';
import { ANNOTATION, type Compiled, LABEL, MASKS_KEY, SCHEDULING_GATE } from '../../pipeline/compiled.ts';
import type { StageDetail } from '../../pipeline/drone.ts';
import type { RunPlan } from '../../pipeline/run-plan.ts';
import type { OpenStep } from '../../pipeline/stage-state.ts';
import { StageRegistry } from '../../stage-registry.ts';
import { aPlan } from '../../supervise/testing/a-plan.ts';
import { aPod, gated, withStates } from '../../supervise/testing/a-pod.ts';
import { aStage, FakeCiServer } from '../../supervise/testing/fake-ci-server.ts';
import { FakeStepLogs } from '../../supervise/testing/fake-step-logs.ts';
import { PodWatch } from '../../watch/pod-watch.ts';
import { runStage } from '../run-stage.ts';
import type { StageParts } from '../stage-parts.ts';
import { SuspectTurns } from '../suspect-turns.ts';

const NAMESPACE = 'ci';
export const POD = { resource: RESOURCE.pods, namespace: NAMESPACE, name: 'drone-abc' };
export const SECRET = { resource: RESOURCE.secrets, namespace: NAMESPACE, name: 'drone-abc' };
const never = new AbortController().signal;

/** The compiled stage: a Pod with the scheduling gate, and its Secret. */
export function compiledOf(plan: RunPlan = aPlan(), changes: Partial<Compiled> = {}): Compiled {
  const { metadata, spec } = aPod(plan, {
    spec: { nodeName: '', schedulingGates: [{ name: SCHEDULING_GATE }] },
  });
  const labels = { [LABEL.managedBy]: LABEL.managedByValue, [LABEL.stageId]: '63' };
  const annotations = {
    ...metadata?.annotations,
    [ANNOTATION.stage]: JSON.stringify(aStage()),
    [ANNOTATION.plan]: JSON.stringify(plan),
  };
  delete (annotations as Record<string, string>)[ANNOTATION.owner];
  const masks = { 1: ['s3cret'] };
  return {
    plan,
    namespace: NAMESPACE,
    createNamespace: false,
    pod: {
      metadata: { name: 'drone-abc', namespace: NAMESPACE, labels, annotations },
      spec: { containers: [], ...spec },
    },
    secrets: [
      {
        metadata: { name: 'drone-abc', namespace: NAMESPACE },
        data: { [MASKS_KEY]: Buffer.from(JSON.stringify(masks)).toString('base64') },
      },
    ],
    pullSecret: undefined,
    masks,
    warnings: ['beware'],
    ...changes,
  };
}

/** The details of the stage, as far as the processing reads them. */
export function aDetail(status = 'pending'): StageDetail {
  return {
    stage: aStage(),
    build: { id: 41, number: 12, status, event: 'push', stages: [] },
    repo: { slug: 'acme/widget' },
  } as unknown as StageDetail;
}

/** The environment of a stage under test: fakes for the server, the cluster, the logs and the Lease. */
export class TestStage {
  readonly clock = new FakeClock();
  readonly cluster = new FakeCluster();
  readonly server = new FakeCiServer(aStage());
  readonly logs = new FakeStepLogs();
  readonly registry = new StageRegistry();
  readonly handOver = new AbortController();
  readonly podWatch: PodWatch;
  /** The used part of the budget, which is one pipeline. */
  taken: Load = NO_LOAD;
  readonly queue: AdmissionQueue;
  readonly intents = new Map<number, Intent>();
  readonly openSteps = new Map<number, () => readonly OpenStep[]>();
  readonly entered: string[] = [];
  readonly left: string[] = [];
  readonly heard: string[] = [];
  readonly parts: StageParts;
  cancel: () => void = () => undefined;

  constructor(changes: Partial<StageParts> = {}) {
    const { clock, cluster, server: ciServer, registry } = this;
    const log = silentLogger;
    this.podWatch = new PodWatch(clock, cluster, { onTrouble: () => undefined });
    this.queue = new AdmissionQueue(() => this.taken, {
      pipelines: 1,
      pods: undefined,
      cpuMillicores: undefined,
      memoryBytes: undefined,
    });
    this.podWatch.listen(({ kind, object }) => kind === 'gone' && this.#collect(object.metadata?.uid));
    this.server.details = aDetail();
    this.server.watch = (_buildId, signal) =>
      new Promise((resolve) => {
        this.cancel = () => {
          this.server.cancel();
          resolve('cancelled' as never);
        };
        signal.addEventListener('abort', () => resolve('quiet'), { once: true });
      });
    this.parts = {
      clock,
      cluster,
      ciServer,
      log,
      registry,
      stepLogs: this.logs,
      queue: this.queue,
      suspects: new SuspectTurns(),
      contents: secretContents,
      podWatch: this.podWatch,
      origin: testOrigin(cluster),
      lease: this.#lease(),
      cancelWatches: new CancelWatches({ clock, ciServer, log }),
      gateVolumes: new GateVolumes({ clock, log, setting: 'init', hasEvents: () => true }),
      patience: { imagePullMs: 60_000, nodeLostMs: 300_000 },
      waitLimitMs: Number.POSITIVE_INFINITY,
      retentionMs: 48 * 3_600_000,
      keepFailedPods: 1,
      events: this.#events(),
      draft: () => Promise.resolve(compiledOf()),
      ...changes,
    };
  }

  /** Removes what a deleted Pod owns, like the garbage collector of Kubernetes. */
  #collect(uid: string | undefined): void {
    for (const { metadata } of this.cluster.all<V1Secret>({
      resource: RESOURCE.secrets,
      namespace: NAMESPACE,
    }))
      if (metadata?.ownerReferences?.some((owner) => owner.uid === uid))
        this.cluster.drop({ ...SECRET, name: metadata.name ?? '' });
  }

  #lease(): StageParts['lease'] {
    return {
      owner: 'ci/me',
      server: 'https://drone.acme.test',
      lost: never,
      has: () => false,
      intend: (intent) => Promise.resolve(void this.intents.set(intent.stageId, intent)),
      preparing: (stageId) => Promise.resolve(this.#change(stageId, { preparing: true })),
      waiting: (stageId) => this.#change(stageId, { preparing: undefined }),
      prepared: (stageId) => this.#change(stageId, { preparing: undefined, deaths: undefined }),
      deathsOf: (stageId) => this.intents.get(stageId)?.deaths ?? 0,
      followSteps: (stageId, open) => void this.openSteps.set(stageId, open),
      settle: (stageId) => void this.intents.delete(stageId),
      enter: (namespace) => Promise.resolve(void this.entered.push(namespace)),
      leave: (namespace) => void this.left.push(namespace),
    };
  }

  #change(stageId: number, changes: { preparing?: true | undefined; deaths?: undefined }): void {
    const intent = this.intents.get(stageId);
    if (!intent) return;
    const { preparing, deaths, ...rest } = { ...intent, ...changes };
    this.intents.set(stageId, { ...rest, ...(preparing && { preparing }), ...(deaths && { deaths }) });
  }

  #events(): StageParts['events'] {
    return {
      stepStarted: () => undefined,
      concluded: ({ kind }) => this.heard.push(`concluded ${kind}`),
      buildSeen: (buildId, event) => this.heard.push(`seen ${buildId} ${event}`),
      waited: (reason, ms) => this.heard.push(`waited ${reason} ${ms}`),
      launched: () => this.heard.push('launched'),
      finished: () => this.heard.push('finished'),
      expired: () => this.heard.push('expired'),
      failedEarly: (code, blame) => this.heard.push(`failed ${code} ${blame}`),
    };
  }

  /** The Pod in the cluster. */
  get pod(): V1Pod | undefined {
    return this.cluster.find<V1Pod>(POD);
  }

  get reports(): readonly string[] {
    return this.server.reports;
  }

  /** Puts a status on the Pod in which both steps ran. */
  async finishSteps(): Promise<void> {
    this.cluster.put(POD, withStates(this.pod ?? {}, { 1: gated(0), 2: gated(0) }));
    await this.clock.step(0);
    await settle();
  }

  /** Ends everything that waits, so that nothing of this test continues in the next one. */
  async close(): Promise<void> {
    this.handOver.abort();
    await this.clock.step(10_000);
  }
}

/** A stage that has just been accepted. */
export function begin(
  changes: Partial<StageParts> = {},
  prepare: (env: TestStage) => void = () => undefined,
) {
  const env = new TestStage(changes);
  onTestFinished(() => env.close());
  prepare(env);
  env.intents.set(63, { stageId: 63, buildId: 41, machine: 'me' });
  env.registry.enter(anEntry({ stageId: 63, phase: 'preparing' }));
  let isOver = false;
  const stageDone = runStage(env.parts, { stage: aStage(), machine: 'me' }, env.handOver.signal);
  void stageDone.then(() => {
    isOver = true;
  });
  return Object.assign(env, { isOver: () => isOver });
}
