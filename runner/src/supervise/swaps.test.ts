import { settle } from '@hangar/shared/testing/fake-clock';
import { noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ANNOTATION, NO_PLACEHOLDER } from '../pipeline/compiled.ts';
import { aPlan, aPlannedStep } from './testing/a-plan.ts';
import { aPod, gated, running, terminated, withStates } from './testing/a-pod.ts';
import { TestStageRun } from './testing/test-stage-run.ts';

const swap = { engine: 'swap' } as const;
const alone = aPlan([aPlannedStep(1, swap)]);
/** A swapped step between two gated ones. */
const between = aPlan([
  aPlannedStep(1),
  aPlannedStep(2, { ...swap, after: [1], runs: 'always' }),
  aPlannedStep(3, { after: [2], runs: 'always' }),
]);

/** Whether the Pod was stopped, which is done by its deadline. */
const isStop = (body: unknown): boolean => JSON.stringify(body).includes('"activeDeadlineSeconds":1');

const patches = (stageRun: TestStageRun) =>
  stageRun.cluster.calls
    .filter(({ verb, body }) => verb === 'patch' && !isStop(body))
    .map(
      ({ body }) =>
        body as {
          metadata: { annotations: Record<string, string | null>; resourceVersion?: string };
          spec?: object;
        },
    );
const annotation = (stageRun: TestStageRun, key: string) =>
  stageRun.cluster.find<V1Pod>(stageRun.target)?.metadata?.annotations?.[key];

/** Another replica takes the Pod over, which its watch does not show yet. */
function takeOver({ cluster, target }: TestStageRun): void {
  const pod = cluster.find<V1Pod>(target);
  const annotations = { ...pod?.metadata?.annotations, [ANNOTATION.owner]: 'ci/other' };
  cluster.put(target, { ...pod, metadata: { ...pod?.metadata, annotations } });
}

/** All placeholders and gates of the Pod run. */
async function ready(plan = between): Promise<TestStageRun> {
  const stageRun = new TestStageRun({ plan });
  await stageRun.show((pod) =>
    withStates(pod, Object.fromEntries(plan.steps.map(({ n }) => [n, running()]))),
  );
  return stageRun;
}

describe('the swap (previous-runner §5.3, §5.10)', () => {
  it('is one write when its step is due: image, placeholder, and the status file for the plugin', async () => {
    const stageRun = await ready();
    expect(patches(stageRun)).toEqual([]);
    await stageRun.run(1, 1);
    const [patch] = patches(stageRun);
    expect(patches(stageRun)).toHaveLength(1);
    expect(patch?.spec).toEqual({ containers: [{ name: 'step-2', image: 'docker.io/library/i2:1' }] });
    expect(patch?.metadata.annotations[`${ANNOTATION.placeholderPrefix}2`]).toBe('containerd://2-0');
    expect(patch?.metadata.annotations[`${ANNOTATION.envPrefix}2`]).toContain(
      'DRONE_STAGE_STATUS="failure"\n',
    );
  });

  it('waits until the ends of all steps before are known, in whichever order they are read', async () => {
    const chain = aPlan([
      aPlannedStep(1),
      aPlannedStep(2, { after: [1] }),
      aPlannedStep(3, { ...swap, after: [2] }),
    ]);
    const stageRun = await ready(chain);
    await stageRun.show((pod) => withStates(pod, { 2: gated(0, 'failed-before') }));
    expect(patches(stageRun)).toEqual([]);
    await stageRun.run(1, 1);
    await stageRun.clock.step(1_000);
    expect(stageRun.server.statusOf(3)).toBe('skipped');
    expect(patches(stageRun).every(({ spec }) => spec === undefined)).toBe(true);
  });

  it('before any node has the Pod is valid for exactly that version of it', async () => {
    const stageRun = new TestStageRun({ plan: alone, pod: aPod(alone, { spec: { nodeName: '' } }) });
    await settle();
    const [patch] = patches(stageRun);
    expect(patch?.metadata.resourceVersion).toBe(stageRun.feed.pod?.metadata?.resourceVersion);
    expect(patch?.metadata.annotations[`${ANNOTATION.placeholderPrefix}1`]).toBe(NO_PLACEHOLDER);
  });

  it('that met another version of the Pod is decided again', async () => {
    const stageRun = new TestStageRun({ plan: alone, pod: aPod(alone, { spec: { nodeName: '' } }) });
    const onNode = aPod(alone);
    stageRun.cluster.put(stageRun.target, onNode);
    await settle();
    stageRun.feed.show(stageRun.cluster.find<V1Pod>(stageRun.target) ?? {});
    await stageRun.clock.step(1_000);
    expect(patches(stageRun)).toHaveLength(1);
    expect(stageRun.cluster.find<V1Pod>(stageRun.target)?.spec).toEqual(onNode.spec);
    await stageRun.show((pod) => withStates(pod, { 1: running() }));
    expect(patches(stageRun).at(-1)?.metadata.annotations[`${ANNOTATION.placeholderPrefix}1`]).toBe(
      'containerd://1-0',
    );
  });

  it('of a Pod that has changed since its watch showed it is repeated at once', async () => {
    const stageRun = new TestStageRun({ plan: alone });
    const pod = withStates(aPod(alone), { 1: running() });
    stageRun.feed.show(stageRun.cluster.put(stageRun.target, pod));
    stageRun.cluster.put(stageRun.target, pod);
    await settle();
    expect(patches(stageRun)).toHaveLength(2);
    expect(annotation(stageRun, `${ANNOTATION.placeholderPrefix}1`)).toBe('containerd://1-0');
  });

  it('of a Pod that another replica has taken over is not made (issue 11, 1.3)', async () => {
    const stageRun = new TestStageRun({ plan: alone });
    const pod = withStates(aPod(alone), { 1: running() });
    stageRun.feed.show(stageRun.cluster.put(stageRun.target, pod));
    takeOver(stageRun);
    stageRun.feed.unseen = stageRun.cluster.find<V1Pod>(stageRun.target);
    await stageRun.clock.step(10_000);
    expect(stageRun.cluster.find<V1Pod>(stageRun.target)?.spec).toEqual(pod.spec);
    expect([patches(stageRun).length, stageRun.reports]).toEqual([1, []]);
    expect(stageRun.end).toEqual({ kind: 'handed-over' });
  });

  it('waits for a placeholder that is about to start (known issue 6)', async () => {
    const stageRun = new TestStageRun({ plan: alone });
    await stageRun.clock.step(5_000);
    expect(patches(stageRun)).toEqual([]);
    await stageRun.show((pod) => withStates(pod, { 1: running() }));
    expect(patches(stageRun)).toHaveLength(1);
  });

  it('is tried again while the API server has trouble', async () => {
    const stageRun = new TestStageRun({ plan: alone });
    const errors = [
      noAnswer(),
      refusal(500, 'InternalError'),
      refusal(401, 'Unauthorized'),
      refusal(403, 'Forbidden'),
    ];
    stageRun.cluster.fail('patch', 'pods', ...errors);
    await stageRun.show((pod) => withStates(pod, { 1: running() }));
    await stageRun.clock.step(200 + 400 + 800 + 1_600);
    expect(patches(stageRun)).toHaveLength(5);
    expect(stageRun.concluded).toEqual([]);
  });

  it.each([
    ['refused', refusal(422, 'Invalid', 'no such field'), /could not be set: no such field/],
    ['not expected', new TypeError('odd'), /could not be set: odd/],
  ])('that is %s breaks the stage', async (_, error, text) => {
    const stageRun = new TestStageRun({ plan: alone });
    stageRun.cluster.fail('patch', 'pods', error);
    await stageRun.show((pod) => withStates(pod, { 1: running() }));
    expect(stageRun.server.stage).toMatchObject({ status: 'error', error: text });
    expect(stageRun.server.statusOf(1)).toBe('error');
  });

  it('of a Pod that is gone is given up', async () => {
    const stageRun = new TestStageRun({ plan: alone });
    stageRun.cluster.fail('patch', 'pods', refusal(404, 'NotFound'));
    await stageRun.show((pod) => withStates(pod, { 1: running() }));
    expect(patches(stageRun)).toHaveLength(1);
    stageRun.feed.lose();
    await settle();
    expect(stageRun.concluded).toMatchObject([{ trouble: { code: 'pod-deleted' } }]);
  });

  it('of a placeholder that has ended is impossible, which is reported', async () => {
    const stageRun = new TestStageRun({ plan: alone });
    await stageRun.show((pod) => withStates(pod, { 1: terminated(137) }));
    expect(stageRun.server.step(1)).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/its placeholder exited with code 137/) as string,
    });
    expect(patches(stageRun)).toEqual([]);
  });

  it('is not made after a cancel, and its log is closed', async () => {
    const stageRun = new TestStageRun({ plan: alone });
    await settle();
    stageRun.cancelled.abort();
    await stageRun.clock.step(20_000);
    expect([patches(stageRun), stageRun.logs.of(1).isStored, stageRun.end?.kind]).toEqual([
      [],
      true,
      'finished',
    ]);
  });

  it('is left to the next owner at a hand-over, with its log', async () => {
    const stageRun = new TestStageRun({ plan: alone });
    await settle();
    stageRun.handOver.abort();
    await settle();
    expect([patches(stageRun), stageRun.logs.of(1).isStored]).toEqual([[], false]);
  });

  it('from before an adoption is not repeated', async () => {
    const first = new TestStageRun({ plan: alone });
    await first.show((pod) => withStates(pod, { 1: running() }));
    const pod = first.cluster.find<V1Pod>(first.target);
    const next = new TestStageRun({ plan: alone, adoptions: 1, ...(pod ? { pod } : {}) });
    await settle();
    expect(patches(next)).toEqual([]);
    await next.show((now) => withStates(now, { 1: terminated(0) }, 1));
    await next.clock.step(1_000);
    expect(next.reports).toEqual(['1 success', 'stage success']);
  });
});

describe('the result of a swapped step', () => {
  /** The first step has ended, the swapped one was started and has ended. */
  async function ended(code: number): Promise<TestStageRun> {
    const stageRun = await ready();
    await stageRun.run(1);
    await stageRun.catchUp();
    await stageRun.show((pod) => withStates(pod, { 2: running() }, 1));
    await stageRun.show((pod) => withStates(pod, { 2: terminated(code) }, 1));
    await stageRun.clock.step(0);
    return stageRun;
  }

  it.each([0, 2, 213])('%i is reported to the server and published to the gates', async (code) => {
    const stageRun = await ended(code);
    expect(stageRun.server.step(2)?.exitCode).toBe(code);
    expect(annotation(stageRun, `${ANNOTATION.resultPrefix}2`)).toBe(
      `ran ${code} 1768383010000 1768383020000`,
    );
  });

  it('removes the file that the step no longer needs', async () => {
    expect(annotation(await ended(0), `${ANNOTATION.envPrefix}2`)).toBeUndefined();
  });

  it('counts its start once, from when it was due', async () => {
    const stageRun = await ended(0);
    expect(stageRun.starts.filter(({ engine }) => engine === 'swap')).toHaveLength(1);
  });

  it('is also published if the step is skipped', async () => {
    const plan = aPlan([
      aPlannedStep(1),
      aPlannedStep(2, { ...swap, after: [1] }),
      aPlannedStep(3, { after: [2], runs: 'always' }),
    ]);
    const stageRun = await ready(plan);
    await stageRun.run(1, 1);
    await stageRun.clock.step(0);
    expect(annotation(stageRun, `${ANNOTATION.resultPrefix}2`)).toMatch(/^failed-before 0 /);
    expect(patches(stageRun).every(({ spec }) => spec === undefined)).toBe(true);
  });

  it('is, for a service, that it runs', async () => {
    const plan = aPlan([aPlannedStep(1, { ...swap, role: 'background' }), aPlannedStep(2, { after: [1] })]);
    const stageRun = await ready(plan);
    await stageRun.catchUp();
    await stageRun.show((pod) => withStates(pod, { 1: running() }, 1));
    await stageRun.clock.step(0);
    expect(annotation(stageRun, `${ANNOTATION.resultPrefix}1`)).toBe('running 0 1768383010000 0');
    expect(annotation(stageRun, `${ANNOTATION.envPrefix}1`)).toContain('DRONE_STAGE_STATUS');
  });

  it('is part of the next swap’s write', async () => {
    const plan = aPlan([
      aPlannedStep(1, swap),
      aPlannedStep(2, { ...swap, after: [1] }),
      aPlannedStep(3, { after: [2] }),
    ]);
    const stageRun = await ready(plan);
    await stageRun.catchUp();
    await stageRun.show((pod) => withStates(pod, { 1: terminated(0) }, 1));
    await stageRun.clock.step(0);
    expect(patches(stageRun)).toHaveLength(2);
    const { annotations } = patches(stageRun)[1]?.metadata ?? { annotations: {} };
    expect(annotations[`${ANNOTATION.resultPrefix}1`]).toMatch(/^ran 0 /);
    expect(annotations[`${ANNOTATION.placeholderPrefix}2`]).toBe('containerd://2-0');
  });

  it('is kept when it could not be written, and tried again', async () => {
    const stageRun = await ready();
    await stageRun.run(1);
    await stageRun.catchUp();
    stageRun.cluster.fail('patch', 'pods', noAnswer());
    await stageRun.show((pod) => withStates(pod, { 2: terminated(0) }, 1));
    await stageRun.clock.step(0);
    expect(annotation(stageRun, `${ANNOTATION.resultPrefix}2`)).toBeUndefined();
    await stageRun.clock.step(200);
    expect(annotation(stageRun, `${ANNOTATION.resultPrefix}2`)).toMatch(/^ran 0 /);
  });

  it('is published at once on a Pod that has changed, and never on another replica’s', async () => {
    const resultOf = async (change: (stageRun: TestStageRun) => void) => {
      const stageRun = await ready();
      await stageRun.run(1);
      await stageRun.catchUp();
      await stageRun.show((pod) => withStates(pod, { 2: terminated(0) }, 1));
      change(stageRun);
      await stageRun.clock.step(0);
      return annotation(stageRun, `${ANNOTATION.resultPrefix}2`);
    };
    const touch = ({ cluster, target }: TestStageRun) => cluster.put(target, { ...cluster.find(target) });
    expect(await resultOf(touch)).toMatch(/^ran 0 /);
    expect(await resultOf(takeOver)).toBeUndefined();
  });

  it('that can’t be published at all breaks the stage', async () => {
    const stageRun = await ready();
    await stageRun.run(1);
    await stageRun.catchUp();
    stageRun.cluster.fail('patch', 'pods', refusal(422, 'Invalid', 'too long'));
    await stageRun.show((pod) => withStates(pod, { 2: terminated(0) }, 1));
    await stageRun.clock.step(0);
    expect(stageRun.server.stage.error).toBe(
      'the result of a step could not be passed to the other steps: too long',
    );
  });

  it('is not published when no gate waits', async () => {
    const stageRun = await ready(alone);
    await stageRun.catchUp();
    await stageRun.show((pod) => withStates(pod, { 1: terminated(0) }, 1));
    await stageRun.clock.step(1_000);
    expect(patches(stageRun)).toHaveLength(1);
    expect(stageRun.reports.at(-1)).toBe('stage success');
  });

  it('that is published already is not published again after an adoption', async () => {
    const first = await ended(0);
    const pod = first.cluster.find<V1Pod>(first.target);
    const next = new TestStageRun({ plan: between, adoptions: 1, ...(pod ? { pod } : {}) });
    await next.clock.step(1_000);
    expect(patches(next)).toEqual([]);
    await next.show((now) => withStates(now, { 1: gated(0), 3: gated(0) }));
    await next.clock.step(1_000);
    expect(next.reports).toEqual(['2 success', '1 success', '3 success', 'stage success']);
  });
});
