import { describe, expect, it } from 'vitest';
import { NO_PLACEHOLDER } from '../pipeline/compiled.ts';
import { decideSwap } from './swap-decision.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { afterSwap, aPod, running, terminated, waiting, withStates } from './testing/a-pod.ts';

const plan = aPlan([aPlannedStep(1, { engine: 'swap' })]);
const pod = aPod(plan);

describe('what to do when a swapped step is due', () => {
  it.each([
    [
      'the placeholder runs',
      withStates(pod, { 1: running() }),
      { kind: 'swap', placeholder: 'containerd://1-0' },
    ],
    ['its image is in place', afterSwap(pod, 1, 'x'), { kind: 'done' }],
    [
      'it is in place, and its program has ended',
      withStates(afterSwap(pod, 1, 'x'), { 1: terminated(0) }, 1),
      { kind: 'done' },
    ],
    ['a node has the Pod, and has not reported the placeholder yet (known issue 6)', pod, { kind: 'wait' }],
    [
      'the placeholder is being created',
      withStates(pod, { 1: waiting('ContainerCreating') }),
      { kind: 'wait' },
    ],
    ['the placeholder has ended', withStates(pod, { 1: terminated(137) }), { kind: 'lost', code: 137 }],
    [
      'no node has the Pod',
      aPod(plan, { spec: { nodeName: '' } }),
      { kind: 'swap', placeholder: NO_PLACEHOLDER },
    ],
  ])('%s', (_, now, want) => {
    expect(decideSwap(now, 1)).toEqual(want);
  });

  it('waits for the container’s id, which identifies its run', () => {
    const seen = withStates(pod, { 1: running() });
    const [status] = seen.status?.containerStatuses ?? [];
    const unnamed = {
      ...seen,
      status: { containerStatuses: status ? [{ ...status, containerID: '' }] : [] },
    };
    expect(decideSwap(unnamed, 1)).toEqual({ kind: 'wait' });
  });
});
