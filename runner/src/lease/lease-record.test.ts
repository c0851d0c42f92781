import { describe, expect, it } from 'vitest';
import { intentsOf, intentsText, LEASE_ANNOTATION, leaseName, namespacesOf } from './lease-record.ts';

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
    [
      'the open steps of a stage',
      JSON.stringify([
        {
          ...intent,
          steps: [
            [2, 200, 3, 1],
            [3, 300, 1, 0],
          ],
        },
      ]),
      [
        {
          ...intent,
          steps: [
            { n: 2, id: 200, version: 3, isRunning: true },
            { n: 3, id: 300, version: 1, isRunning: false },
          ],
        },
      ],
    ],
    [
      'a stage with those open steps that can be read',
      JSON.stringify([{ ...intent, steps: [[2, '200', 3, 1], 7, [3, 300, 1, 0]] }]),
      [{ ...intent, steps: [{ n: 3, id: 300, version: 1, isRunning: false }] }],
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

describe('intents as a Lease keeps them', () => {
  const stepsOf = (stageId: number) =>
    Array.from({ length: 200 }, (_, nth) => ({
      n: nth + 1,
      id: stageId * 1000 + nth,
      version: 1,
      isRunning: false,
    }));
  const many = Array.from({ length: 100 }, (_, nth) => ({ ...intent, stageId: nth + 1 }));
  const read = (text: string) => intentsOf(leaseWith(LEASE_ANNOTATION.intents, text));

  it('have the present open steps, else those of the previous owner', () => {
    const before = { ...intent, steps: stepsOf(63) };
    expect(read(intentsText([before], () => undefined))).toEqual([before]);
    const [now] = stepsOf(63);
    expect(read(intentsText([before], () => (now ? [now] : [])))).toEqual([{ ...intent, steps: [now] }]);
    expect(read(intentsText([before], () => []))).toEqual([intent]);
  });

  it('leave out the steps that find no room, and no stage', () => {
    const text = intentsText(many, stepsOf);
    const stages = read(text);
    expect(stages).toHaveLength(many.length);
    const withSteps = stages.filter(({ steps }) => steps !== undefined).length;
    expect([withSteps > 0, withSteps < many.length]).toEqual([true, true]);
    expect(text.length - intentsText(many, () => undefined).length).toBeLessThan(42_000);
  });

  it('leave out the ids of steps that find no room: those stages are started once more, as after a lost response', () => {
    const started = many.map((one) => {
      const stepIds = stepsOf(one.stageId).map(({ id }) => id);
      return { ...one, started: { stepIds, owners: 2 } };
    });
    const stages = read(intentsText(started, () => undefined));
    const withIds = stages.filter((one) => (one.started?.stepIds.length ?? 0) > 0);
    expect([withIds.length > 0, withIds.length < many.length]).toEqual([true, true]);
    expect(stages.map((one) => one.started?.owners)).toEqual(many.map(() => 2));
    expect(withIds).toEqual(started.slice(0, withIds.length));
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
