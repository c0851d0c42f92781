import { describe, expect, it, onTestFinished } from 'vitest';
import type { Intent } from '../lease/lease-record.ts';
import { anEntry } from '../metrics/testing/an-entry.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import { aStage } from '../supervise/testing/fake-ci-server.ts';
import { runRecorded, runStage } from './run-stage.ts';
import { SuspectTurns } from './suspect-turns.ts';
import { compiledOf, TestStage } from './testing/test-stage.ts';

const PAUSE_MS = 10_000;

/** A stage whose preparation does not end until `drafted` is called. */
function environment(taken = false) {
  const drafts: PromiseWithResolvers<Compiled>[] = [];
  const env: TestStage = new TestStage({
    draft: () => {
      const draft = Promise.withResolvers<Compiled>();
      drafts.push(draft);
      return draft.promise;
    },
  });
  onTestFinished(() => env.close());
  if (taken) env.taken = { ...env.taken, pipelines: 1 };
  const drafted = async (): Promise<void> => {
    drafts.at(-1)?.resolve(compiledOf());
    await env.clock.step(0);
  };
  return { env, drafts, drafted };
}

/** Takes over stage 63, whose owners were lost, so many in a row. */
async function takenOver(deaths: number, taken = false) {
  const test = environment(taken);
  const { env } = test;
  const intent: Intent = { stageId: 63, buildId: 41, machine: 'me', deaths };
  env.intents.set(63, intent);
  env.registry.enter(anEntry({ stageId: 63, adopted: true }));
  const done = runRecorded(env.parts, intent, env.handOver.signal);
  await env.clock.step(0);
  return { ...test, done };
}

const marksOf = ({ intents }: TestStage) => {
  const { preparing, deaths } = intents.get(63) ?? {};
  return { preparing, deaths };
};

describe('the preparation of a stage, as its record shows it', () => {
  it('lasts until the Pod exists, which ends the count', async () => {
    const { env, drafted } = await takenOver(0);
    expect(marksOf(env)).toEqual({ preparing: true, deaths: undefined });
    await drafted();
    expect(env.pod).toBeDefined();
    expect(marksOf(env)).toEqual({ preparing: undefined, deaths: undefined });
  });

  it.each([1, 2])('begins %i times 10 s after as many owners were lost', async (deaths) => {
    const { env, drafts, drafted } = await takenOver(deaths);
    await env.clock.step(deaths * PAUSE_MS - 1);
    expect([marksOf(env), drafts.length]).toEqual([{ preparing: undefined, deaths }, 0]);
    await env.clock.step(1);
    expect([marksOf(env), drafts.length]).toEqual([{ preparing: true, deaths }, 1]);
    await drafted();
    expect([env.pod !== undefined, marksOf(env).deaths]).toEqual([true, undefined]);
  });

  it.each([3, 5])('does not begin after %i: the stage ends with the cause and the remedy', async (deaths) => {
    const { env, drafts, done } = await takenOver(deaths);
    await done;
    expect([drafts.length, env.pod, env.intents.size]).toEqual([0, undefined, 0]);
    expect(env.heard).toEqual(['failed runners-lost pipeline']);
    expect(env.reports.at(-1)).toMatch(/error/);
  });

  it('is counted while only the details are read, which happens six times at most', async () => {
    const { env } = environment();
    env.server.accept = () => Promise.resolve({ kind: 'lost' } as never);
    const reading = Promise.withResolvers<never>();
    let reads = 0;
    env.server.detail = () => {
      reads += 1;
      return reading.promise;
    };
    for (const deaths of [5, 6]) {
      const intent: Intent = { stageId: 63, buildId: 41, machine: 'me', deaths };
      env.intents.set(63, intent);
      env.registry.enter(anEntry({ stageId: 63, adopted: true }));
      void runRecorded({ ...env.parts, suspects: new SuspectTurns() }, intent, env.handOver.signal);
      await env.clock.step(0);
      expect([reads, marksOf(env).preparing]).toEqual([1, deaths === 5 ? true : undefined]);
      env.registry.leave(63);
    }
    expect([env.intents.size, env.reports]).toEqual([0, []]);
  });

  it('is paused while the stage waits to be admitted, without an end of the count', async () => {
    const { env, drafted } = await takenOver(1, true);
    await env.clock.step(PAUSE_MS);
    await drafted();
    expect([env.pod, marksOf(env)]).toEqual([undefined, { preparing: undefined, deaths: 1 }]);
    env.taken = { ...env.taken, pipelines: 0 };
    env.queue.next();
    await env.clock.step(0);
    expect([env.pod !== undefined, marksOf(env)]).toEqual([
      true,
      { preparing: undefined, deaths: undefined },
    ]);
  });

  it('needs no further write for a stage that was just accepted', async () => {
    const { env, drafted } = environment();
    let writes = 0;
    env.intents.set(63, { stageId: 63, buildId: 41, machine: 'me', preparing: true });
    env.registry.enter(anEntry({ stageId: 63 }));
    const lease = { ...env.parts.lease, preparing: () => Promise.resolve(void (writes += 1)) };
    void runStage({ ...env.parts, lease }, { stage: aStage(), machine: 'me' }, env.handOver.signal);
    await env.clock.step(0);
    await drafted();
    expect([writes, env.pod !== undefined, marksOf(env).preparing]).toEqual([0, true, undefined]);
  });
});

describe('stages that may have ended their runner', () => {
  const never = new AbortController().signal;

  it('are prepared one after the other, in the order in which they came', async () => {
    const turns = new SuspectTurns();
    const order: number[] = [];
    const end = await turns.take(never);
    const waiting = [1, 2].map((n) =>
      turns.take(never).then((next) => {
        order.push(n);
        return next;
      }),
    );
    await Promise.resolve();
    expect(order).toEqual([]);
    end();
    (await waiting[0])?.();
    await waiting[1];
    expect(order).toEqual([1, 2]);
  });

  it('do not wait for one that was stopped while it waited', async () => {
    const turns = new SuspectTurns();
    const stop = new AbortController();
    const end = await turns.take(never);
    const stopped = turns.take(stop.signal);
    const last = turns.take(never);
    stop.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
    end();
    await expect(last).resolves.toBeTypeOf('function');
  });
});
