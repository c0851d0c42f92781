import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlowSetup } from './flow-setup.ts';

/** Ground with an image that is not on its node. */
export interface ColdGround {
  readonly setup: FlowSetup;
  /** Names an image that nobody has pulled, in a slow registry. */
  freshImage(): Promise<string>;
  close(): Promise<void>;
}

/** What a log tells of images that are pulled, on any ground. `patienceMs`: for one build. */
export function pullsSuite(where: string, open: () => Promise<ColdGround>, patienceMs: number): void {
  describe(`images that are pulled on ${where}`, () => {
    let ground: ColdGround;
    beforeAll(async () => {
      ground = await open();
    });
    afterAll(() => ground.close());

    const yamlOf = (image: string) => `kind: pipeline
type: kubernetes
name: default
steps:
- name: build
  image: ${image}
  commands: [echo built]
`;

    it('show in the log while they come, and how long it took, before the lines of the steps', async () => {
      const { setup } = ground;
      const image = await ground.freshImage();
      const build = setup.drone.createBuild({ yaml: yamlOf(image) });
      const text = () => ['clone', 'build'].map((name) => setup.drone.logText(build.id, name) ?? '').join('');
      const done = await setup.drone.waitForBuild(build.id, { timeoutMs: patienceMs });

      expect(done.status).toBe('success');
      const lines = text().split('\n');
      const pulling = lines.findIndex((line) => line.includes(`pulling image ${image}`));
      const pulled = lines.findIndex((line) => line.startsWith(`pulled image ${image} in `));
      expect(
        [pulling, pulled].every((at) => at >= 0),
        text(),
      ).toBe(true);
      expect(pulling).toBeLessThan(pulled);
      expect(pulled).toBeLessThan(lines.indexOf('built'));
      expect(lines[pulled]).toMatch(/ in \d+(\.\d)? s( \(\d+ MiB\))?$/);
      expect(setup.drone.logText(build.id, 'build')).toBe('+ echo built\nbuilt\n');
    });

    it('cost no call of the API: one watch was opened for all builds', async () => {
      const { setup } = ground;
      const countOf = () => setup.runner.calls.filter(({ resource }) => resource === 'events').length;
      const before = countOf();
      const image = await ground.freshImage();
      const build = setup.drone.createBuild({ yaml: yamlOf(image) });
      await setup.drone.waitForBuild(build.id, { timeoutMs: patienceMs });

      expect([before, countOf()]).toEqual([1, 1]);
    });
  });
}
