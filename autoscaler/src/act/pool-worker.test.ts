import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { describe, expect, it } from 'vitest';
import type { Placer } from './placer.ts';
import { CLOSING_TAINT, type PoolNode } from '../capacity/pool-node.ts';
import type { ActOutcome, Actuator, NodesMeaning, Observation } from './actuator.ts';
import { PoolWorker, type PoolWorkerParts } from './pool-worker.ts';

const never = new AbortController().signal;
const node = (name: string, builds: number): PoolNode => ({
  name,
  uid: name,
  resourceVersion: '1',
  taints: [],
  ready: true,
  unschedulable: false,
  builds,
  room: 3 - builds,
});
const SEEN: Observation = {
  kind: 'found',
  nodes: 8,
  service: 'served',
  owner: undefined,
  paused: false,
  text: '',
};

interface Ordered {
  readonly spare?: number;
  readonly uncertain?: string;
  readonly signal?: AbortSignal;
}

function begin(meaning: NodesMeaning, more: Partial<PoolWorkerParts> = {}, outcome?: ActOutcome) {
  const asked: number[] = [];
  const placed: string[] = [];
  const actuator: Actuator = {
    name: 'a',
    meaning,
    observe: () => Promise.resolve(SEEN),
    set: (nodes, _, signal) => {
      signal.throwIfAborted();
      asked.push(nodes);
      return Promise.resolve(outcome ?? { kind: 'set', text: 'done' });
    },
  };
  const done: ActOutcome = { kind: 'unchanged', text: '' };
  const placer: Pick<Placer, 'tick' | 'clear'> = {
    tick: () => {
      placed.push('marked');
      return Promise.resolve(done);
    },
    clear: (_, taints) => {
      if (taints.length > 0) placed.push(`cleared ${taints.map(({ key }) => key).join(' ')}`);
      return Promise.resolve(done);
    },
  };
  const worker = new PoolWorker({
    placer: () => placer,
    actuator: (pool) => (pool === 'ci' ? actuator : undefined),
    marks: () => 'mark',
    whyNot: () => undefined,
    ...more,
  });
  const nodes = new Map([['ci', [node('a', 2), node('b', 0), node('c', 1)]]]);
  const order = (pool: string, wanted: number, more: Ordered = {}) =>
    worker.act(
      [{ pool, nodes: wanted, spareNodes: more.spare ?? 0, because: 'demand' }],
      { nodes, surplus: { openRoom: 0, slackRoom: 0 }, uncertain: more.uncertain },
      more.signal ?? never,
    );
  return { asked, placed, order };
}

describe('the crew', () => {
  it('asks an own pool for all nodes, and a buffer for those that shall stand ready', async () => {
    const [own, buffer] = [begin('total'), begin('spare')];
    expect(await own.order('ci', 5)).toEqual([{ pool: 'ci', outcome: 'set', note: 'done' }]);
    await buffer.order('ci', 5, { spare: 3 });
    expect([own.asked, buffer.asked]).toEqual([[5], [3]]);
  });

  it('lowers nothing and marks nothing while less is known than should be, but raises', async () => {
    const { asked, placed, order } = begin('total');
    await order('ci', 5, { uncertain: 'a runner is silent' });
    await order('ci', 9, { uncertain: 'a runner is silent' });
    expect([asked, placed]).toEqual([[8, 9], []]);
  });

  it('stops in the middle when leadership ends', async () => {
    const { asked, order } = begin('total');
    const signal = AbortSignal.abort(new Error('lost'));
    await expect(order('ci', 5, { signal })).rejects.toThrow('lost');
    expect(asked).toEqual([]);
  });

  it('says of a pool that nobody scales that it is a dry run, and why where a right is missing', async () => {
    expect(await begin('total').order('other', 5)).toMatchObject([
      { pool: 'other', outcome: 'dry-run', note: 'nobody scales this pool' },
    ]);
    const forbidden = begin('total', { actuator: () => undefined, whyNot: () => 'a right is missing' });
    expect(await forbidden.order('ci', 5)).toMatchObject([
      { outcome: 'refused', note: 'a right is missing' },
    ]);
  });

  it('calls a pool unserved though the order itself went well', async () => {
    const outcome = { kind: 'unchanged', text: '4 nodes, as before', trouble: 'nobody brings them' } as const;
    expect(await begin('spare', {}, outcome).order('ci', 4)).toEqual([
      { pool: 'ci', outcome: 'unserved', note: '4 nodes, as before; nobody brings them' },
    ]);
  });

  it.each([
    ['marks', 'total', 'mark', ['marked']],
    [
      'opens what nobody takes any more, and marks',
      'spare',
      'mark',
      [`cleared ${CLOSING_TAINT.key}`, 'marked'],
    ],
    ['clears marks', 'total', 'clear', [`cleared ${SURPLUS_TAINT.key}`]],
    ['clears all', 'spare', 'clear', [`cleared ${SURPLUS_TAINT.key} ${CLOSING_TAINT.key}`]],
    ['leaves nodes alone', 'spare', 'leave', []],
  ] as const)('%s', async (_, meaning, marks, wanted) => {
    const { placed, order } = begin(meaning, { marks: () => marks });
    await order('ci', 5);
    expect(placed).toEqual(wanted);
  });
});
