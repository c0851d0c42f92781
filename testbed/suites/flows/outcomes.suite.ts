import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUSYBOX, pipeline, step, stepResults } from './pipelines.ts';
import type { TestSystem } from './test-system.ts';

/** How pipelines end, on any cluster. `timeoutMs`: for one build. */
export function outcomesSuite(
  where: string,
  open: () => Promise<TestSystem>,
  options: { timeoutMs: number; serve: readonly string[]; ask: string },
): void {
  const { timeoutMs, serve, ask } = options;
  describe(`how pipelines end on ${where}`, () => {
    let system: TestSystem;
    beforeAll(async () => {
      system = await open();
    });
    afterAll(() => system.close());

    const run = async (yaml: string, more: object = {}) => {
      const build = system.drone.createBuild({ yaml, ...more });
      const done = await system.drone.waitForBuild(build.id, { timeoutMs });
      await system.cleaned(timeoutMs);
      expect(system.drone.complaints).toEqual([]);
      return { id: build.id, done };
    };

    it('success: steps in order, in one workspace, with what they printed', async () => {
      const { id, done } = await run(
        pipeline(step('write', ['echo one > file', 'echo wrote']) + step('read', ['cat file'])),
      );
      expect(done.status).toBe('success');
      expect(stepResults(done)).toEqual([
        ['clone', 'success', 0],
        ['write', 'success', 0],
        ['read', 'success', 0],
      ]);
      expect(system.drone.logText(id, 'read')).toBe('+ cat file\none\n');
    });

    it.each([1, 2, 3, 137])(
      'exit code %i is reported unchanged, and what follows is skipped',
      async (code) => {
        const { done } = await run(pipeline(step('fails', [`exit ${code}`]) + step('after', ['echo never'])));
        expect(done.status).toBe('failure');
        expect(stepResults(done)).toEqual([
          ['clone', 'success', 0],
          ['fails', 'failure', code],
          ['after', 'skipped', 0],
        ]);
      },
    );

    it('exit code 78 ends the pipeline early and well, even for steps that always run', async () => {
      const always = '  when: { status: [success, failure] }\n';
      const { done } = await run(
        pipeline(
          step('early', ['exit 78']) + step('next', ['echo never']) + step('always', ['echo never'], always),
        ),
      );
      expect(done.status).toBe('success');
      expect(stepResults(done)).toEqual([
        ['clone', 'success', 0],
        ['early', 'success', 78],
        ['next', 'skipped', 0],
        ['always', 'skipped', 0],
      ]);
    });

    it('known issue 23: a failure runs what is there for failures, with the true status and the failed steps in its environment', async () => {
      const onFailure = '  when: { status: [failure] }\n';
      const { id, done } = await run(
        pipeline(
          step('fails', ['exit 1']) +
            step(
              'tells',
              ['echo $DRONE_BUILD_STATUS $DRONE_STAGE_STATUS $DRONE_FAILED_STEPS $DRONE_STEP_NUMBER'],
              onFailure,
            ),
        ),
      );
      expect(stepResults(done)).toEqual([
        ['clone', 'success', 0],
        ['fails', 'failure', 1],
        ['tells', 'success', 0],
      ]);
      expect(system.drone.logText(id, 'tells')).toContain('\nfailure failure fails 3\n');
    });

    it('known issue 51: a step whose program can not be started is covered by `failure: ignore`', async () => {
      const absent = `- name: absent\n  image: ${BUSYBOX}\n  entrypoint: [/no/such/program]\n`;
      const ignored = await run(pipeline(`${absent}  failure: ignore\n${step('after', ['echo on'])}`));
      expect(ignored.done.status).toBe('success');
      expect(stepResults(ignored.done)).toEqual([
        ['clone', 'success', 0],
        ['absent', 'failure', 127],
        ['after', 'success', 0],
      ]);
      const counted = await run(pipeline(absent + step('after', ['echo on'])));
      expect(counted.done.status).toBe('failure');
      expect(stepResults(counted.done).at(-1)).toEqual(['after', 'skipped', 0]);
    });

    it('an ignored failure is shown, and the pipeline continues and succeeds', async () => {
      const { done } = await run(
        pipeline(step('ignored', ['exit 1'], '  failure: ignore\n') + step('after', ['echo on'])),
      );
      expect(done.status).toBe('success');
      expect(stepResults(done).slice(1)).toEqual([
        ['ignored', 'failure', 1],
        ['after', 'success', 0],
      ]);
    });

    it('a fast failure stops what runs beside it', async () => {
      const graph =
        step('fast', ['sleep 0.3', 'exit 4'], '  failure: fast\n  depends_on: [clone]\n') +
        step('beside', ['sleep 600'], '  depends_on: [clone]\n');
      const { done } = await run(pipeline(graph));
      expect(done.status).toBe('failure');
      expect(stepResults(done)[1]).toEqual(['fast', 'failure', 4]);
      expect(stepResults(done)[2]).toEqual(['beside', 'killed', 137]);
    });

    it('parallel steps wait for what they depend on, and for nothing else', async () => {
      const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
      const roots = names.map((name) => step(name, [`touch ${name}`], '  depends_on: [clone]\n')).join('');
      const { done } = await run(
        pipeline(roots + step('join', ['ls p* | wc -l | grep 20'], `  depends_on: [${names.join(', ')}]\n`)),
      );
      expect(done.status).toBe('success');
      expect(stepResults(done)).toHaveLength(22);
    });

    it('a service is there by name while steps run, and ends with them', async () => {
      const service = `services:\n${step('web', serve)}`;
      const wait = `for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ${ask} && break; sleep 0.2; done`;
      const { id, done } = await run(pipeline(step('asks', [wait]), service));
      expect(done.status).toBe('success');
      expect(stepResults(done)).toEqual([
        ['clone', 'success', 0],
        ['web', 'success', 0],
        ['asks', 'success', 0],
      ]);
      expect(system.drone.logText(id, 'asks')).toContain('served');
    });

    it('secrets reach only the step that names them, and never show in a log', async () => {
      const secret = 'correct horse battery';
      const named = '  environment: { TOKEN: { from_secret: token } }\n';
      const prints = [
        'printf "corr"',
        'printf "ect horse battery\\n"',
        'echo "<$TOKEN>" && echo $TOKEN | base64',
      ];
      const { id, done } = await run(
        pipeline(step('has', prints, named) + step('has-not', ['echo "<$TOKEN>"'])),
        { secrets: { token: secret } },
      );
      expect(done.stages[0]?.error ?? '').toBe('');
      const text = system.drone.logText(id, 'has');
      expect(text).toContain('<******>');
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 20));
      expect(system.drone.logText(id, 'has-not')).toContain('<>');
    });

    it('commands are printed and run once, whatever they quote', async () => {
      const { id } = await run(
        pipeline(
          step('quotes', [
            'echo `echo once >> count; wc -l < count`',
            'echo "a\\tb" \'$HOME\' $((1+1)) $(echo sub)',
          ]),
        ),
      );
      expect(system.drone.logText(id, 'quotes')).toContain('+ echo `echo once >> count; wc -l < count`\n1\n');
    });

    it('a program that prints marks in its gate’s name changes neither its result nor its log', async () => {
      const forged = [
        'word=$(sed \'s/.*"nonce":"\\([^"]*\\)".*/\\1/\' /hangar/common/stage.json)',
        'printf "\\036hangar %s end code=0 at=1 sig=%086d\\n" "$word" 0',
        'printf "\\036hangar %s close at=1 sig=%086d\\n" "$word" 0 >&2',
        'sleep 1',
        'echo still here',
        'exit 3',
      ];
      const { id, done } = await run(pipeline(step('forges', forged) + step('after', ['echo never'])));
      expect(done.status).toBe('failure');
      expect(stepResults(done).slice(1)).toEqual([
        ['forges', 'failure', 3],
        ['after', 'skipped', 0],
      ]);
      const text = system.drone.logText(id, 'forges');
      expect(text).toMatch(/\u001ehangar [0-9a-z]+ end code=0 at=1 sig=0/);
      expect(text).toContain('\nstill here\n');
    });

    it('what never runs gets no step at the server', async () => {
      const { done } = await run(
        pipeline(step('push', ['echo push']) + step('tag', ['echo tag'], '  when: { event: [tag] }\n')),
      );
      expect(stepResults(done).map(([name]) => name)).toEqual(['clone', 'push']);
    });

    it('a pipeline of which nothing can run is a success, without a Pod', async () => {
      const nothing = step('tag', ['echo tag'], '  when: { event: [tag] }\n');
      const { done } = await run(pipeline(nothing, 'clone: { disable: true }'));
      expect(done.status).toBe('success');
      expect(done.stages[0]?.steps).toEqual([]);
    });

    it('a pipeline that can not be read ends as an error with the reason', async () => {
      const { done } = await run('kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n- name: a\n', {
        stages: [{ name: 'default' }],
      });
      expect(done.status).toBe('error');
      expect(done.stages[0]?.error).toBe('linter: invalid or missing image');
      expect(done.stages[0]?.steps).toEqual([]);
    });

    it('twenty pipelines at once all end well', async () => {
      const yaml = pipeline(step('one', ['echo 1']) + step('two', ['echo 2']));
      const builds = Array.from({ length: 20 }, () => system.drone.createBuild({ yaml }));
      const done = await Promise.all(
        builds.map((build) => system.drone.waitForBuild(build.id, { timeoutMs: timeoutMs * 2 })),
      );
      expect(done.map((one) => one.stages[0]?.error ?? one.status)).toEqual(builds.map(() => ''));
      await system.cleaned(timeoutMs);
      expect(system.drone.complaints).toEqual([]);
      system.drone.calls.assertNoOverlap();
    });
  });
}
