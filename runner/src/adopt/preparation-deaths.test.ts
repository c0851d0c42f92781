import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import type { Intent } from '../lease/lease-record.ts';
import { intent, putLease, putPod, replica, TERM_MS } from './testing/a-replica.ts';

/** What a replica records of stage 1 after it has taken it over from a dead one. */
async function takenOver(
  holder: string,
  recorded: Partial<Intent>,
  { hasPod }: { hasPod: boolean },
): Promise<Intent | undefined> {
  const cluster = new FakeCluster();
  if (hasPod) putPod(cluster, 1, 'ci/hangar-runner-dead');
  putLease(cluster, 'dead', { holder, intents: [{ ...intent(1), ...recorded }] });
  const me = await replica(cluster, 'me', new FakeClock());
  await me.reconcile();
  await me.clock.step(TERM_MS + 1_001);
  await me.reconcile();
  expect([...me.carried, ...me.resumed.map(({ stageId }) => stageId)]).toEqual([1]);
  return me.lease.intents.find(({ stageId }) => stageId === 1);
}

describe('a stage whose owner was lost', () => {
  it.each<[string, string, Partial<Intent>, number | undefined]>([
    ['while it prepared the stage: one more is counted', 'dead', { preparing: true, deaths: 1 }, 2],
    ['while the stage waited: none is', 'dead', { deaths: 1 }, 1],
    ['after it had stopped in order: none is', '', { preparing: true, deaths: 1 }, 1],
    ['and that is the first', 'dead', { preparing: true }, 1],
    ['and that is the first, in order', '', { preparing: true }, undefined],
  ])('%s', async (_, holder, recorded, want) => {
    for (const hasPod of [false, true]) {
      const record = await takenOver(holder, recorded, { hasPod });
      expect([record?.deaths, record?.preparing]).toEqual([want, undefined]);
    }
  });
});
