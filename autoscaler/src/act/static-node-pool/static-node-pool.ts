import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { isPaused, type PoolNode } from '../../capacity/pool-node.ts';
import { delaysBeside } from '../../capacity/removal-delays.ts';
import type { ActRecorder } from '../act-recorder.ts';
import { type ActOutcome, type Actuator, type ObservedObject, outcomeOf } from '../actuator.ts';
import { SetterMemory } from '../field-owner.ts';
import { withTrouble } from '../guarded-actuator.ts';
import { type ActRules, dryRun, mustNotChange, outOfBounds, ownerOf, tooSoon } from '../judge.ts';
import { judgeProvisioning, type ProvisioningMemory } from '../provisioning-watch.ts';
import { ClosedNodes } from './closed-nodes.ts';
import type { NodePoolObject, NodePoolReading } from './node-pool-object.ts';
import { NodeRemover } from './node-remover.ts';
import { type PoolStep, planPool, type RemovalRules, type StaticPool } from './plan.ts';

/** What the actuator of a static NodePool is made of. */
export interface StaticNodePoolParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly recorder: ActRecorder;
  readonly object: NodePoolObject;
}

/** The observed pool. */
export interface StaticPoolView {
  nodes(): readonly PoolNode[];
  /** Which node of the pool somebody else scales; undefined when the NodePool scales all of them. */
  whyShared?(): string | undefined;
  /** Usual time from order to ready, in milliseconds. */
  bootMs(): number;
  /** The share of builds that are announced a boot before they come, 0 to 1; none by default. */
  announcedShare?(): number;
}

/** The defaults: Cluster Autoscaler waits 5 s between its taint and the deletion, for the same reason. */
export const REMOVAL_RULES: RemovalRules = { settleMs: 5_000, emptyForMs: 30_000, batch: 10 };

/** Fewer unusable nodes are normal: now and then some are cordoned and replaced. */
const FEW = 3;

/** Closed nodes may have to be reopened before the next step. */
const STEPS_A_TICK = 3;

/**
 * Sizes a static NodePool. Growing is one write. Shrinking goes on from tick to tick: `set` answers `shrinking` until the pool has the
 * wanted number, and may be called with another one at any time. Everything that must outlive this process is kept on the objects.
 */
export class StaticNodePool implements Actuator {
  readonly name: string;
  readonly meaning = 'total';
  readonly #parts: StaticNodePoolParts;
  readonly #rules: ActRules & RemovalRules;
  readonly #view: StaticPoolView;
  readonly #closed: ClosedNodes;
  readonly #taker: NodeRemover;
  readonly #setters = new SetterMemory();
  #memory: ProvisioningMemory | undefined;
  #lastSetMs: number | undefined;

  constructor(parts: StaticNodePoolParts, rules: ActRules & RemovalRules, view: StaticPoolView) {
    this.name = parts.object.name;
    this.#parts = parts;
    this.#rules = rules;
    this.#view = view;
    this.#closed = new ClosedNodes(parts.clock, parts.cluster, parts.log);
    this.#taker = new NodeRemover(parts, this.#closed);
  }

  async observe(signal: AbortSignal): Promise<ObservedObject> {
    try {
      const reading = await this.#parts.object.read(signal);
      const { annotations, size } = reading;
      const service = this.#service(reading);
      const text = service === 'unserved' ? unservedText(reading) : `${reading.nodes} nodes exist`;
      const owner = ownerOf(annotations);
      return { kind: 'found', nodes: size, service, owner, paused: isPaused(annotations), text };
    } catch (error) {
      const { kind, text } = outcomeOf(error, this.#parts.object, signal);
      return { kind: kind === 'absent' ? 'absent' : 'unreadable', text };
    }
  }

  async set(nodes: number, because: string, signal: AbortSignal): Promise<ActOutcome> {
    const { object, recorder } = this.#parts;
    const { from, outcome } = await this.#try(nodes, signal);
    await recorder.record(
      object.reference,
      { actor: this.name, ...outcome, from, to: nodes, because },
      signal,
    );
    return outcome;
  }

  async #try(nodes: number, signal: AbortSignal): Promise<{ from: number | undefined; outcome: ActOutcome }> {
    let from: number | undefined;
    try {
      const reading = await this.#parts.object.read(signal);
      from = reading.size;
      const trouble = this.#service(reading) === 'unserved' ? unservedText(reading) : '';
      const outcome = await this.#act(reading, nodes, { trouble, signal });
      return { from, outcome: withTrouble(outcome, trouble) };
    } catch (error) {
      return { from, outcome: outcomeOf(error, this.#parts.object, signal) };
    }
  }

  async #act(
    reading: NodePoolReading,
    nodes: number,
    { trouble, signal }: { readonly trouble: string; readonly signal: AbortSignal },
  ): Promise<ActOutcome> {
    const { size } = reading;
    if (size === undefined)
      return {
        kind: 'refused',
        text: `${this.name} is not static: only a pool with spec.replicas can be set`,
      };
    await this.#releaseIfPaused(reading, signal);
    return (
      outOfBounds(nodes, this.#rules) ??
      this.#handsOff(reading) ??
      this.#shared() ??
      this.#inDryRun(size - (reading.taking?.claims.length ?? 0), nodes) ??
      this.#unservedRaise(size, nodes, trouble) ??
      (await this.#steps(reading, nodes, signal))
    );
  }

  #handsOff({ annotations, setters }: NodePoolReading): ActOutcome | undefined {
    const otherWriter = this.#setters.otherWriter(ownerOf(annotations), setters);
    return mustNotChange({ annotations, otherWriter }, this.#rules.self);
  }

  /** All nodes of the pool are counted, so all must be the NodePool's own. */
  #shared(): ActOutcome | undefined {
    const text = this.#view.whyShared?.();
    return text === undefined ? undefined : { kind: 'foreign-owner', text };
  }

  /** Opens the nodes that it closed and did not take. */
  async release(signal: AbortSignal): Promise<void> {
    await this.#closed.reopen(this.#closed.known(), 'this process is shutting down', signal);
  }

  /** A paused pool is left alone, but a node that we closed would stay closed to every Pod. */
  async #releaseIfPaused({ annotations }: NodePoolReading, signal: AbortSignal): Promise<void> {
    if (!isPaused(annotations) || this.#rules.dryRun) return;
    await this.#closed.reopen(this.#closed.known(), 'paused', signal);
  }

  #inDryRun(size: number, nodes: number): ActOutcome | undefined {
    if (!this.#rules.dryRun) return undefined;
    return size === nodes
      ? { kind: 'unchanged', text: `${nodes} nodes, unchanged` }
      : dryRun({ nodes: size }, nodes);
  }

  #unservedRaise(size: number, nodes: number, trouble: string): ActOutcome | undefined {
    if (nodes <= size) return undefined;
    const why = trouble || this.#useless();
    if (why === undefined) return undefined;
    return { kind: 'unserved', text: `stays at ${size} instead of ${nodes} nodes: ${why}` };
  }

  /** Nodes that are closed to builds offer no room, so that more would be asked for without end. */
  #useless(): string | undefined {
    const nodes = this.#view.nodes();
    const useless = nodes.filter(({ ready, closed, builds }) => ready && closed === true && builds === 0);
    const [first] = useless;
    if (first === undefined || useless.length < FEW || useless.length * 2 < nodes.length) return undefined;
    const taints = first.taints.map(({ key, effect }) => `${key}:${effect}`).join(', ') || 'cordoned';
    return `${useless.length} of ${nodes.length} nodes are ready but not schedulable for builds (${first.name}: ${taints}). Remove the taints. If builds tolerate one of them, set it in HANGAR_AUTOSCALER_POOL_TAINT`;
  }

  async #steps(reading: NodePoolReading, nodes: number, signal: AbortSignal): Promise<ActOutcome> {
    for (let step = 1; ; step += 1) {
      const next = await this.#next(reading, nodes, signal);
      signal.throwIfAborted();
      if (next.do !== 'reopen' || step === STEPS_A_TICK) return this.#do(next, reading, signal);
      await this.#closed.reopen(next.nodes, 'it is needed again', signal);
    }
  }

  async #next(reading: NodePoolReading, nodes: number, signal: AbortSignal): Promise<PoolStep> {
    const { taking, size = 0 } = reading;
    const nowMs = this.#parts.clock.monotonicMs();
    const inView = this.#closed.overlay(this.#view.nodes());
    const leaving = taking ? await this.#taker.push(reading, taking, signal) : 0;
    if (leaving === 'changed')
      return { do: 'wait', text: 'a node chosen for removal is not empty: it stays' };
    const pool: StaticPool = {
      size,
      nodes: inView,
      held: taking !== undefined,
      taking: taking?.claims.length ?? 0,
      leaving,
      closedSinceMs: this.#closed.since,
    };
    const rules = delaysBeside(this.#rules, this.#view.announcedShare?.() ?? 0);
    const step = planPool(pool, nodes, rules, nowMs);
    const moment = { nowMs, lastSetMs: this.#lastSetMs };
    const paced = step.do === 'close' ? tooSoon({ nodes: size }, nodes, rules, moment) : undefined;
    return paced ? { do: 'nothing', text: paced.text } : step;
  }

  async #do(step: PoolStep, reading: NodePoolReading, signal: AbortSignal): Promise<ActOutcome> {
    switch (step.do) {
      case 'nothing':
        return { kind: 'unchanged', text: step.text };
      case 'wait':
        return { kind: 'shrinking', text: step.text };
      case 'resize':
        await this.#parts.object.resize(reading, step.nodes, signal);
        this.#lastSetMs = this.#parts.clock.monotonicMs();
        return { kind: 'set', text: `from ${reading.size ?? 'nothing'} to ${step.nodes} nodes` };
      case 'reopen':
        await this.#closed.reopen(step.nodes, 'it is needed again', signal);
        return { kind: 'shrinking', text: `${namesOf(step.nodes)} uncordoned` };
      case 'close':
        await this.#closed.close(step.nodes, signal);
        return { kind: 'shrinking', text: `${namesOf(step.nodes)} cordoned: empty and not needed` };
      case 'take':
        return { kind: 'shrinking', text: await this.#taker.take(reading, step.nodes, signal) };
    }
  }

  #service({ size, nodes }: NodePoolReading): ReturnType<typeof judgeProvisioning>['service'] {
    const signs = { isThere: nodes >= (size ?? 0), progress: String(nodes) };
    const time = { nowMs: this.#parts.clock.monotonicMs(), bootMs: this.#view.bootMs() };
    const { service, memory } = judgeProvisioning(this.#memory, size ?? 0, signs, time);
    this.#memory = memory;
    return service;
  }
}

function unservedText({ nodes, size, limit }: NodePoolReading): string {
  const bound = limit === null ? '' : ` and limits.nodes is ${limit}`;
  return `only ${nodes} of ${size ?? 0} nodes exist, no progress for longer than the boot time${bound}: check that Karpenter runs with StaticCapacity and that the cloud can provide nodes`;
}

const namesOf = (nodes: readonly PoolNode[]): string => nodes.map(({ name }) => name).join(', ');
