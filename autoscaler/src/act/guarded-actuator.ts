import type { Clock } from '@hangar/shared/clock';
import { isPaused } from '../capacity/pool-node.ts';
import type { ActRecorder } from './act-recorder.ts';
import {
  type ActOutcome,
  type Actuator,
  type NodesMeaning,
  type ObservedObject,
  outcomeOf,
} from './actuator.ts';
import { SetterMemory } from './field-owner.ts';
import { type ActRules, judgeAct, ownerOf, type ScaleState } from './judge.ts';
import { judgeProvisioning, type ProvisioningMemory } from './provisioning-watch.ts';
import type { ScaledObject, ScaleReading } from './scaled-object.ts';

/** What a guarded actuator is made of. */
export interface GuardedParts {
  readonly clock: Clock;
  readonly recorder: ActRecorder;
  readonly object: ScaledObject;
}

/** The observed pool behind the object. */
export interface PoolFacts {
  /** Usual time from order to ready, in milliseconds. */
  bootMs(): number;
  /** Number of nodes: a new one shows that an engine serves the object. */
  nodes(): number;
}

interface Tried {
  readonly from: number | undefined;
  readonly outcome: ActOutcome;
}

const TRIES = 3;

/**
 * Sets the replicas of one object: reads, judges, writes, records. It asks for no more while no engine brings the nodes, and never
 * overwrites another owner.
 */
export class GuardedActuator implements Actuator {
  readonly name: string;
  readonly meaning: NodesMeaning;
  readonly #parts: GuardedParts;
  readonly #rules: ActRules;
  readonly #pool: PoolFacts;
  readonly #setters = new SetterMemory();
  #memory: ProvisioningMemory | undefined;
  #lastSetMs: number | undefined;

  constructor(parts: GuardedParts, rules: ActRules, pool: PoolFacts) {
    this.name = parts.object.name;
    this.meaning = parts.object.meaning;
    this.#parts = parts;
    this.#rules = rules;
    this.#pool = pool;
  }

  async observe(signal: AbortSignal): Promise<ObservedObject> {
    try {
      const reading = await this.#parts.object.read(signal);
      const standing = this.#standing(reading);
      const owner = ownerOf(reading.annotations);
      const paused = isPaused(reading.annotations);
      const text = standing.serviceText || reading.engineText;
      return { kind: 'found', nodes: reading.nodes, service: standing.service, owner, paused, text };
    } catch (error) {
      const { kind, text } = outcomeOf(error, this.#parts.object, signal);
      return { kind: kind === 'absent' ? 'absent' : 'unreadable', text };
    }
  }

  async set(nodes: number, because: string, signal: AbortSignal): Promise<ActOutcome> {
    const { object, recorder } = this.#parts;
    const { from, outcome } = await this.#try(nodes, signal);
    const act = { actor: this.name, ...outcome, from, to: nodes, because };
    await recorder.record(object.reference, act, signal);
    return outcome;
  }

  async #try(nodes: number, signal: AbortSignal): Promise<Tried> {
    for (let tries = 1; ; tries += 1) {
      const tried = await this.#tryOnce(nodes, signal);
      // Engines write the status of the same object all the time: read, judge and write again.
      if (tried.outcome.kind !== 'conflict' || tries === TRIES) return tried;
    }
  }

  async #tryOnce(nodes: number, signal: AbortSignal): Promise<Tried> {
    let from: number | undefined;
    try {
      const reading = await this.#parts.object.read(signal);
      from = reading.nodes;
      const standing = this.#standing(reading);
      const moment = { nowMs: this.#parts.clock.monotonicMs(), lastSetMs: this.#lastSetMs };
      const outcome =
        judgeAct(standing, nodes, this.#rules, moment) ?? (await this.#write(reading, nodes, signal));
      return { from, outcome: withTrouble(outcome, standing.serviceText) };
    } catch (error) {
      return { from, outcome: outcomeOf(error, this.#parts.object, signal) };
    }
  }

  async #write(reading: ScaleReading, nodes: number, signal: AbortSignal): Promise<ActOutcome> {
    const { object, clock } = this.#parts;
    signal.throwIfAborted();
    await object.write(reading, { nodes, self: this.#rules.self }, signal);
    this.#lastSetMs = clock.monotonicMs();
    return { kind: 'set', text: `from ${reading.nodes ?? 'nothing'} to ${nodes} nodes` };
  }

  #standing(reading: ScaleReading): ScaleState {
    const { annotations, nodes, setters, signs, engineText } = reading;
    const otherWriter = this.#setters.otherWriter(ownerOf(annotations), setters);
    const bootMs = this.#pool.bootMs();
    const time = { nowMs: this.#parts.clock.monotonicMs(), bootMs };
    const progress = `${signs.progress} ${this.#pool.nodes()}`;
    const { service, memory } = judgeProvisioning(this.#memory, nodes ?? 0, { ...signs, progress }, time);
    this.#memory = memory;
    const serviceText = service === 'unserved' ? unservedText(nodes ?? 0, bootMs, engineText) : '';
    return { annotations, nodes, otherWriter, service, serviceText };
  }
}

function unservedText(nodes: number, bootMs: number, engineText: string): string {
  const cure =
    'check that an engine that supports this object is running, has the feature enabled, and may create more nodes';
  return `no engine provides the ${nodes} requested nodes: no progress for longer than the boot time of ${Math.round(bootMs / 1000)} s (${engineText || 'no engine reports a status'}); ${cure}`;
}

/** Keeps the outcome of an act that went well, and adds that no engine brings the nodes. */
export const withTrouble = (outcome: ActOutcome, trouble: string): ActOutcome =>
  trouble === '' || outcome.kind === 'unserved' ? outcome : { ...outcome, trouble };
