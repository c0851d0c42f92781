import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { World } from './world.ts';

/** Ground with an image that is not on its node. */
export interface ColdGround {
  readonly world: World;
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
      const { world } = ground;
      const image = await ground.freshImage();
      const build = world.drone.createBuild({ yaml: yamlOf(image) });
      const text = () => ['clone', 'build'].map((name) => world.drone.logText(build.id, name) ?? '').join('');
      const done = await world.drone.waitForBuild(build.id, { timeoutMs: patienceMs });

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
      expect(world.drone.logText(build.id, 'build')).toBe('+ echo built\nbuilt\n');
    });

    it('cost no call of the API: one watch was opened for all builds', async () => {
      const { world } = ground;
      const countOf = () => world.runner.calls.filter(({ resource }) => resource === 'events').length;
      const before = countOf();
      const image = await ground.freshImage();
      const build = world.drone.createBuild({ yaml: yamlOf(image) });
      await world.drone.waitForBuild(build.id, { timeoutMs: patienceMs });

      expect([before, countOf()]).toEqual([1, 1]);
    });
  });
}
