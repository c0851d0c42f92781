import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';

/**
 * How an act ended:
 * - `set` written; `would-set` dry run; `unchanged` as desired already; `shrinking` under way, call again at the next tick
 * - `paused` by annotation; `foreign-owner` somebody else owns it; `paced` too soon after the last one; `unserved` no engine brings the
 *   nodes that are asked for already, so no more are asked for
 * - `absent` there is no such object; `refused` by the API or by our own bounds; `conflict` somebody else wrote meanwhile
 */
export type ActKind =
  | 'set'
  | 'would-set'
  | 'unchanged'
  | 'shrinking'
  | 'paused'
  | 'foreign-owner'
  | 'paced'
  | 'unserved'
  | 'absent'
  | 'refused'
  | 'conflict';

/** How an act ended, and a sentence with the meaning and the remedy. */
export interface ActOutcome {
  readonly kind: ActKind;
  readonly text: string;
  /** That no engine brings the nodes that are asked for, though the act itself went well. */
  readonly trouble?: string;
}

/** Does an engine bring the nodes that are asked for? `unknown` where that can't be observed. */
export type ProvisioningState = 'served' | 'coming' | 'unserved' | 'unknown';

/** What an actuator observes of its object. */
export type ObservedObject =
  | {
      readonly kind: 'found';
      /** What is asked for now, in nodes; undefined when no number was ever set. */
      readonly nodes: number | undefined;
      readonly service: ProvisioningState;
      /** Who owns it; undefined when it has no owner. */
      readonly owner: string | undefined;
      readonly paused: boolean;
      /** A sentence about service and trouble. */
      readonly text: string;
    }
  | { readonly kind: 'absent' | 'unreadable'; readonly text: string };

/** What the number of {@link Actuator.set} counts: nodes beyond what builds use, or all nodes of the pool. */
export type NodesMeaning = 'spare' | 'total';

/**
 * One way to change one pool. Both calls may be made at every tick; neither rejects but by the signal's abort, which ends
 * leadership: nothing is written after it.
 */
export interface Actuator {
  /** Kind and object: `capacity-buffer ci/builds`. */
  readonly name: string;
  readonly meaning: NodesMeaning;
  observe(signal: AbortSignal): Promise<ObservedObject>;
  /**
   * Asks for that many nodes.
   *
   * @param nodes whole, ≥ 0
   * @param because the reason, for Event and audit
   */
  set(nodes: number, because: string, signal: AbortSignal): Promise<ActOutcome>;
  /** Undoes what it began and nobody finishes when this process has ended. */
  release?(signal: AbortSignal): Promise<void>;
}

/**
 * An act's error as an outcome.
 *
 * @param error what a call of the API rejected with
 * @param object what was called, and the cure when it is absent
 * @throws the error itself when it isn't the API's, or the signal was aborted
 */
export function outcomeOf(
  error: unknown,
  object: { readonly name: string; readonly cure: string },
  signal: AbortSignal,
): ActOutcome {
  if (signal.aborted || !isKubernetesError(error)) throw error;
  switch (error.status) {
    case 404:
      return { kind: 'absent', text: `${object.name} does not exist: ${object.cure}` };
    case 409:
      return {
        kind: 'conflict',
        text: `${object.name} was changed concurrently; retrying at the next tick`,
      };
    case 401:
    case 403:
      return {
        kind: 'refused',
        text: `a permission on ${object.name} is missing (${error.message}): add it to the autoscaler's Role`,
      };
    default:
      return { kind: 'refused', text: `${object.name}: ${error.message}` };
  }
}
