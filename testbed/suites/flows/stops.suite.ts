import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { pipeline, step } from './pipelines.ts';
import type { TestSystem } from './test-system.ts';

const FINAL = ['success', 'failure', 'error', 'killed', 'skipped'];

/** What stops pipelines from outside: people, clocks, and lost runners, on any ground. */
export function stopsSuite(where: string, open: () => Promise<TestSystem>, patienceMs: number): void {
  stoppedSuite(where, open, patienceMs);
  takeOverSuite(where, open, patienceMs);
}

/** What stops pipelines, while their runner runs on: the same under each Role. */
export function stoppedSuite(where: string, open: () => Promise<TestSystem>, patienceMs: number): void {
  describe(`what stops pipelines on ${where}`, () => {
    let setup: TestSystem;
    beforeAll(async () => {
      setup = await open();
    });
    afterAll(() => setup.close());

    const begin = (yaml: string, more: object = {}) => setup.drone.createBuild({ yaml, ...more });
    const until = (what: string, holds: () => unknown) =>
      setup.drone.waitUntil(what, { timeoutMs: patienceMs }, holds);
    const running = (id: number, name: string) =>
      until(`${name} runs`, () => setup.drone.step(id, name)?.status === 'running');
    const finished = async (id: number) => {
      const done = await setup.drone.waitForBuild(id, { timeoutMs: patienceMs });
      await setup.cleaned(patienceMs);
      return done;
    };
    /** A cancelled build is final at the server before the runner has stored the last log. */
    const stored = async (id: number, name: string) => {
      await until(`the log of ${name} is stored`, () => setup.drone.log(id, name));
      return setup.drone.logText(id, name);
    };
    /** Nothing may begin once the build was cancelled. */
    const beganAfter = (id: number, atSeconds: number) =>
      setup.drone
        .build(id)
        .stages.flatMap((stage) => stage.steps)
        .filter((one) => one.started > atSeconds && one.status !== 'skipped')
        .map((one) => one.name);

    it('a cancel while a step runs stops it at once, and nothing begins any more', async () => {
      const { id } = begin(
        pipeline(
          step('long', ['echo begun', 'sleep 600']) +
            step('after', ['echo never'], '  when: { status: [success, failure] }\n'),
        ),
      );
      await running(id, 'long');
      const atSeconds = Math.ceil(Date.now() / 1000);
      setup.drone.cancel(id);
      const done = await finished(id);
      expect(done.status).toBe('killed');
      expect(done.stages[0]?.status).toBe('killed');
      expect(setup.drone.step(id, 'after')?.status).toBe('skipped');
      expect(beganAfter(id, atSeconds)).toEqual([]);
      expect(await stored(id, 'long')).toContain('begun');
    });

    it('a cancel that no watch receives is found by the next report', async () => {
      // As something between runner and server may do: every watch ends at once, without news.
      const noWatch = setup.drone.faults.answer('watch', { status: 204 }, { times: Infinity });
      onTestFinished(() => noWatch.cancel());
      const { id } = begin(pipeline(step('short', ['sleep 3']) + step('after', ['sleep 600'])));
      await running(id, 'short');
      const report = setup.drone.faults.hold('step-update', 'before', {
        where: ({ pathId }) => pathId === setup.drone.step(id, 'short')?.id,
      });
      onTestFinished(() => report.release());
      await report.reached;
      expect(setup.drone.watchCount(id)).toBe(0);
      setup.drone.cancel(id);
      report.release();
      const done = await finished(id);
      expect(noWatch.used).toBeGreaterThan(0);
      expect(done.status).toBe('killed');
    });

    it('a cancel that no watch receives is found without a report, though watches never end', async () => {
      const { id } = begin(pipeline(step('long', ['echo begun', 'sleep 600'])));
      await running(id, 'long');
      setup.drone.faults.hold('watch', 'before', { times: 1000 });
      await until('no watch is open', () => setup.drone.watchCount(id) === 0);
      setup.drone.cancel(id);
      const done = await finished(id);
      setup.drone.faults.clear();
      expect(done.status).toBe('killed');
      expect(setup.drone.complaints).toEqual([]);
    });

    it('known issue 8: a cancel while the Pod waits for a node ends the build and removes the Pod', async () => {
      const selector = 'node_selector: { hangar.test/nowhere: "true" }';
      const { id } = begin(pipeline(step('one', ['echo never']), selector));
      await until(
        'the first step says that it waits',
        () => setup.drone.step(id, 'clone')?.status === 'running',
      );
      setup.drone.cancel(id);
      const done = await finished(id);
      expect(done.status).toBe('killed');
      expect(await stored(id, 'clone')).toContain('waiting for a node');
    });

    it('known issue 9: a cancel between accept and launch ends the build without a Pod', async () => {
      const held = setup.drone.faults.hold('detail', 'before');
      const { id } = begin(pipeline(step('one', ['echo never'])));
      await held.reached;
      setup.drone.cancel(id);
      held.release();
      const done = await finished(id);
      expect(done.status).toBe('killed');
    });

    it('a Pod that is deleted by another client ends the build with a clear error', async () => {
      const { id } = begin(pipeline(step('long', ['sleep 600'])));
      await running(id, 'long');
      const [pod] = await setup.pods();
      await setup.removePod(pod, 0);
      const done = await finished(id);
      expect(done.status).toBe('error');
      expect(done.stages[0]?.error).toMatch(/deleted|disappeared/);
    });

    it('known issue 34: an image that is not there ends the build in seconds, before any step ran', async () => {
      const missing = '- name: one\n  image: docker.io/local/missing:1\n  commands: [echo never]\n';
      const { id } = begin(pipeline(missing));
      const done = await finished(id);
      expect(done.status).toBe('error');
      expect(done.stages[0]?.error).toContain('docker.io/local/missing:1');
      expect(FINAL).toContain(setup.drone.step(id, 'clone')?.status);
    });
  });
}

/** What runners leave to others, which they know of by their Leases. */
function takeOverSuite(where: string, open: () => Promise<TestSystem>, patienceMs: number): void {
  describe(`what a runner leaves behind on ${where}`, () => {
    let setup: TestSystem;
    beforeAll(async () => {
      setup = await open();
    });
    afterAll(() => setup.close());

    const begin = (yaml: string) => setup.drone.createBuild({ yaml });
    const running = (id: number, name: string) =>
      setup.drone.waitUntil(
        `${name} runs`,
        { timeoutMs: patienceMs },
        () => setup.drone.step(id, name)?.status === 'running',
      );
    const finished = async (id: number) => {
      const done = await setup.drone.waitForBuild(id, { timeoutMs: patienceMs });
      await setup.cleaned(patienceMs);
      return done;
    };

    it('a runner that is stopped leaves its pipelines to the next one, which finishes them', async () => {
      const { id } = begin(
        pipeline(step('long', ['echo begun', 'sleep 4', 'echo done']) + step('after', ['echo after'])),
      );
      await running(id, 'long');
      await setup.runner.stop();
      expect(await setup.pods()).toHaveLength(1);
      const next = await setup.startRunner('runner-a');
      const done = await finished(id);
      expect(done.status).toBe('success');
      expect(setup.drone.logText(id, 'long')).toBe('+ echo begun\nbegun\n+ sleep 4\n+ echo done\ndone\n');
      expect(setup.drone.logText(id, 'after')).toContain('after');
      expect(next.calls.some((call) => call.verb === 'create' && call.resource === 'pods')).toBe(false);
      expect(setup.drone.complaints).toEqual([]);
    });

    it('a replica takes over from one that let go, and finishes', async () => {
      const first = await setup.startRunner('runner-x');
      const { id } = begin(pipeline(step('long', ['sleep 3', 'echo done'])));
      await running(id, 'long');
      const owner = (await setup.pods())[0]?.metadata?.annotations?.['hangar.dev/owner'];
      await setup.startRunner('runner-y');
      await (owner?.endsWith('runner-x') ? first.stop() : Promise.resolve());
      const done = await finished(id);
      expect(done.status).toBe('success');
      expect(setup.drone.complaints).toEqual([]);
    });
  });

  describe(`a runner that dies again and again on ${where}`, () => {
    it('does not take its own pipeline for a cancelled one', async () => {
      const setup = await open();
      onTestFinished(() => setup.close());
      const long = step('long', ['echo begun', 'sleep 6', 'echo done']);
      const { id } = setup.drone.createBuild({ yaml: pipeline(long + step('after', ['echo after'])) });
      const runs = () => setup.drone.step(id, 'long')?.status === 'running';
      await setup.drone.waitUntil('long runs', { timeoutMs: patienceMs }, runs);
      await setup.runner.stop();
      for (let life = 0; life < 2; life++) {
        const next = await setup.startRunner('runner-a');
        await setup.drone.waitUntil('it goes on', { timeoutMs: patienceMs }, () =>
          next.calls.some(({ verb, resource }) => verb === 'log' || resource === 'pods/log'),
        );
        await next.stop();
      }
      await setup.startRunner('runner-a');
      const done = await setup.drone.waitForBuild(id, { timeoutMs: patienceMs });
      await setup.cleaned(patienceMs);
      expect(done.status).toBe('success');
      expect(setup.drone.logText(id, 'long')).toBe('+ echo begun\nbegun\n+ sleep 6\n+ echo done\ndone\n');
      expect(setup.drone.complaints).toEqual([]);
    });
  });
}
