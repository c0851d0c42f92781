import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUSYBOX, pipeline, step, stepResults } from './pipelines.ts';
import type { TestSystem } from './test-system.ts';

/** Nothing answers there, so no image's command line is known and all steps that need it are swapped. */
export const NO_REGISTRY = { HANGAR_REGISTRY_MIRRORS: 'docker.io:127.0.0.1:1' };

/** A step with the image's entrypoint: `command` is passed to it as arguments. */
const plugin = (name: string, script: string, more = ''): string =>
  `- name: ${name}\n  image: ${BUSYBOX}\n  command: ["sh", "-c", ${JSON.stringify(script)}]\n${more}`;

const ON_FAILURE = '  when: { status: [failure] }\n';

/** Steps that begin as a placeholder, on any cluster whose registry can't be queried. */
export function swapSuite(where: string, open: () => Promise<TestSystem>, timeoutMs: number): void {
  describe(`steps with swapped images on ${where}`, () => {
    let system: TestSystem;
    beforeAll(async () => {
      system = await open();
    });
    afterAll(() => system.close());

    const run = async (yaml: string) => {
      const { id } = system.drone.createBuild({ yaml });
      const done = await system.drone.waitForBuild(id, { timeoutMs });
      await system.cleaned(timeoutMs);
      expect(system.drone.complaints).toEqual([]);
      return { id, done };
    };

    it('they find the true status of build and stage in /run/drone/env', async () => {
      const yaml = pipeline(
        plugin('before', 'cat /run/drone/env') +
          step('fails', ['exit 1']) +
          plugin('after', 'cat /run/drone/env', ON_FAILURE),
      );
      const { id, done } = await run(yaml);
      expect(stepResults(done)).toEqual([
        ['clone', 'success', 0],
        ['before', 'success', 0],
        ['fails', 'failure', 1],
        ['after', 'success', 0],
      ]);
      const [before, after] = [system.drone.logText(id, 'before'), system.drone.logText(id, 'after')];
      expect(before).toContain('DRONE_BUILD_STATUS="success"\n');
      expect(before).toContain('DRONE_STAGE_STATUS="success"\n');
      expect(before).toMatch(/^io\.drone\.build\.number="\d+"$/m);
      expect(before).not.toContain('hangar.dev');
      expect(after).toContain('DRONE_BUILD_STATUS="failure"\n');
      expect(after).toContain('DRONE_STAGE_STATUS="failure"\n');
    });

    // Known issues 5, 6 and 62: these are codes of placeholders, old and new.
    it.each([2, 213, 214])('their exit code %i is reported unchanged, and gates receive it', async (code) => {
      const yaml = pipeline(
        plugin('fails', `exit ${code}`) +
          step('next', ['echo never']) +
          step('cares', ['echo $DRONE_FAILED_STEPS'], ON_FAILURE),
      );
      const { id, done } = await run(yaml);
      expect(done.status).toBe('failure');
      expect(stepResults(done)).toEqual([
        ['clone', 'success', 0],
        ['fails', 'failure', code],
        ['next', 'skipped', 0],
        ['cares', 'success', 0],
      ]);
      expect(system.drone.logText(id, 'cares')).toContain('\nfails\n');
    });

    it('the first step of all may be one, without a clone', async () => {
      const yaml = pipeline(plugin('first', 'echo at once'), 'clone: { disable: true }');
      const { id, done } = await run(yaml);
      expect(stepResults(done)).toEqual([['first', 'success', 0]]);
      expect(system.drone.logText(id, 'first')).toMatch(/(^|\n)at once\n$/);
    });

    it('a placeholder whose turn never comes delays nothing', async () => {
      const yaml = pipeline(step('one', ['echo 1']) + plugin('never', 'echo never', ON_FAILURE));
      const { done } = await run(yaml);
      expect(done.status).toBe('success');
      expect(stepResults(done).slice(1)).toEqual([
        ['one', 'success', 0],
        ['never', 'skipped', 0],
      ]);
    });

    it('with commands or an entrypoint, for an image that an earlier step pushes, they run as any other step', async () => {
      const push = `- name: push\n  image: ${BUSYBOX}\n  commands: ["exit 0"]\n  settings: { repo: ${BUSYBOX.replace(/:[^:/]*$/, '')} }\n`;
      const useIt = ['echo $0 $DRONE_STAGE_STATUS-$MINE', 'test -e fails && exit 7', 'touch fails'];
      const entrypoint = `- name: entry\n  image: ${BUSYBOX}\n  entrypoint: ["sh", "-c", "echo entered by $0 $1", "$$(HOME)"]\n  command: [two]\n`;
      const yaml = pipeline(
        push +
          step('use', useIt, '  environment: { MINE: own }\n') +
          entrypoint +
          step('fails', useIt) +
          step('after', ['echo $DRONE_FAILED_STEPS'], ON_FAILURE),
      );
      const { id, done } = await run(yaml);
      expect(stepResults(done)).toEqual([
        ['clone', 'success', 0],
        ['push', 'success', 0],
        ['use', 'success', 0],
        ['entry', 'success', 0],
        ['fails', 'failure', 7],
        ['after', 'success', 0],
      ]);
      expect(system.drone.logText(id, 'use')).toContain('/hangar/own/script success-own\n');
      expect(system.drone.logText(id, 'entry')).toMatch(/(^|\n)entered by \$\(HOME\) two\n$/);
    });

    it('a detached one is begun before those that need it, and ends with the pipeline', async () => {
      const detached = plugin('beside', 'echo up > $DRONE_WORKSPACE/up; exec sleep 600', '  detach: true\n');
      const waits =
        'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do test -e up && break; sleep 0.2; done; cat up';
      const { id, done } = await run(pipeline(detached + step('needs', [waits])));
      expect(stepResults(done).slice(1)).toEqual([
        ['beside', 'success', 0],
        ['needs', 'success', 0],
      ]);
      expect(system.drone.logText(id, 'needs')).toContain('\nup\n');
    });

    it('a cancel while one runs stops it, and nothing begins any more', async () => {
      const yaml = pipeline(plugin('long', 'echo begun; exec sleep 600') + plugin('after', 'echo never'));
      const { id } = system.drone.createBuild({ yaml });
      await system.drone.waitUntil(
        'long runs',
        { timeoutMs },
        () => system.drone.step(id, 'long')?.status === 'running',
      );
      system.drone.cancel(id);
      const done = await system.drone.waitForBuild(id, { timeoutMs });
      await system.cleaned(timeoutMs);
      expect(done.status).toBe('killed');
      expect(system.drone.step(id, 'after')?.status).toBe('skipped');
    });
  });
}
