import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { describe, expect, it } from 'vitest';
import { CLOSING_TAINT, type PoolNode } from '../../capacity/pool-node.ts';
import { planPool, type RemovalRules, type StaticPool } from './plan.ts';

const rules: RemovalRules = { settleMs: 5_000, emptyForMs: 30_000, batch: 2 };
const NOW_MS = 1_000_000;

function node(name: string, emptyForMs: number | undefined, ...taints: PoolNode['taints']): PoolNode {
  const builds = emptyForMs === undefined ? 1 : 0;
  const emptySinceMs = emptyForMs === undefined ? undefined : NOW_MS - emptyForMs;
  const more = { uid: name, resourceVersion: '1', ready: true, unschedulable: false };
  return { name, taints, builds, room: 3 - builds, emptySinceMs, ...more };
}

const HOUR = 3_600_000;
const busy = node('busy', undefined);
const long = node('long', 90_000);
const longer = node('longer', 99_000);
const marked = node('marked', 40_000, SURPLUS_TAINT);
const closed = node('closed', 60_000, CLOSING_TAINT);
const closedToo = node('closed-too', 60_000, CLOSING_TAINT);

/** As {@link plan} with nodes that are billed by started hours, at this age. */
function hourlyAt(ageMinutes: number): string {
  const aged = { ...long, createdMs: NOW_MS - ageMinutes * 60_000 };
  const pool = { size: 2, nodes: [busy, aged], held: false, taking: 0, leaving: 0, closedSinceMs: new Map() };
  return planPool(pool, 1, { ...rules, billing: { unitMs: HOUR, leastLifeMs: 0 } }, NOW_MS).do;
}

function plan(
  wanted: number,
  size: number,
  nodes: readonly PoolNode[],
  more: Partial<StaticPool> = {},
): string {
  const pool = {
    size,
    nodes,
    held: (more.taking ?? 0) > 0,
    taking: 0,
    leaving: 0,
    closedSinceMs: new Map(),
    ...more,
  };
  const step = planPool(pool, wanted, rules, NOW_MS);
  switch (step.do) {
    case 'nothing':
    case 'wait':
      return step.do;
    case 'resize':
      return `resize ${step.nodes}`;
    case 'close':
    case 'reopen':
    case 'take':
      return `${step.do} ${step.nodes.map(({ name }) => name).join(' ')}`;
  }
}
const since = (ms: number, ...names: string[]) => ({
  closedSinceMs: new Map(names.map((name) => [name, NOW_MS - ms])),
});

describe('the next step of a static pool', () => {
  it('closes no node in the middle of an hour that is paid for, but late in it', () => {
    expect([20, 55, 59.5, 70, 115].map(hourlyAt)).toEqual([
      'nothing',
      'close',
      'nothing',
      'nothing',
      'close',
    ]);
  });

  it.each([
    ['recommended', plan(3, 3, [busy, long, longer]), 'nothing'],
    ['more is wanted', plan(4, 3, [busy, long, longer]), 'resize 4'],
    ['one less', plan(2, 3, [busy, long, longer]), 'close longer'],
    ['a marked node goes first', plan(3, 4, [busy, long, longer, marked]), 'close marked'],
    ['a batch at a time', plan(0, 4, [busy, long, longer, marked]), 'close marked longer'],
    ['one too many, and one is booting', plan(1, 2, [{ ...long, ready: false }, longer]), 'nothing'],
    ['two too many, and one is not there yet', plan(1, 3, [long, longer]), 'close longer'],
    ['nobody is empty', plan(0, 1, [busy]), 'nothing'],
    ['empty, but not for long', plan(0, 1, [node('a', 29_999)]), 'nothing'],
    ['empty for long enough', plan(0, 1, [node('a', 30_000)]), 'close a'],
    ['closed just now', plan(1, 2, [busy, closed], since(5_000, 'closed')), 'wait'],
    ['closed and settled', plan(1, 2, [busy, closed], since(5_001, 'closed')), 'take closed'],
    ['closed by somebody before us', plan(1, 2, [busy, closed]), 'wait'],
    ['needed again while closed', plan(2, 2, [busy, closed], since(9_000, 'closed')), 'reopen closed'],
    ['more needed while closed', plan(5, 2, [busy, closed], since(9_000, 'closed')), 'reopen closed'],
    ['one of two needed again', plan(2, 3, [busy, closed, closedToo]), 'reopen closed-too'],
    ['on its way out', plan(1, 2, [busy, closed], { taking: 1, leaving: 1 }), 'wait'],
    ['gone', plan(1, 2, [busy], { taking: 1, leaving: 0 }), 'resize 1'],
    ['gone, and more to go', plan(0, 3, [busy, long], { taking: 1 }), 'resize 2'],
    ['needed again while one goes', plan(2, 2, [busy, closed], { taking: 1, leaving: 1 }), 'resize 2'],
    ['more needed while one goes', plan(7, 2, [busy, closed], { taking: 1, leaving: 1 }), 'resize 7'],
    ['some needed again while two go', plan(2, 3, [busy], { taking: 2, leaving: 1 }), 'wait'],
    ['some needed again when two went', plan(2, 3, [busy], { taking: 2, leaving: 0 }), 'resize 2'],
    ['a taking that was given up', plan(1, 2, [busy, long], { held: true }), 'resize 2'],
  ])('%s', (_, step, wanted) => {
    expect(step).toBe(wanted);
  });
});
