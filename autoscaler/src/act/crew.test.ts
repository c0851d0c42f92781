import { describe, expect, it } from 'vitest';
import type { PoolNode } from '../place/pool-node.ts';
import type { Actuator, NodesMeaning } from './actuator.ts';
import { Crew } from './crew.ts';

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

function begin(meaning: NodesMeaning, leading: AbortSignal | undefined = never) {
  const asked: number[] = [];
  const actuator: Actuator = {
    name: 'a',
    meaning,
    observe: () => Promise.resolve({ word: 'absent', text: '' }),
    set: (nodes, _, signal) => {
      signal.throwIfAborted();
      asked.push(nodes);
      return Promise.resolve({ word: 'set', text: 'done' });
    },
  };
  const surplus = () => ({ openRoom: 0, slackRoom: 0 });
  const crew = new Crew(new Map([['ci', { actuator, surplus }]]), {
    nodes: () => new Map([['ci', [node('a', 2), node('b', 0), node('c', 1)]]]),
    leadership: () => ({ leading, holder: 'r2' }),
  });
  const order = (pool: string, nodes: number, spareNodes = 0) =>
    crew.act([{ pool, nodes, spareNodes, because: 'demand' }], never);
  return { asked, order };
}

describe('the crew', () => {
  it('asks an own pool for all nodes, and a buffer for those that shall stand ready', async () => {
    const [own, buffer] = [begin('total'), begin('spare')];
    expect(await own.order('ci', 5)).toEqual([{ pool: 'ci', outcome: 'set', note: 'done' }]);
    await buffer.order('ci', 5, 3);
    expect([own.asked, buffer.asked]).toEqual([[5], [3]]);
  });

  it('does nothing while another replica leads, and says who', async () => {
    const crew = begin('total');
    const follower = new Crew(new Map(), {
      nodes: () => new Map(),
      leadership: () => ({ leading: undefined, holder: 'r2' }),
    });
    expect(await follower.act([{ pool: 'ci', nodes: 5, spareNodes: 1, because: '' }], never)).toMatchObject([
      { outcome: 'follower', note: 'r2 leads, this replica only looks' },
    ]);
    expect(crew.asked).toEqual([]);
  });

  it('stops in the middle when leadership ends', async () => {
    const { asked, order } = begin('total', AbortSignal.abort(new Error('lost')));
    await expect(order('ci', 5)).rejects.toThrow('lost');
    expect(asked).toEqual([]);
  });

  it('says of a pool that nobody sizes that it is a dry run', async () => {
    expect(await begin('total').order('other', 5)).toMatchObject([{ pool: 'other', outcome: 'dry-run' }]);
  });
});
