import type { KubernetesError } from '@hangar/shared/kubernetes/cluster';
import { refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it, onTestFinished } from 'vitest';
import { holdsGate } from '../launch/start.ts';
import { anEntry } from '../metrics/testing/an-entry.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import { carryOn } from '../poll/take.ts';
import { aPlan } from '../supervise/testing/a-plan.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { runStage } from './run-stage.ts';
import type { StageParts } from './stage-parts.ts';
import { aDetail, compiledOf, TestStage } from './testing/test-stage.ts';

const spent = (used: number): KubernetesError =>
  refusal(
    403,
    'Forbidden',
    `pods "a" is forbidden: exceeded quota: team, requested: pods=1, used: pods=${used}, limited: pods=9`,
  );

/** A stage for whose Pod the quota has no room, as often as that. */
function begin(...refusals: readonly KubernetesError[]) {
  return beginWith({}, refusals);
}

function beginWith(parts: Partial<StageParts>, refusals: readonly KubernetesError[]) {
  const world = new TestStage(parts);
  onTestFinished(() => world.close());
  world.cluster.fail('create', 'pods', ...refusals);
  world.intents.set(63, { stageId: 63, buildId: 41, machine: 'me' });
  world.registry.enter(anEntry({ stageId: 63, phase: 'preparing' }));
  void runStage(world.parts, { stage: aStage(), machine: 'me' }, world.handOver.signal);
  return world;
}

const ALWAYS = Array.from({ length: 100 }, () => spent(9));

describe('a wait for room in a quota', () => {
  it('of less than ten seconds is silent', async () => {
    const world = begin(spent(9), spent(9));
    await world.clock.step(9_000);
    expect([world.reports, world.logs.opened]).toEqual([[], []]);

    await world.clock.step(1_000);
    expect(world.pod && holdsGate(world.pod)).toBe(false);
    expect(world.logs.of(1).notes).toEqual(['beware']);
  });

  it('shows in the log of the first step, which shows as running, each cause once', async () => {
    const world = begin(...Array.from({ length: 4 }, () => spent(9)), spent(8), spent(9));
    await world.clock.step(25_000);

    expect(world.reports).toEqual(['stage running', '1 running']);
    expect(world.logs.of(1).isLive).toBe(true);
    const line = (used: number) => `waiting for room in the quota: ${spent(used).message}`;
    expect(world.logs.of(1).notes).toEqual([line(9), line(8)]);
  });

  it('is kept in the Lease before a line is said, as no Pod can keep it', async () => {
    const world = begin(...ALWAYS);
    await world.clock.step(10_000);

    expect(world.intents.get(63)).toEqual({
      stageId: 63,
      buildId: 41,
      machine: 'me',
      started: { stepIds: [100, 200], owners: 1 },
    });
  });

  it('ends in a Pod that knows the ids from its beginning, and flies as any other', async () => {
    const world = begin(spent(9), spent(9), spent(9));
    const created: unknown[] = [];
    world.cluster.intercept(({ verb, target, body }) => {
      if (verb === 'create' && target.resource.plural === 'pods') created.push(body);
    });
    await world.clock.step(15_000);
    expect(created.at(-1)).toMatchObject({
      metadata: { annotations: { [ANNOTATION.stepIds]: '{"1":100,"2":200}' } },
    });
    // Should the Pod vanish together with this process, the stage must not be begun once more.
    expect(world.intents.get(63)).toEqual({ stageId: 63, buildId: 41, machine: 'me' });
    await world.finishSteps();

    expect(world.reports).toEqual(['stage running', '1 running', '1 success', '2 success', 'stage success']);
    expect([world.intents.size, world.registry.isQuiet]).toEqual([0, true]);
  });

  it('ends with a cancel, and leaves nothing', async () => {
    const world = begin(...ALWAYS);
    await world.clock.step(12_000);
    world.cancel();
    await world.clock.step(0);

    expect([world.pod, world.intents.size, world.registry.entries]).toEqual([undefined, 0, []]);
    expect(world.logs.of(1).isStored).toBe(true);
  });
});

describe('a wait for room in a quota is no longer than', () => {
  const forEver = Array.from({ length: 1_000 }, () => spent(9));

  it('the limit of waits', async () => {
    const world = beginWith({ waitLimitMs: 120_000 }, forEver);
    await world.clock.step(119_000);
    expect(world.server.stage.status).toBe('running');
    await world.clock.step(5_000);
    expect(world.server.stage.status).toBe('error');
    expect(world.server.stage.error).toMatch(
      /^the quota of the namespace had no room within 2 minutes: .*exceeded quota/,
    );
    expect([world.intents.size, world.registry.entries]).toEqual([0, []]);
  });

  it('the time-out of the repository, where waits have no limit', async () => {
    const world = begin(...forEver);
    await world.clock.step(3_595_000);
    expect(world.server.stage.status).toBe('running');
    await world.clock.step(10_000);
    expect(world.server.stage.error).toMatch(/^the quota of the namespace had no room within 60 minutes/);
    expect(world.heard).toContain('failed waited-too-long operator');
  });
});

describe('a wait for room in a quota, and nobody hears of a cancel', () => {
  it('ends all the same', async () => {
    const world = begin(...ALWAYS);
    await world.clock.step(20_000);
    world.server.cancel();
    await world.clock.step(8_000);
    expect([world.pod, world.intents.size, world.registry.entries]).toEqual([undefined, 0, []]);
  });
});

describe('a wait for room in a quota that another process began', () => {
  const started = { stepIds: [100, 200], owners: 1 };

  /** As the next life finds it: started at the server, its first step told to be running so often, no Pod. */
  function next(owners: number, prepare: (world: TestStage) => void = () => undefined) {
    const world = new TestStage();
    onTestFinished(() => world.close());
    world.server.stage = aStage({ status: 'running', version: 4 });
    world.server.register([1, 2]);
    const first = world.server.steps.get(100);
    if (first) world.server.steps.set(100, { ...first, status: 'running', version: 1 + owners });
    const detail = aDetail('running');
    world.server.details = { ...detail, stage: world.server.stage };
    world.server.accept = () => Promise.resolve({ kind: 'lost' } as never);
    prepare(world);
    const intent = { stageId: 63, buildId: 41, machine: 'me', started: { ...started, owners } };
    world.intents.set(63, intent);
    void carryOn(world.parts, intent, world.handOver.signal);
    return world;
  }

  it.each([1, 3])('goes on to its Pod and its end, after %i owners', async (owners) => {
    const world = next(owners);
    await world.clock.step(0);
    expect(world.pod?.metadata?.annotations).toMatchObject({
      [ANNOTATION.stepIds]: '{"1":100,"2":200}',
      [ANNOTATION.stageVersion]: '4',
    });
    await world.finishSteps();

    expect(world.reports).toEqual(['1 success', '2 success', 'stage success']);
  });

  it('says anew why it waits, and counts itself among the owners', async () => {
    const world = next(1, ({ cluster }) => cluster.fail('create', 'pods', ...ALWAYS));
    await world.clock.step(10_000);

    expect(world.reports).toEqual(['1 running']);
    expect(world.logs.of(1).notes).toEqual([expect.stringContaining('waiting for room in the quota')]);
    expect(world.intents.get(63)?.started).toEqual({ stepIds: [100, 200], owners: 2 });
  });

  it('is an error where its steps are others now', async () => {
    const world = next(1, ({ parts }) =>
      Object.assign(parts, { draft: () => Promise.resolve(compiledOf(aPlan([]))) }),
    );
    await world.clock.step(0);

    expect(world.server.stage).toMatchObject({ status: 'error' });
    expect(world.server.stage.error).toContain('its steps are others now');
  });

  it('without what the server said of its steps is lost, and told so', async () => {
    const world = next(1);
    world.handOver.abort();
    await world.clock.step(0);
    const { started: _, ...bare } = { stageId: 63, buildId: 41, machine: 'me', started };
    const other = new AbortController();
    await carryOn(world.parts, bare, other.signal);

    expect(world.server.stage.error).toContain('the runner was lost');
  });
});
