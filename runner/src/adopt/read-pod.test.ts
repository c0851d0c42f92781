import type { V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { aPlan } from '../supervise/testing/a-plan.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { isOfNewerRunner, readPod } from './read-pod.ts';

const plan = aPlan();
const stage = aStage();
const podOf = (annotations: Record<string, string>, spec: object = {}): V1Pod => ({
  metadata: { name: 'drone-abc', annotations },
  spec: { containers: [], ...spec },
});
const least = { [ANNOTATION.stage]: JSON.stringify(stage) };

describe('readPod', () => {
  it('reads all that the former owner knew', () => {
    const annotations = {
      ...least,
      [ANNOTATION.plan]: JSON.stringify(plan),
      [ANNOTATION.stepIds]: '{"1":201,"2":202}',
      [ANNOTATION.stageVersion]: '4',
      [ANNOTATION.stageStarted]: '1768382990',
      [ANNOTATION.admittedAt]: '1768383000000',
      [ANNOTATION.owner]: 'ci/me',
      [ANNOTATION.server]: 'https://drone.acme.test',
      [ANNOTATION.ownNamespace]: 'true',
      [ANNOTATION.adoptions]: '2',
    };
    expect(readPod(podOf(annotations))).toEqual({
      stage: { ...stage, started: 1_768_382_990 },
      plan,
      stepIds: new Map([
        [1, 201],
        [2, 202],
      ]),
      stageVersion: 4,
      admittedMs: 1_768_383_000_000,
      owner: 'ci/me',
      server: 'https://drone.acme.test',
      ownNamespace: true,
      adoptions: 2,
      secretNames: ['drone-abc'],
    });
  });

  it('a Pod that was not started yet says less', () => {
    expect(readPod(podOf(least))).toMatchObject({
      plan: undefined,
      stepIds: undefined,
      stageVersion: 3,
      admittedMs: undefined,
      owner: '',
      server: '',
      ownNamespace: false,
      adoptions: 0,
    });
  });

  it('forgets the steps of the stage: they stand in the plan', () => {
    const whole = { ...stage, steps: [{ id: 1 }] };
    expect(readPod(podOf({ [ANNOTATION.stage]: JSON.stringify(whole) }))?.stage.steps).toEqual([]);
  });

  it.each([
    ['no annotations', { metadata: {} }],
    ['nothing at all', {}],
    ['a stage that can’t be read', podOf({ [ANNOTATION.stage]: '{' })],
    ['a stage that is none', podOf({ [ANNOTATION.stage]: '"63"' })],
    ['a stage without id', podOf({ [ANNOTATION.stage]: '{}' })],
    ['a stage that is null', podOf({ [ANNOTATION.stage]: 'null' })],
  ])('knows nothing by %s', (_, pod) => {
    expect(readPod(pod)).toBeUndefined();
  });

  it.each(['', ' ', 'soon', 'NaN'])('takes the number %j for none', (text) => {
    const odd = {
      [ANNOTATION.stageVersion]: text,
      [ANNOTATION.stageStarted]: text,
      [ANNOTATION.admittedAt]: text,
      [ANNOTATION.adoptions]: text,
    };
    expect(readPod(podOf({ ...least, ...odd }))).toMatchObject({
      stage: { started: stage.started },
      stageVersion: 3,
      admittedMs: undefined,
      adoptions: 0,
    });
  });

  it('names the Pod’s Secrets, the first one by the Pod’s own name, wherever it is mounted', () => {
    const sources = [
      { secret: { name: 'drone-abc-2' } },
      { secret: { name: 'drone-abc-3' } },
      { downwardAPI: {} },
    ];
    const spec = {
      volumes: [{ name: 'other' }, { name: 'hangar-files', projected: { sources } }],
      imagePullSecrets: [{ name: 'drone-abc-pull' }, { name: 'the-teams-own' }, {}],
    };
    expect(readPod(podOf(least, spec))?.secretNames).toEqual([
      'drone-abc',
      'drone-abc-2',
      'drone-abc-3',
      'drone-abc-pull',
    ]);
    const single = { volumes: [{ name: 'hangar-files', secret: { secretName: 'drone-abc' } }] };
    expect(readPod(podOf(least, single))?.secretNames).toEqual(['drone-abc']);
  });

  it.each([
    [undefined, false],
    ['1', false],
    ['2', true],
    ['soon', true],
  ])('knows a Pod of a newer runner, whose words may mean something else: version %j', (version, isNewer) => {
    const words = version === undefined ? {} : { [ANNOTATION.recordVersion]: version };
    const pod = podOf({ ...least, ...words });
    expect([isOfNewerRunner(pod), readPod(pod) === undefined]).toEqual([isNewer, isNewer]);
  });

  it.each([
    ['a step without a number', { ...plan, steps: [{ ...plan.steps[0], n: 'one' }] }],
    ['an engine of the future', { ...plan, steps: [{ ...plan.steps[0], engine: 'vm' }] }],
    ['another version', { ...plan, version: 2 }],
    ['no steps', { ...plan, steps: undefined }],
  ])('takes a plan for none that has %s', (_, odd) => {
    expect(readPod(podOf({ ...least, [ANNOTATION.plan]: JSON.stringify(odd) }))?.plan).toBeUndefined();
  });

  it('takes ids for none of which one makes no sense', () => {
    expect(readPod(podOf({ ...least, [ANNOTATION.stepIds]: '{"1":201,"2":"x"}' }))?.stepIds).toBeUndefined();
  });

  it('never throws, whatever somebody wrote into the annotations', () => {
    const text = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.values(ANNOTATION)), text), (annotations) => {
        const record = readPod(podOf(annotations));
        expect(record === undefined || typeof record.stage.id === 'number').toBe(true);
      }),
    );
  });
});
