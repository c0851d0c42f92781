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

/** A stage whose Pod the quota refuses once for each of these errors. */
function begin(...refusals: readonly KubernetesError[]) {
  return beginWith({}, refusals);
}

function beginWith(parts: Partial<StageParts>, refusals: readonly KubernetesError[]) {
  const env = new TestStage(parts);
  onTestFinished(() => env.close());
  env.cluster.fail('create', 'pods', ...refusals);
  env.intents.set(63, { stageId: 63, buildId: 41, machine: 'me' });
  env.registry.enter(anEntry({ stageId: 63, phase: 'preparing' }));
  void runStage(env.parts, { stage: aStage(), machine: 'me' }, env.handOver.signal);
  return env;
}

const ALWAYS = Array.from({ length: 100 }, () => spent(9));

describe('a wait for room in a quota', () => {
  it('is silent for less than ten seconds', async () => {
    const env = begin(spent(9), spent(9));
    await env.clock.step(9_000);
    expect([env.reports, env.logs.opened]).toEqual([[], []]);

    await env.clock.step(1_000);
    expect(env.pod && holdsGate(env.pod)).toBe(false);
    expect(env.logs.of(1).notes).toEqual(['beware']);
  });

  it('is written to the log of the first step, each cause once, and the step is reported as running', async () => {
    const env = begin(...Array.from({ length: 4 }, () => spent(9)), spent(8), spent(9));
    await env.clock.step(25_000);

    expect(env.reports).toEqual(['stage running', '1 running']);
    expect(env.logs.of(1).isLive).toBe(true);
    const line = (used: number) => `waiting for room in the quota: ${spent(used).message}`;
    expect(env.logs.of(1).notes).toEqual([line(9), line(8)]);
  });

  it('is recorded in the Lease before a note is written to the log, as no Pod can keep it', async () => {
    const env = begin(...ALWAYS);
    await env.clock.step(10_000);

    expect(env.intents.get(63)).toEqual({
      stageId: 63,
      buildId: 41,
      machine: 'me',
      started: { stepIds: [100, 200], owners: 1 },
    });
  });

  it('is recorded before the start, whose response is the only place with the step ids', async () => {
    const env = begin(...ALWAYS);
    const update = env.server.updateStage.bind(env.server);
    const recorded: unknown[] = [];
    env.server.updateStage = (...order) => {
      recorded.push(env.intents.get(63)?.started);
      return update(...order);
    };
    await env.clock.step(10_000);

    expect(recorded).toEqual([{ stepIds: [], owners: 0 }]);
  });

  it('ends with a Pod that is created with the step ids and runs like any other', async () => {
    const env = begin(spent(9), spent(9), spent(9));
    const created: unknown[] = [];
    env.cluster.intercept(({ verb, target, body }) => {
      if (verb === 'create' && target.resource.plural === 'pods') created.push(body);
    });
    await env.clock.step(15_000);
    expect(created.at(-1)).toMatchObject({
      metadata: { annotations: { [ANNOTATION.stepIds]: '{"1":100,"2":200}' } },
    });
    // If the Pod and this process are lost together, the stage must not be started again.
    expect(env.intents.get(63)).toEqual({ stageId: 63, buildId: 41, machine: 'me' });
    await env.finishSteps();

    expect(env.reports).toEqual(['stage running', '1 running', '1 success', '2 success', 'stage success']);
    expect([env.intents.size, env.registry.isQuiet]).toEqual([0, true]);
  });

  it('ends with a cancel, and leaves nothing behind', async () => {
    const env = begin(...ALWAYS);
    await env.clock.step(12_000);
    env.cancel();
    await env.clock.step(0);

    expect([env.pod, env.intents.size, env.registry.entries]).toEqual([undefined, 0, []]);
    expect(env.logs.of(1).isStored).toBe(true);
  });
});

describe('a wait for room in a quota is limited by', () => {
  const forEver = Array.from({ length: 1_000 }, () => spent(9));

  it('the limit for waits', async () => {
    const env = beginWith({ waitLimitMs: 120_000 }, forEver);
    await env.clock.step(119_000);
    expect(env.server.stage.status).toBe('running');
    await env.clock.step(5_000);
    expect(env.server.stage.status).toBe('error');
    expect(env.server.stage.error).toMatch(
      /^the quota of the namespace was exhausted for 2 minutes: .*exceeded quota/,
    );
    expect([env.intents.size, env.registry.entries]).toEqual([0, []]);
  });

  it('the time-out of the repository if waits have no limit', async () => {
    const env = begin(...forEver);
    await env.clock.step(3_595_000);
    expect(env.server.stage.status).toBe('running');
    await env.clock.step(10_000);
    expect(env.server.stage.error).toMatch(/^the quota of the namespace was exhausted for 60 minutes/);
    expect(env.heard).toContain('failed waited-too-long operator');
  });
});

describe('a wait for room in a quota, with a cancel that no watch reports', () => {
  it('ends nevertheless', async () => {
    const env = begin(...ALWAYS);
    await env.clock.step(20_000);
    env.server.cancel();
    await env.clock.step(8_000);
    expect([env.pod, env.intents.size, env.registry.entries]).toEqual([undefined, 0, []]);
  });
});

describe('a wait for room in a quota that another process began', () => {
  const started = { stepIds: [100, 200], owners: 1 };

  /** The state that the next process finds: started at the server, its first step reported as running by each owner, no Pod. */
  function next(owners: number, prepare: (env: TestStage) => void = () => undefined) {
    const env = new TestStage();
    onTestFinished(() => env.close());
    env.server.stage = aStage({ status: 'running', version: 4 });
    env.server.register([1, 2]);
    const first = env.server.steps.get(100);
    if (first && owners > 0) env.server.steps.set(100, { ...first, status: 'running', version: 1 + owners });
    const detail = aDetail('running');
    env.server.details = { ...detail, stage: env.server.stage };
    env.server.accept = () => Promise.resolve({ kind: 'lost' } as never);
    prepare(env);
    const intent = { stageId: 63, buildId: 41, machine: 'me', started: { ...started, owners } };
    env.intents.set(63, intent);
    void carryOn(env.parts, intent, env.handOver.signal);
    return env;
  }

  it.each([1, 3])('continues with its Pod and its end, after %i owners', async (owners) => {
    const env = next(owners);
    await env.clock.step(0);
    expect(env.pod?.metadata?.annotations).toMatchObject({
      [ANNOTATION.stepIds]: '{"1":100,"2":200}',
      [ANNOTATION.stageVersion]: '4',
    });
    await env.finishSteps();

    expect(env.reports).toEqual(['1 success', '2 success', 'stage success']);
  });

  it('reports again why it waits, and counts itself as an owner', async () => {
    const env = next(1, ({ cluster }) => cluster.fail('create', 'pods', ...ALWAYS));
    await env.clock.step(10_000);

    expect(env.reports).toEqual(['1 running']);
    expect(env.logs.of(1).notes).toEqual([expect.stringContaining('waiting for room in the quota')]);
    expect(env.intents.get(63)?.started).toEqual({ stepIds: [100, 200], owners: 2 });
  });

  it('starts the stage again with other step numbers if the response to its start was lost with that process', async () => {
    const env = next(0);
    env.handOver.abort();
    await env.clock.step(0);
    const intent = { stageId: 63, buildId: 41, machine: 'me', started: { stepIds: [], owners: 0 } };
    env.intents.set(63, intent);
    void carryOn(env.parts, intent, new AbortController().signal);
    await env.clock.step(0);
    await env.finishSteps();

    expect(env.server.stage.status).toBe('success');
    const ends = [...env.server.steps.values()].map(({ status }) => status);
    expect(ends).toEqual(['pending', 'pending', 'success', 'success']);
  });

  it('is an error if its steps have changed', async () => {
    const env = next(1, ({ parts }) =>
      Object.assign(parts, { draft: () => Promise.resolve(compiledOf(aPlan([]))) }),
    );
    await env.clock.step(0);

    expect(env.server.stage).toMatchObject({ status: 'error' });
    expect(env.server.stage.error).toContain('its steps have changed');
  });

  it('is an error without the step ids from the server', async () => {
    const env = next(1);
    env.handOver.abort();
    await env.clock.step(0);
    const { started: _, ...bare } = { stageId: 63, buildId: 41, machine: 'me', started };
    const other = new AbortController();
    await carryOn(env.parts, bare, other.signal);

    expect(env.server.stage.error).toContain('the runner was lost');
  });
});
