import { describe, expect, it } from 'vitest';
import { intentsOf, LEASE_ANNOTATION, leaseName, namespacesOf } from './lease-record.ts';

const intent = { stageId: 63, buildId: 41, machine: 'runner-1' };
const leaseWith = (key: string, text: string) => ({ metadata: { annotations: { [key]: text } } });

describe('what a Lease keeps', () => {
  it.each([
    ['what was written', JSON.stringify([intent]), [intent]],
    ['nothing, of no JSON', '[{"stageId":', []],
    ['nothing, of no list', '{"stageId":63}', []],
    [
      'what can be read, of a list that somebody edited',
      JSON.stringify([null, 7, { stageId: '63' }, intent]),
      [intent],
    ],
    [
      'what the server said of a stage that waits without a Pod',
      JSON.stringify([{ ...intent, started: { stepIds: [7, 8], owners: 2 } }]),
      [{ ...intent, started: { stepIds: [7, 8], owners: 2 } }],
    ],
    [
      'a stage, though what the server said of it can not be read',
      JSON.stringify([{ ...intent, started: { stepIds: ['7'], owners: 2 } }]),
      [intent],
    ],
  ])('intents: %s', (_, text, want) => {
    expect(intentsOf(leaseWith(LEASE_ANNOTATION.intents, text))).toEqual(want);
  });

  it('namespaces, and only names', () => {
    expect(namespacesOf(leaseWith(LEASE_ANNOTATION.namespaces, '["ci",7,"drone-x"]'))).toEqual([
      'ci',
      'drone-x',
    ]);
  });

  it('nothing, where there are no annotations', () => {
    expect([intentsOf({}), namespacesOf({})]).toEqual([[], []]);
  });
});

describe('leaseName', () => {
  it.each([
    ['drone-runner-5d8f-x2x', 'hangar-runner-drone-runner-5d8f-x2x'],
    ['My_Laptop.local', 'hangar-runner-my-laptop.local'],
    ['--x--', 'hangar-runner-x'],
    ['', 'hangar-runner-unnamed'],
    ['___', 'hangar-runner-unnamed'],
    ['a'.repeat(400), `hangar-runner-${'a'.repeat(239)}`],
    [`${'a'.repeat(238)}-b`, `hangar-runner-${'a'.repeat(238)}`],
  ])('%s', (replica, want) => {
    expect(leaseName(replica)).toBe(want);
  });
});
