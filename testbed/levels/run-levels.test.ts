import { describe, expect, it } from 'vitest';
import type { Level } from './levels.ts';
import { runInOrder } from './run-levels.ts';

const level = (name: string, more: Partial<Level> = {}): Level => ({
  ...{ name, what: name, command: ['vitest', name], needs: [], parts: [], quick: 'all' },
  ...more,
});
const unit = level('unit', { computes: true });
const tools = level('tools', { computes: true });
const flows = level('flows');
const chaos = level('chaos');
const kubelet = level('kubelet', { parts: ['etcd'] });
const docs = level('docs', { parts: ['etcd'] });

/** Runs levels that end when they are told to; what happened, in order. */
function running(levels: readonly Level[]) {
  const events: string[] = [];
  const ends = new Map<string, () => void>();
  const results = runInOrder(levels, async ({ name }, place) => {
    events.push(`${name} ${place}`);
    await new Promise<void>((resolve) => ends.set(name, resolve));
    return { name, passed: 1, failed: 0, retried: [], failures: [] };
  });
  const end = async (name: string): Promise<readonly string[]> => {
    ends.get(name)?.();
    await new Promise(setImmediate);
    return events.splice(0);
  };
  return { results, events, end };
}

describe('runInOrder', () => {
  it('runs levels that compute beside the others, and the first one on the cluster after all of them', async () => {
    const { results, events, end } = running([unit, tools, flows, chaos, kubelet, docs]);
    expect(events.splice(0)).toEqual(['unit beside', 'flows alone']);
    expect(await end('flows')).toEqual(['chaos alone']);
    expect(await end('chaos')).toEqual([]);
    expect(await end('unit')).toEqual(['tools beside']);
    expect(await end('tools')).toEqual(['kubelet alone']);
    expect(await end('kubelet')).toEqual(['docs alone']);
    await end('docs');
    expect((await results).map(({ name }) => name)).toEqual([
      ...['unit', 'tools', 'flows', 'chaos', 'kubelet', 'docs'],
    ]);
  });

  it.each([
    ['levels that compute alone, if there are no others', [unit, tools], ['unit alone'], ['tools alone']],
    ['a level on the cluster alone', [kubelet, docs], ['kubelet alone'], ['docs alone']],
  ])('runs %s', async (_, levels, first, second) => {
    const { events, end } = running(levels);
    await new Promise(setImmediate);
    expect(events.splice(0)).toEqual(first);
    expect(await end(levels[0]?.name ?? '')).toEqual(second);
  });
});
