import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { ANNOTATION_LIMIT_BYTES, annotationBytes, FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Lease } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import type { OpenStep } from '../pipeline/stage-state.ts';
import { type Intent, intentsOf, leaseName } from './lease-record.ts';
import { OwnLease } from './own-lease.ts';
import { never, SERVER, target } from './testing/a-lease.ts';

/** What the stages of a replica are like. */
interface Kind {
  readonly replica: string;
  readonly machine: string;
  /** Each stage has a namespace of its own with a name of that length. */
  readonly namespaceLength?: number;
  readonly openSteps?: number;
  /** So many stages are started without a Pod later, and wait with that many steps. */
  readonly waiting?: { readonly stages: number; readonly steps: number };
}

const USUAL = { replica: 'hangar-runner-7d9f8b6c5d-abcde', machine: 'hangar-runner-7d9f8b6c5d-abcde' };
const KINDS: readonly [string, Kind][] = [
  ['short names', { replica: 'r', machine: 'r' }],
  ['usual names', USUAL],
  ['the longest names', { replica: 'r'.repeat(253), machine: 'm'.repeat(253) }],
  ['names of several bytes a character', { replica: 'r', machine: 'ランナー'.repeat(20) }],
  ['a namespace for each stage', { ...USUAL, namespaceLength: 63 }],
  ['open steps', { ...USUAL, openSteps: 20 }],
  ['one open step each', { ...USUAL, openSteps: 1 }],
  ['one open step each, and short names', { replica: 'r', machine: 'r', openSteps: 1 }],
  ['a long queue of stages that wait for a quota', { ...USUAL, waiting: { stages: 500, steps: 600 } }],
  [
    'everything at once',
    {
      replica: 'r'.repeat(63),
      machine: 'é'.repeat(63),
      namespaceLength: 63,
      openSteps: 100,
      waiting: { stages: 120, steps: 600 },
    },
  ],
];

const stepsOf = (stageId: number, count: number): readonly OpenStep[] =>
  Array.from({ length: count }, (_, nth) => ({
    ...{ n: nth + 1, id: stageId * 10 + nth, version: 3, isRunning: true },
  }));

/** Records a stage with all that belongs to it. */
function record(lease: OwnLease, intent: Intent, { namespaceLength, openSteps = 0 }: Kind): Promise<unknown> {
  const { stageId } = intent;
  const written = lease.intend(intent, never);
  if (openSteps > 0) lease.followSteps(stageId, () => stepsOf(stageId, openSteps));
  if (namespaceLength === undefined) return written;
  return Promise.all([written, lease.enter(`drone-${stageId}`.padEnd(namespaceLength, 'x'), 'own', never)]);
}

/** A replica that records stages until it is full, and one more, which may be on its way then. */
async function full(kind: Kind) {
  const { replica, machine, waiting = { stages: 0, steps: 0 } } = kind;
  const cluster = new FakeCluster();
  const lease = new OwnLease(
    { clock: new FakeClock(), cluster, log: silentLogger },
    { namespace: 'ci', holder: { replica, podUid: 'pod-1', instance: '1' }, termMs: 15_000, server: SERVER },
  );
  await lease.take(never);
  const writes: Promise<unknown>[] = [];
  const intents: Intent[] = [];
  for (let stageId = 1_000_000, isLast = false; !isLast; stageId += 1) {
    isLast = lease.isFull;
    const intent = { stageId, buildId: stageId, machine, preparing: true } as const;
    intents.push(intent);
    writes.push(record(lease, intent, kind));
  }
  for (const intent of intents.slice(0, waiting.stages)) {
    const stepIds = stepsOf(intent.stageId, waiting.steps).map(({ id }) => id);
    writes.push(lease.intend({ ...intent, started: { stepIds, owners: 3 } }, never));
  }
  await Promise.all(writes);
  const stored = cluster.find<V1Lease>({ ...target, name: leaseName(replica) }) ?? {};
  return { stored, intents };
}

describe('a Lease that is full', () => {
  it.each(KINDS)('has annotations within the limit of the API server: %s', async (_, kind) => {
    const { stored, intents } = await full(kind);
    expect(annotationBytes(stored)).toBeLessThanOrEqual(ANNOTATION_LIMIT_BYTES);
    expect(intentsOf(stored)).toHaveLength(intents.length);
  });
});
