import { describe, expect, it } from 'vitest';
import { changeText, counted } from './counted.ts';

describe('counted', () => {
  it.each([
    [0, '0 nodes'],
    [1, '1 node'],
    [2, '2 nodes'],
  ])('%s', (count, want) => {
    expect(counted(count, 'node')).toBe(want);
  });
});

describe('the change of a pool, as text', () => {
  it.each([
    [3, 4, 'with 3 Pods per node, 4 more nodes are needed'],
    [1, 1, 'with 1 Pod per node, 1 more node is needed'],
    [13, 0, 'with 13 Pods per node, no more nodes are needed'],
    [13, -1, 'with 13 Pods per node, 1 empty node can be removed'],
    [13, -2, 'with 13 Pods per node, 2 empty nodes can be removed'],
  ])('%s Pods per node, by %s', (podsPerNode, by, want) => {
    expect(changeText(podsPerNode, by)).toBe(want);
  });
});
