import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from './role.ts';
import type { TestSystem } from './test-system.ts';

/** A test system on a cluster with an image that is not on its node. */
export interface ColdCluster {
  readonly system: TestSystem;
  /** Returns the name of an image that was not pulled yet, in a slow registry. */
  freshImage(): Promise<string>;
  close(): Promise<void>;
}

/** What a log contains about image pulls, on any cluster. `timeoutMs`: for one build. */
export function pullsSuite(
  where: string,
  open: () => Promise<ColdCluster>,
  { timeoutMs, role = 'hangar' }: { readonly timeoutMs: number; readonly role?: Role },
): void {
  describe(`images that are pulled on ${where}`, () => {
    let cold: ColdCluster;
    beforeAll(async () => {
      cold = await open();
    });
    afterAll(() => cold.close());

    const yamlOf = (image: string) => `kind: pipeline
type: kubernetes
name: default
steps:
- name: build
  image: ${image}
  commands: [echo built]
`;

    if (role === 'previous')
      it('are not shown: nothing asks for events, and the build runs as well', async () => {
        const { system } = cold;
        const { id } = system.drone.createBuild({ yaml: yamlOf(await cold.freshImage()) });
        const { status } = await system.drone.waitForBuild(id, { timeoutMs });
        const text = ['clone', 'build'].map((name) => system.drone.logText(id, name) ?? '').join('');
        expect([status, text.includes('pulling image'), text.includes('built\n')]).toEqual([
          'success',
          false,
          true,
        ]);
        expect(system.runner.calls.filter(({ resource }) => resource === 'events')).toEqual([]);
      });

    if (role === 'hangar')
      it('are shown in the log while they run, with their duration, before the lines of the steps', async () => {
        const { system } = cold;
        const image = await cold.freshImage();
        const build = system.drone.createBuild({ yaml: yamlOf(image) });
        const text = () =>
          ['clone', 'build'].map((name) => system.drone.logText(build.id, name) ?? '').join('');
        const done = await system.drone.waitForBuild(build.id, { timeoutMs });

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
        expect(system.drone.logText(build.id, 'build')).toBe('+ echo built\nbuilt\n');
      });

    if (role === 'hangar')
      it('known issues 10 and 53: cost no call of the API: one watch was opened for all builds', async () => {
        const { system } = cold;
        const countOf = () => system.runner.calls.filter(({ resource }) => resource === 'events').length;
        const before = countOf();
        const image = await cold.freshImage();
        const build = system.drone.createBuild({ yaml: yamlOf(image) });
        await system.drone.waitForBuild(build.id, { timeoutMs });

        expect([before, countOf()]).toEqual([1, 1]);
      });
  });
}
