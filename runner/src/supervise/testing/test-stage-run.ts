import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import type { RunPlan } from '../../pipeline/run-plan.ts';
import type { Conclusion } from '../../pipeline/stage-state.ts';
import { Reporter } from '../../report/reporter.ts';
import type { Patience, Trouble } from '../../watch/trouble.ts';
import { type LaunchedStage, StageRun, type StageRunEnd } from '../stage-run.ts';
import { aPlan } from './a-plan.ts';
import { aPod, running, withStates } from './a-pod.ts';
import { aStage, FakeCiServer } from './fake-ci-server.ts';
import { FakeFeed } from './fake-feed.ts';
import { type FakeStepLog, FakeStepLogs } from './fake-step-logs.ts';

/** Options of a test's stage run. */
export interface TestStageRunOptions {
  readonly plan?: RunPlan;
  readonly pod?: V1Pod;
  readonly order?: Partial<LaunchedStage> | undefined;
  readonly adoptions?: number | undefined;
  readonly patience?: Partial<Patience> | undefined;
  readonly log?: (log: FakeStepLog) => void;
}

/** A Pod whose gates have all started. */
function allStarted(plan: RunPlan): V1Pod {
  const gated = plan.steps.filter(({ engine }) => engine === 'gate');
  return withStates(aPod(plan), Object.fromEntries(gated.map(({ n }) => [n, running()])));
}

/** A started stage run whose environment the test controls. */
export class TestStageRun {
  readonly clock = new FakeClock();
  readonly cluster = new FakeCluster();
  readonly plan: RunPlan;
  readonly feed: FakeFeed;
  readonly server: FakeCiServer;
  readonly logs: FakeStepLogs;
  readonly cancelled = new AbortController();
  readonly handOver = new AbortController();
  readonly starts: { engine: string; latencyMs: number }[] = [];
  readonly concluded: { conclusion: Conclusion; trouble: Trouble | undefined }[] = [];
  /** Number of calls that only reports and logs are left. */
  ended = 0;
  /** Number of calls that the Pod may be deleted. */
  reported = 0;
  /** How long it may stay for people. */
  keptMs = 0;
  end: StageRunEnd | undefined;
  readonly target = { resource: RESOURCE.pods, namespace: 'ci', name: 'drone-abc' };

  constructor({
    plan = aPlan(),
    pod = allStarted(plan),
    order,
    adoptions,
    patience,
    log,
  }: TestStageRunOptions = {}) {
    this.plan = plan;
    this.logs = new FakeStepLogs(log);
    const stored = this.cluster.put(this.target, pod);
    this.feed = new FakeFeed(stored);
    const stage = aStage({ status: 'running', version: 4, started: 1 });
    this.server = new FakeCiServer(stage);
    this.server.register(plan.steps.map(({ n }) => n));
    const { clock, cluster } = this;
    const parts = { clock, cluster, log: silentLogger };
    const stepIds = new Map(plan.steps.map(({ n }) => [n, n * 100]));
    const versions = adoptions === undefined ? ('exact' as const) : ('unknown' as const);
    const reporter = new Reporter(
      { ...parts, ciServer: this.server },
      {
        stage,
        plan,
        stepIds,
        versions,
        ...(adoptions === undefined ? {} : { adoptions, takenOverMs: clock.now() }),
      },
    );
    const stageRun = this.#assemble(stored, reporter, { order, adoptions, patience });
    void stageRun.run({ cancelled: this.cancelled.signal, handOver: this.handOver.signal }).then((end) => {
      this.end = end;
    });
  }

  #assemble(
    pod: V1Pod,
    reporter: Reporter,
    { order, adoptions, patience }: Pick<TestStageRunOptions, 'order' | 'adoptions' | 'patience'>,
  ): StageRun {
    const { clock, cluster, plan, logs: stepLogs, feed } = this;
    const nowMs = clock.now();
    return new StageRun(
      {
        clock,
        cluster,
        log: silentLogger,
        stepLogs,
        events: {
          stepStarted: (engine, latencyMs) => this.starts.push({ engine, latencyMs }),
          concluded: (conclusion, trouble) => this.concluded.push({ conclusion, trouble }),
        },
        patience: { imagePullMs: 60_000, nodeLostMs: 300_000, ...patience },
      },
      {
        plan,
        pod,
        masks: {},
        notes: [],
        admittedMonotonicMs: this.clock.monotonicMs(),
        adopted: adoptions !== undefined,
        takenOverMs: nowMs,
        ended: () => {
          this.ended += 1;
        },
        reported: (keptMs) => {
          this.reported += 1;
          this.keptMs = keptMs;
        },
        owner: 'ci/me',
        ...order,
      },
      { feed, reporter },
    );
  }

  /** Reports that the server received, in order. */
  get reports(): readonly string[] {
    return this.server.reports;
  }

  get isRemoved(): boolean {
    return this.cluster.count('remove', 'pods') > 0;
  }

  /** Changes the Pod, as the kubelet or somebody else does. */
  async show(change: (pod: V1Pod) => V1Pod): Promise<void> {
    const now = this.cluster.find<V1Pod>(this.target) ?? this.feed.pod ?? {};
    this.feed.show(this.cluster.put(this.target, change(now)));
    await settle();
  }

  /** Passes the cluster's version of the Pod to the watch. */
  async catchUp(): Promise<void> {
    await settle();
    const now = this.cluster.find<V1Pod>(this.target);
    if (now) this.feed.show(now);
    await settle();
  }

  /** A gated step runs from start to end, by its marks. */
  async run(n: number, code = 0): Promise<void> {
    await settle();
    this.logs.of(n).start(this.clock.now());
    await settle();
    this.logs.of(n).end(code, this.clock.now());
    await settle();
  }
}
