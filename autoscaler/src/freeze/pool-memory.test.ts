import { describe, expect, it } from 'vitest';
import type { Pool } from '../capacity/pools.ts';
import { PUBLISHED_SHAPES } from '../model/shapes.ts';
import { PoolMemory } from './pool-memory.ts';

const [small] = PUBLISHED_SHAPES;
if (small === undefined) throw new Error('no shape is published');
const live: Pool = {
  name: 'ci',
  spec: { allocatable: { cpuMillicores: 7, memoryBytes: 7, pods: 7 }, traits: { labels: { a: 'b' } } },
  shape: small,
  owner: 'karpenter',
  nodes: [
    {
      name: 'n',
      ready: true,
      closed: false,
      builds: 0,
      used: { cpuMillicores: 0, memoryBytes: 0 },
      createdMs: 0,
    },
  ],
};
const options = {
  scaled: ['ci', 'large'],
  label: 'pool',
  shapes: { large: small },
  daemonSets: { cpuMillicores: 300, memoryBytes: 0 },
};

describe('the memory of pools', () => {
  it('keeps a pool that somebody scales after its last node is gone, as it was', () => {
    const memory = new PoolMemory({ ...options, shapes: {} });
    expect(memory.complete([])).toEqual([]);
    expect(memory.complete([live])).toEqual([live]);
    expect(memory.complete([])).toEqual([{ ...live, nodes: [] }]);
  });

  it('forgets one that nobody scales', () => {
    const memory = new PoolMemory({ ...options, scaled: [], shapes: {} });
    memory.complete([live]);
    expect(memory.complete([])).toEqual([]);
  });

  it('takes one that was never seen from the settings, until it is seen', () => {
    const memory = new PoolMemory(options);
    const [large] = memory.complete([]);
    expect(large).toMatchObject({
      name: 'large',
      nodes: [],
      spec: {
        allocatable: small.allocatable,
        traits: { labels: { pool: 'large' } },
        daemonSets: { cpuMillicores: 300, pods: 0 },
      },
    });
    const seen = { ...live, name: 'large' };
    memory.complete([seen]);
    expect(memory.complete([])).toEqual([{ ...seen, nodes: [] }]);
  });
});
