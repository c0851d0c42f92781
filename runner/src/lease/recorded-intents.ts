import type { OpenStep } from '../pipeline/stage-state.ts';
import { type Intent, intentsText, recordBytes } from './lease-record.ts';

/** The stages that a Lease records, or will with its next write. */
export class RecordedIntents {
  readonly #owner: string;
  readonly #intents = new Map<number, Intent>();
  readonly #openSteps = new Map<number, () => readonly OpenStep[]>();
  #bytes = 0;

  /** @param owner of the Lease, as Pods' annotations name it */
  constructor(owner: string) {
    this.#owner = owner;
  }

  /** Size in the Lease without the steps, kept up to date: it is needed often. */
  get bytes(): number {
    return this.#bytes;
  }

  get all(): readonly Intent[] {
    return [...this.#intents.values()];
  }

  has(stageId: number): boolean {
    return this.#intents.has(stageId);
  }

  /** Adds a stage, or replaces its record. */
  add(intent: Intent): void {
    this.#remove(intent.stageId);
    this.#intents.set(intent.stageId, intent);
    this.#bytes += recordBytes(intent, this.#owner);
  }

  /** The stage is this replica's for certain. */
  confirm(stageId: number): void {
    const intent = this.#intents.get(stageId);
    if (!intent) return;
    const { from: _, ...certain } = intent;
    this.add(certain);
  }

  /** Its owner begins to prepare the stage. */
  preparing(stageId: number): void {
    const intent = this.#intents.get(stageId);
    if (intent) this.add({ ...intent, preparing: true });
  }

  /** Its owner does not prepare the stage while it waits. */
  waiting(stageId: number): void {
    const intent = this.#intents.get(stageId);
    if (!intent) return;
    const { preparing: _, ...rest } = intent;
    this.add(rest);
  }

  /** The stage has a Pod: it has not ended a runner. */
  prepared(stageId: number): void {
    const intent = this.#intents.get(stageId);
    if (!intent) return;
    const { preparing: _, deaths: __, ...rest } = intent;
    this.add(rest);
  }

  /** Owners in a row that were lost while they prepared the stage. */
  deathsOf(stageId: number): number {
    return this.#intents.get(stageId)?.deaths ?? 0;
  }

  /** The open steps of a stage, which stand in its record until it is removed. */
  followSteps(stageId: number, open: () => readonly OpenStep[]): void {
    this.#openSteps.set(stageId, open);
  }

  remove(stageId: number): void {
    this.#remove(stageId);
    this.#openSteps.delete(stageId);
  }

  clear(): void {
    this.#intents.clear();
    this.#openSteps.clear();
    this.#bytes = 0;
  }

  /** As the Lease keeps them. */
  get text(): string {
    return intentsText(this.all, (stageId) => this.#openSteps.get(stageId)?.());
  }

  #remove(stageId: number): void {
    const intent = this.#intents.get(stageId);
    if (intent) this.#bytes -= recordBytes(intent, this.#owner);
    this.#intents.delete(stageId);
  }
}
