import type { Job } from '../capacity/job.ts';
import { type NodeSpec, podsOnEmptyNode } from '../capacity/node-spec.ts';
import type { ScoringStrategy } from '../simulate/class-scores.ts';
import { ClusterSim } from '../simulate/cluster-sim.ts';
import { seededRandom } from '../simulate/random.ts';
import type { SimNode } from '../simulate/sim-node.ts';
import { ArrivalObserver } from './arrival-observer.ts';
import type { Decision, NodesNeeded, PolicyView, ScalingPolicy } from './policy.ts';
import { type ReplayResult, Tally } from './result.ts';

/** The jobs, the cluster and the policy of a replay. */
export interface ReplayOptions {
  /** By arrival. */
  readonly jobs: readonly Job[];
  readonly node: NodeSpec;
  readonly bootSeconds: number;
  readonly coldSeconds?: number;
  readonly policy: ScalingPolicy;
  readonly strategy?: ScoringStrategy;
  readonly seed: number;
  /** Nodes are billed by started units of this length; exactly by default. */
  readonly billingUnitMs?: number | undefined;
  /** How long the policy runs before the first arrival: quiet time is learned from too, and its ticks are counted from here. */
  readonly leadInSeconds?: number;
  /** Results count from here on; before it the policy learns. */
  readonly countFrom: number;
  /** Called when the wanted size of the pool, or what any pool needs, has changed. */
  readonly onDecision?: (atSeconds: number, nodes: number, need: NodesNeeded) => void;
  /** Called for each build that got a node: when it arrived, and when it was bound, in seconds; the build, and the node's id. */
  readonly onBound?: (arrivedAt: number, boundAt: number, job: Job, nodeId: number) => void;
  /** Called for each node that is gone: when it was ordered, and when it was removed; Infinity: it was never removed. Seconds. */
  readonly onNodeGone?: (orderedAt: number, goneAt: number) => void;
  /** Called from time to time with the share of the trace that is done. */
  readonly onProgress?: (share: number) => void;
}

/** After the last arrival the replay goes on until the queue is empty, but not longer than this. */
const LONGEST_TAIL_SECONDS = 7 * 86_400;
const PROGRESS_STEPS = 200;

/** A running replay. */
class Replay {
  readonly #options: ReplayOptions;
  readonly #sim: ClusterSim;
  readonly #tally: Tally;
  readonly #watcher: ArrivalObserver;
  readonly #last: number;
  #waits: number[] = [];
  #nextTickAt: number;
  #arrived = 0;
  #decided: NodesNeeded & { readonly wanted: number } = { wanted: -1, needNodes: 0, shrinkToNodes: 0 };

  constructor(options: ReplayOptions) {
    this.#options = options;
    const { jobs, node, bootSeconds, coldSeconds = 0, strategy = 'least', seed } = options;
    this.#last = jobs.at(-1)?.arrivedAt ?? 0;
    this.#tally = new Tally(options.countFrom, this.#last, options.billingUnitMs);
    this.#sim = new ClusterSim({
      node,
      bootSeconds,
      coldSeconds,
      strategy,
      random: seededRandom(seed),
      onBind: (job, at, cold, { id }) => {
        this.#waits.push(at - job.arrivedAt);
        this.#tally.bound(job.arrivedAt, at, cold);
        options.onBound?.(job.arrivedAt, at, job, id);
      },
    });
    // Rejected jobs are not reported to the policy: they would make the usual job larger than a node, and no pool large enough.
    this.#watcher = new ArrivalObserver(jobs.filter((job) => this.#sim.canFit(job)));
    this.#nextTickAt = (jobs[0]?.arrivedAt ?? 0) - (options.leadInSeconds ?? 0);
  }

  play(): ReplayResult {
    const { policy } = this.#options;
    this.#sim.now = this.#nextTickAt;
    this.#sim.order(policy.readyAtStart, 0);
    this.#sim.finishUntil(this.#nextTickAt);
    while (this.#goesOn()) this.#step();
    for (const node of this.#sim.nodes) this.#nodeGone(node, Infinity);
    return this.#tally.result({
      policy: policy.name,
      placement: this.#options.strategy ?? 'least',
      unplaced: this.#sim.line.total,
      forecastError: policy.forecastError?.(this.#options.countFrom),
    });
  }

  #goesOn(): boolean {
    if (this.#arrived < this.#options.jobs.length) return true;
    return this.#sim.line.total > 0 && this.#sim.now < this.#last + LONGEST_TAIL_SECONDS;
  }

  /** Advances to the next arrival or tick; finishes and boots before it are simulated first. */
  #step(): void {
    const job = this.#options.jobs[this.#arrived];
    if (job !== undefined && job.arrivedAt <= this.#nextTickAt) {
      this.#sim.finishUntil(job.arrivedAt);
      this.#arrive(job);
    } else {
      this.#sim.finishUntil(this.#nextTickAt);
      this.#decide();
      this.#nextTickAt += this.#options.policy.tickSeconds;
    }
  }

  #arrive(job: Job): void {
    this.#arrived += 1;
    this.#report();
    if (!this.#sim.canFit(job)) {
      this.#tally.tooLarge(job.arrivedAt);
      return;
    }
    this.#tally.arrived(job.arrivedAt);
    this.#watcher.arrived(job);
    this.#sim.arrive(job);
  }

  #report(): void {
    const { jobs, onProgress } = this.#options;
    if (onProgress === undefined || this.#arrived % Math.ceil(jobs.length / PROGRESS_STEPS) !== 0) return;
    onProgress(this.#arrived / jobs.length);
  }

  #decide(): void {
    const decision = this.#options.policy.tick(this.#view());
    this.#apply(decision);
    this.#tally.poolSize(this.#sim.now, this.#sim.nodes.length);
    this.#reportDecision(decision);
  }

  #reportDecision({ wanted, need = { needNodes: wanted, shrinkToNodes: wanted } }: Decision): void {
    const { needNodes, shrinkToNodes } = need;
    const last = this.#decided;
    if (wanted === last.wanted && needNodes === last.needNodes && shrinkToNodes === last.shrinkToNodes)
      return;
    this.#decided = { wanted, needNodes, shrinkToNodes };
    this.#options.onDecision?.(this.#sim.now, wanted, need);
  }

  #apply({ untaint, taint, remove, order }: Decision): void {
    const sim = this.#sim;
    const mine = (nodes: readonly Readonly<SimNode>[]): readonly SimNode[] => nodes;
    for (const node of mine(untaint)) sim.setSoftTaint(node, false);
    for (const node of mine(taint)) sim.setSoftTaint(node, true);
    for (const node of mine(remove)) if (sim.remove(node)) this.#nodeGone(node, sim.now);
    sim.order(order);
    this.#tally.ordered(sim.now, order);
  }

  #nodeGone(node: SimNode, at: number): void {
    this.#tally.nodeGone(node, at);
    this.#options.onNodeGone?.(node.orderedAt, at);
  }

  #takeWaits(): readonly number[] {
    const taken = this.#waits;
    this.#waits = [];
    return taken;
  }

  #view(): PolicyView {
    const sim = this.#sim;
    const typicalRequest = this.#watcher.typicalRequest;
    const roomWhenEmpty = podsOnEmptyNode(this.#options.node, typicalRequest);
    return {
      nowSeconds: sim.now,
      nodes: sim.nodes,
      nodeSpec: this.#options.node,
      bootSeconds: this.#options.bootSeconds,
      waiting: sim.line.total > 0 ? sim.line.classes() : [],
      waitingTotal: sim.line.total,
      running: sim.running,
      ...this.#watcher.takeArrivals(),
      finished: sim.takeFinished(),
      waits: this.#takeWaits(),
      knownAhead: this.#watcher.knownAhead(sim.now),
      typicalRequest,
      podsPerNode: Math.max(1, roomWhenEmpty),
      roomOn: (node) => (node.state === 'booting' ? roomWhenEmpty : sim.roomOn(node, typicalRequest)),
    };
  }
}

/**
 * Simulates a policy on a trace of jobs, as described in scheduling-and-scaling §5.1, so that policies can be compared.
 *
 * Deterministic: the same options give the same result.
 */
export function replay(options: ReplayOptions): ReplayResult {
  return new Replay(options).play();
}
