import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import type { ActOutcome } from './actuator.ts';

/**
 * An act's error as an outcome.
 *
 * @param error what a call of the API rejected with
 * @param about the object, and the cure when it is absent
 * @throws the error itself when it isn't the API's, or the act was called off
 */
export function outcomeOf(
  error: unknown,
  about: { readonly name: string; readonly cure: string },
  signal: AbortSignal,
): ActOutcome {
  if (signal.aborted || !isKubernetesError(error)) throw error;
  switch (error.status) {
    case 404:
      return { kind: 'absent', text: `there is no ${about.name}: ${about.cure}` };
    case 409:
      return {
        kind: 'conflict',
        text: `${about.name} was changed by somebody else just now; next tick again`,
      };
    case 401:
    case 403:
      return {
        kind: 'refused',
        text: `a right on ${about.name} is missing (${error.message}): add it to the autoscaler's Role`,
      };
    default:
      return { kind: 'refused', text: `${about.name}: ${error.message}` };
  }
}
