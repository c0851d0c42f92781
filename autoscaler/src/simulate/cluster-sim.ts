import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { buildName, type EndedBuild, type Job } from '../capacity/job.ts';
import { type NodeSpec, podsOnEmptyNode } from '../capacity/node-spec.ts';
import type { Resources } from '../capacity/shape.ts';
import type { ScoringStrategy } from './class-scores.ts';
import { EventQueue } from './event-queue.ts';
import { JobQueue } from './job-queue.ts';
import type { Random } from './random.ts';
import { SimScheduler, UNPLACED } from './scheduler.ts';
import type { SimNode } from './sim-node.ts';

/** Settings of a {@link ClusterSim}. */
export interface ClusterSimOptions {
  readonly node: NodeSpec;
  /** The time from the order of a node until Pods can be placed on it. */
  readonly bootSeconds: number;
  /** How much longer a Pod runs on a node that has no images yet. */
  readonly coldSeconds: number;
  readonly strategy: ScoringStrategy;
  readonly random: Random;
  /** Called for each binding with the job, the time, whether its node was cold, and the node. */
  readonly onBind: (job: Job, at: number, cold: boolean, node: Readonly<SimNode>) => void;
}

type Event =
  | { readonly kind: 'boot'; readonly node: SimNode }
  | { readonly kind: 'finish'; readonly run: Run };

/** A job on a node. */
interface Run {
  readonly classId: number;
  readonly node: SimNode;
  readonly startedAt: number;
  /** Builds of one name usually run equally long; empty: unknown. */
  readonly name: string;
  /** Its index in the list of running jobs. */
  index: number;
}

const SOFT = { taints: [SURPLUS_TAINT] } as const;

/**
 * A simulated cluster: one pool of equal nodes, the scheduler, a queue of Pods that found no room. The caller advances time: {@link
 * finishUntil}, then {@link arrive} or the actions of a policy.
 *
 * Queue: by arrival; a request class that finds no room is skipped, and tried again at each finish and each new node. A build is
 * never evicted.
 *
 * @see scheduling-and-scaling §5.1
 */
export class ClusterSim {
  now = 0;
  /** Nodes that are booting or ready, in no particular order. */
  readonly nodes: SimNode[] = [];
  readonly running: Run[] = [];
  readonly line: JobQueue;
  #finished: EndedBuild[] = [];
  readonly #options: ClusterSimOptions;
  readonly #scheduler: SimScheduler;
  readonly #events = new EventQueue<Event>();
  readonly #otherKinds = new WeakMap<SimNode, NodeSpec>();
  readonly #traits: NonNullable<NodeSpec['traits']>;
  readonly #softTraits: NonNullable<NodeSpec['traits']>;
  #nextId = 1;

  constructor(options: ClusterSimOptions) {
    this.#options = options;
    this.#scheduler = new SimScheduler({ random: options.random, strategy: options.strategy });
    this.line = new JobQueue((request) => this.#scheduler.addClass({ request }));
    this.#traits = options.node.traits ?? {};
    this.#softTraits = { ...this.#traits, taints: [...(this.#traits.taints ?? []), ...SOFT.taints] };
  }

  /** Time of the next finish or boot; infinite when there is none. */
  get nextEventAt(): number {
    return this.#events.nextAt;
  }

  /** Run times of the jobs that ended since the last call, in the order of their ends: all that a policy learns about them. */
  takeFinished(): readonly EndedBuild[] {
    const taken = this.#finished;
    this.#finished = [];
    return taken;
  }

  /** Simulates every finish and boot up to and including `at`. */
  finishUntil(at: number): void {
    while (this.#events.size > 0 && this.#events.nextAt <= at) {
      this.now = this.#events.nextAt;
      const event = this.#events.pop();
      if (event?.kind === 'boot') this.#ready(event.node);
      if (event?.kind === 'finish') this.#finish(event.run);
      this.#drainLine();
    }
    this.now = at;
  }

  /** A job arrives: it is bound at once where there is room, otherwise it waits. */
  arrive(job: Job): void {
    const classId = this.line.classOf(job.request);
    if (this.line.waitingOf(classId) > 0 || !this.#bind(job, classId)) this.line.push(classId, job);
  }

  /** Orders nodes; they are ready after the boot time, or at once when they exist from the start. `spec`: of another kind. */
  order(count: number, bootSeconds = this.#options.bootSeconds, spec = this.#options.node): void {
    for (let nth = 0; nth < count; nth += 1) {
      const node: SimNode = {
        id: this.#nextId,
        orderedAt: this.now,
        state: 'booting',
        slot: -1,
        pods: 0,
        emptySince: this.now,
        firstBindAt: undefined,
        softTainted: false,
      };
      this.#nextId += 1;
      this.nodes.push(node);
      if (spec !== this.#options.node) this.#otherKinds.set(node, spec);
      this.#events.push(this.now + bootSeconds, { kind: 'boot', node });
    }
  }

  /** Removes an empty node, ready or still booting; a node with builds stays. @returns whether it was removed */
  remove(node: SimNode): boolean {
    if (node.pods > 0 || node.state === 'gone') return false;
    if (node.state === 'ready') this.#scheduler.removeNode(node.slot);
    node.state = 'gone';
    this.nodes.splice(this.nodes.indexOf(node), 1);
    return true;
  }

  /** Sets or removes the soft taint of a ready node. */
  setSoftTaint(node: SimNode, softTainted: boolean): void {
    if (node.state !== 'ready' || node.softTainted === softTainted) return;
    node.softTainted = softTainted;
    this.#scheduler.setTraits(node.slot, softTainted ? this.#softTraits : this.#traits);
  }

  /** The number of Pods of this size that a node has room for; a booting node counts as when it is ready. */
  roomOn(node: SimNode, request: Resources): number {
    if (node.state === 'ready') return this.#scheduler.roomForRequest(request, node.slot);
    return podsOnEmptyNode(this.#options.node, request);
  }

  /** Whether a job could ever run here. */
  canFit(job: Job): boolean {
    return podsOnEmptyNode(this.#options.node, job.request) > 0;
  }

  #ready(node: SimNode): void {
    if (node.state !== 'booting') return;
    node.state = 'ready';
    node.emptySince = this.now;
    const spec = this.#otherKinds.get(node) ?? this.#options.node;
    node.slot = this.#scheduler.addNode({ ...spec, traits: this.#traits });
    if (node.softTainted) this.#scheduler.setTraits(node.slot, this.#softTraits);
    this.#bySlot[node.slot] = node;
  }

  readonly #bySlot: SimNode[] = [];

  #finish(run: Run): void {
    const last = this.running.pop();
    if (last !== undefined && last !== run) {
      last.index = run.index;
      this.running[run.index] = last;
    }
    run.node.pods -= 1;
    if (run.node.pods === 0) run.node.emptySince = this.now;
    this.#finished.push({ name: run.name, seconds: this.now - run.startedAt });
    this.#scheduler.release(run.classId, run.node.slot);
  }

  #drainLine(): void {
    this.line.drain((job, classId) => this.#bind(job, classId));
  }

  #bind(job: Job, classId: number): boolean {
    const slot = this.#scheduler.place(classId);
    const node = this.#bySlot[slot];
    if (slot === UNPLACED || node === undefined) return false;
    const cold = node.firstBindAt === undefined || this.now < node.firstBindAt + this.#options.coldSeconds;
    node.firstBindAt ??= this.now;
    node.pods += 1;
    const run: Run = { classId, node, startedAt: this.now, name: buildName(job), index: this.running.length };
    this.running.push(run);
    const seconds = job.durationSeconds + (cold ? this.#options.coldSeconds : 0);
    this.#events.push(this.now + seconds, { kind: 'finish', run });
    this.#options.onBind(job, this.now, cold, node);
    return true;
  }
}
