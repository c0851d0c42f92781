import { describe, expect, it } from 'vitest';
import type { SimNode } from '../../simulate/sim-node.ts';
import type { PolicyView } from '../policy.ts';
import { aService } from '../testing/a-service.ts';
import { quietView } from '../testing/a-view.ts';
import { ServedBuffer } from './served-buffer.ts';
import { ReplayedDecisions } from './service.ts';

/** Four Pods fit on a node. */
const nodeSpec = { allocatable: { cpuMillicores: 4, memoryBytes: 4, pods: 10 } };
const view = (at: number, change: Partial<PolicyView> = {}): PolicyView =>
  quietView(at, { nodeSpec, roomOn: () => 4, ...change });

/** The buffer by a rule that wants these numbers of Pods, one after the other; ticks of 10 s, lowered once a minute. */
function bufferOf(wanted: readonly number[], change: { keepPods?: () => number } = {}) {
  const seen: PolicyView[] = [];
  const bufferPods = (one: PolicyView): number => wanted[seen.push(one) - 1] ?? wanted.at(-1) ?? 0;
  const { policy } = aService();
  const decisions = new ReplayedDecisions(policy, () => ({ name: 'r', bufferPods, ...change }));
  return { buffer: new ServedBuffer(decisions, { lowerPaceMs: 60_000 }), seen };
}

const podsAt = (buffer: ServedBuffer, times: readonly number[]): readonly number[] =>
  times.map((at) => buffer.podsAt(view(at)));

describe('a buffer that the service sets', () => {
  it('is set at the ticks of the service, which sees all that happened in between', () => {
    const { buffer, seen } = bufferOf([0]);
    for (const at of [0, 5, 9, 10])
      buffer.podsAt(view(at, { arrivals: [at], finished: [{ name: '', seconds: at * 2 }], waits: [at * 3] }));

    expect(seen.map(({ nowSeconds }) => nowSeconds)).toEqual([0, 10]);
    expect(seen[1]).toMatchObject({
      arrivals: [5, 9, 10],
      finished: [10, 18, 20].map((seconds) => ({ name: '', seconds })),
      waits: [15, 27, 30],
    });
  });

  it.each([
    ['nothing', 0, 0],
    ['a whole node for a single Pod', 1, 4],
    ['a full node', 4, 4],
    ['another one for one Pod more', 4.1, 8],
  ])('holds the places of whole nodes: %s', (_, wanted, want) => {
    expect(podsAt(bufferOf([wanted]).buffer, [0])).toEqual([want]);
  });

  it('rises at each tick, and falls no sooner than its pace after the last change', () => {
    const { buffer } = bufferOf([4, 8, 12, 0]);

    expect(podsAt(buffer, [0, 10, 20, 70, 79, 80])).toEqual([4, 8, 12, 12, 12, 0]);
  });

  it('leaves out what is only worth keeping: one number would order it too', () => {
    const node: SimNode = {
      ...{ id: 1, orderedAt: 0, state: 'ready', slot: 0, pods: 0 },
      ...{ emptySince: 0, firstBindAt: undefined, softTainted: false },
    };
    const { buffer } = bufferOf([1], { keepPods: () => 9 });

    expect(buffer.podsAt(view(0, { nodes: [node, { ...node, id: 2 }] }))).toBe(4);
  });
});
