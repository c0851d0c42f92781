import type { FailPolicy, RunPolicy } from '../pipeline/run-plan.ts';
import type { Start } from './engine.ts';
import type { OrderedStep } from './order-steps.ts';
import type { ContainerResources } from './resources.ts';
import type { RunFields } from './run-fields.ts';

/** A planned step; from it its container, its files and its entry in the plan are built. */
export interface PlannedContainer extends OrderedStep {
  /** Full image reference. */
  readonly image: string;
  readonly start: Start;
  /** Only those that have an effect. */
  readonly runFields: RunFields;
  readonly runs: RunPolicy;
  readonly fails: FailPolicy;
  readonly privileged: boolean;
  readonly resources: ContainerResources;
  readonly plain: ReadonlyMap<string, string>;
  readonly secret: ReadonlyMap<string, string>;
  readonly masks: readonly string[];
  /** For the author, in its own log. */
  readonly notes: readonly string[];
}
