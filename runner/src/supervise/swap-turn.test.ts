import { describe, expect, it } from 'vitest';
import { NO_PLACEHOLDER } from '../pipeline/compiled.ts';
import { swapTurn } from './swap-turn.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { afterSwap, aPod, running, terminated, waiting, withStates } from './testing/a-pod.ts';

const plan = aPlan([aPlannedStep(1, { engine: 'swap' })]);
const pod = aPod(plan);

describe('the turn of a swapped step', () => {
  it.each([
    [
      'the placeholder runs',
      withStates(pod, { 1: running() }),
      { kind: 'swap', placeholder: 'containerd://1-0', resourceVersion: undefined },
    ],
    ['its image is in place', afterSwap(pod, 1, 'x'), { kind: 'done' }],
    [
      'it is in place, and its program has ended',
      withStates(afterSwap(pod, 1, 'x'), { 1: terminated(0) }, 1),
      { kind: 'done' },
    ],
    ['a node has the Pod, and has not told of the placeholder (known issue 6)', pod, { kind: 'wait' }],
    ['the placeholder is being made', withStates(pod, { 1: waiting('ContainerCreating') }), { kind: 'wait' }],
    ['the placeholder has ended', withStates(pod, { 1: terminated(137) }), { kind: 'lost', code: 137 }],
    [
      'no node has the Pod: only as long as that is so',
      aPod(plan, { spec: { nodeName: '' } }),
      { kind: 'swap', placeholder: NO_PLACEHOLDER, resourceVersion: '7' },
    ],
  ])('%s', (_, now, want) => {
    expect(swapTurn(now, 1)).toEqual(want);
  });

  it('waits for a container’s id, by which its run will be known', () => {
    const seen = withStates(pod, { 1: running() });
    const [status] = seen.status?.containerStatuses ?? [];
    const unnamed = {
      ...seen,
      status: { containerStatuses: status ? [{ ...status, containerID: '' }] : [] },
    };
    expect(swapTurn(unnamed, 1)).toEqual({ kind: 'wait' });
  });
});
