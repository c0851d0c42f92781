import { requestOfSpec } from '@hangar/shared/kubernetes/pod-request';
import type { V1Pod } from '@kubernetes/client-node';
import { SCHEDULING_GATE } from '../pipeline/compiled.ts';
import { type Load, NO_LOAD } from './admit.ts';

/** What a Pod asks of the scheduler, as a load on the budget. */
export const requestOf = (pod: V1Pod): Load => ({ pipelines: 1, pods: 1, ...requestOfSpec(pod.spec) });

/** Does our scheduling gate still hold it? */
export const isHeld = ({ spec }: V1Pod): boolean =>
  spec?.schedulingGates?.some((gate) => gate.name === SCHEDULING_GATE) ?? false;

/** What a Pod takes of the budget now: nothing once it has ended, nor while its scheduling gate still holds it. */
export function loadOf(pod: V1Pod): Load {
  const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  return over || isHeld(pod) ? NO_LOAD : { ...requestOf(pod), pipelines: 0 };
}
