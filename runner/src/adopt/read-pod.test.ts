import type { V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANNOTATION, RECORD_VERSION, recordVersionOf } from '../pipeline/compiled.ts';
import type { PlannedStep, RunPlan } from '../pipeline/run-plan.ts';
import { aPlan, aPlannedStep } from '../supervise/testing/a-plan.ts';
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
  it('reads everything that the previous owner recorded', () => {
    const annotations = {
      ...least,
      [ANNOTATION.plan]: JSON.stringify(plan),
      [ANNOTATION.stepIds]: '{"1":201,"2":202}',
      [ANNOTATION.stepVersions]: '{"1":2}',
      [ANNOTATION.stageVersion]: '4',
      [ANNOTATION.stageStarted]: '1768382990',
      [ANNOTATION.admittedAt]: '1768383000000',
      [ANNOTATION.owner]: 'ci/me',
      [ANNOTATION.server]: 'https://drone.acme.test',
      [ANNOTATION.ownNamespace]: 'true',
      [ANNOTATION.adoptions]: '2',
      [ANNOTATION.readerDeaths]: '1',
    };
    expect(readPod(podOf(annotations))).toEqual({
      stage: { ...stage, started: 1_768_382_990 },
      plan,
      stepIds: new Map([
        [1, 201],
        [2, 202],
      ]),
      stepVersions: new Map([[1, 2]]),
      stageVersion: 4,
      admittedMs: 1_768_383_000_000,
      owner: 'ci/me',
      server: 'https://drone.acme.test',
      ownNamespace: true,
      adoptions: 2,
      readerDeaths: 1,
      secretNames: ['drone-abc'],
    });
  });

  it('reads a Pod that was not started yet, without ids and times', () => {
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

  it('drops the steps of the stage, which are in the plan', () => {
    const whole = { ...stage, steps: [{ id: 1 }] };
    expect(readPod(podOf({ [ANNOTATION.stage]: JSON.stringify(whole) }))?.stage.steps).toEqual([]);
  });

  it.each([
    ['no annotations', { metadata: {} }],
    ['nothing at all', {}],
    ['a stage that is not JSON', podOf({ [ANNOTATION.stage]: '{' })],
    ['a stage of the wrong type', podOf({ [ANNOTATION.stage]: '"63"' })],
    ['a stage without id', podOf({ [ANNOTATION.stage]: '{}' })],
    ['a stage that is null', podOf({ [ANNOTATION.stage]: 'null' })],
  ])('returns undefined for %s', (_, pod) => {
    expect(readPod(pod)).toBeUndefined();
  });

  it.each(['', ' ', 'soon', 'NaN'])('ignores the invalid number %j', (text) => {
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

  it('lists the Pod’s Secrets, the first one with the name of the Pod, independent of its mount', () => {
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
    ['2', false],
    ['3', true],
    ['soon', true],
  ])(
    'recognizes a Pod of a newer runner, whose record may have another meaning: version %j',
    (version, isNewer) => {
      const annotations = version === undefined ? {} : { [ANNOTATION.recordVersion]: version };
      const pod = podOf({ ...least, ...annotations });
      expect([isOfNewerRunner(pod), readPod(pod) === undefined]).toEqual([isNewer, isNewer]);
    },
  );

  it('reads the version that a Pod has for its plan: only a service that may not be ready needs a newer runner', () => {
    const service = aPlannedStep(1, { role: 'background' });
    const limited = aPlannedStep(2, { timeoutMs: 1 });
    expect(recordVersionOf(aPlan([service, limited]))).toBe(1);
    expect(recordVersionOf(aPlan([{ ...service, readyMs: 1 }, limited]))).toBe(RECORD_VERSION);
  });

  it('reads every field that a plan may have, so that the next owner does the same', () => {
    const step: Required<PlannedStep> = { ...aPlannedStep(1), timeoutMs: 5, readyMs: 6 };
    const whole: Required<RunPlan> = {
      ...plan,
      steps: [step],
      parallelism: 2,
      keepFailedMs: 1_800_000,
      buildFailed: true,
    };
    expect(readPod(podOf({ ...least, [ANNOTATION.plan]: JSON.stringify(whole) }))?.plan).toEqual(whole);
  });

  it.each([
    ['a step without a number', { ...plan, steps: [{ ...plan.steps[0], n: 'one' }] }],
    ['an unknown engine', { ...plan, steps: [{ ...plan.steps[0], engine: 'vm' }] }],
    ['another version', { ...plan, version: 2 }],
    ['no steps', { ...plan, steps: undefined }],
  ])('ignores a plan with %s', (_, odd) => {
    expect(readPod(podOf({ ...least, [ANNOTATION.plan]: JSON.stringify(odd) }))?.plan).toBeUndefined();
  });

  it('ignores all ids if one of them is invalid', () => {
    expect(readPod(podOf({ ...least, [ANNOTATION.stepIds]: '{"1":201,"2":"x"}' }))?.stepIds).toBeUndefined();
  });

  it('never throws, with any annotations', () => {
    const text = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.values(ANNOTATION)), text), (annotations) => {
        const record = readPod(podOf(annotations));
        expect(record === undefined || typeof record.stage.id === 'number').toBe(true);
      }),
    );
  });
});
