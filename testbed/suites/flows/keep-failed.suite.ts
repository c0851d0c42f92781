import type { V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipeline, step, stepResults } from './pipelines.ts';
import type { TestSystem } from './test-system.ts';

/** What the runners of these suites allow. */
export const KEEPING = {
  HANGAR_KEEP_FAILED: '10m',
  HANGAR_KEEP_FAILED_MAX: '1h',
  // A Pod that is kept is no pipeline that runs.
  HANGAR_REPOSITORY_PIPELINES: '1',
  HANGAR_LEASE_TERM: '6s',
} as const;

const YAML = pipeline(
  step('fails', ['echo traces > traces', 'exit 3'], '  environment: { SECRET: a b }\n') +
    step('never', ['echo never']) +
    step('cares', ['echo cares'], '  when: { status: [failure] }\n'),
  'clone: { disable: true }',
);
const RESULTS = [
  ['fails', 'failure', 3],
  ['never', 'skipped', 0],
  ['cares', 'success', 0],
];

/** The container of a failed step that is kept for people. `look`: what the gate's shell in a container prints for a command, where there is one. */
export function keepFailedSuite(
  where: string,
  open: () => Promise<TestSystem>,
  options: { timeoutMs: number; look?: (pod: V1Pod, container: string, command: string) => Promise<string> },
): void {
  const { timeoutMs, look } = options;

  describe(`a failed step that is kept on ${where}`, () => {
    let system: TestSystem;
    beforeAll(async () => {
      system = await open();
    });
    afterAll(() => system.close());

    const build = async (more: object = {}) => {
      const { id } = system.drone.createBuild({ yaml: YAML, ...more });
      const done = await system.drone.waitForBuild(id, { timeoutMs });
      expect(stepResults(done)).toEqual(RESULTS);
      expect(system.drone.complaints).toEqual([]);
      return id;
    };
    const noteOf = async (id: number) => {
      await system.drone.waitUntil('the log is stored', { timeoutMs }, () => system.drone.log(id, 'fails'));
      return /this container is kept for (\w+): (kubectl exec .*) \.\.\./.exec(
        system.drone.logText(id, 'fails') ?? '',
      );
    };
    const thePod = async (): Promise<V1Pod> => {
      const pods = await system.pods();
      expect(pods).toHaveLength(1);
      return pods[0] ?? {};
    };
    const stateOf = ({ status }: V1Pod, n: number) =>
      Object.keys(status?.containerStatuses?.find(({ name }) => name === `step-${n}`)?.state ?? {})[0];

    it('is open for a shell while its build has ended, until somebody deletes the Pod', async () => {
      const id = await build();
      const pod = await thePod();
      const { namespace, name } = pod.metadata ?? {};
      expect((await noteOf(id))?.slice(1)).toEqual([
        '10m',
        `kubectl exec -it -n ${namespace} ${name} -c step-1 -- /hangar/bin/gate shell`,
      ]);
      expect([pod.metadata?.labels?.['hangar.dev/kept'], stateOf(pod, 1)]).toEqual(['true', 'running']);
      const command = 'cat traces; echo "$SECRET $DRONE_STEP_NAME $DRONE_STAGE_STATUS"';
      if (look) expect(await look(pod, 'step-1', command)).toBe('traces\na b fails success\n');

      await system.removePod(pod, 0);
      await system.cleaned(timeoutMs);
    });

    it('ends by itself after the time that the build chose', async () => {
      const id = await build({ params: { HANGAR_KEEP_FAILED: '3s' } });
      expect((await noteOf(id))?.[1]).toBe('3s');
      await system.cleaned(timeoutMs);
    });

    it.each([
      ['the build does not want it', { params: { HANGAR_KEEP_FAILED: '0' } }],
      ['it is a pull request of a fork', { event: 'pull_request', build: { source_repo: 'mallory/widget' } }],
    ])('is not kept if %s', async (_why, more) => {
      const id = await build(more);
      await system.cleaned(timeoutMs);
      expect(await noteOf(id)).toBeNull();
    });

    it('is one for each repository', async () => {
      await build();
      const first = await thePod();
      const id = await build();
      expect(await noteOf(id)).toBeNull();
      await system.drone.waitUntil('the second Pod is removed', { timeoutMs }, async () => {
        const pods = await system.pods();
        return pods.length === 1 && pods[0]?.metadata?.uid === first.metadata?.uid;
      });
      await system.removePod(first, 0);
      await system.cleaned(timeoutMs);
    });

    it('stays when its runner is killed and another one takes over, with one end at the server', async () => {
      const id = await build({ params: { HANGAR_KEEP_FAILED: '25s' } });
      await noteOf(id);
      const before = await thePod();
      const { version } = system.drone.build(id).stages[0] ?? {};
      await system.runner.kill();
      await system.startRunner('runner-b');

      await system.drone.waitUntil('it is taken over', { timeoutMs }, async () => {
        const now = await thePod();
        return now.metadata?.annotations?.['hangar.dev/owner']?.endsWith('runner-b') ?? false;
      });
      const after = await thePod();
      expect([after.metadata?.uid, stateOf(after, 1)]).toEqual([before.metadata?.uid, 'running']);
      await system.cleaned(timeoutMs);
      expect(stepResults(system.drone.build(id))).toEqual(RESULTS);
      expect(system.drone.build(id).stages[0]).toMatchObject({ status: 'failure', version });
      expect(system.drone.complaints).toEqual([]);
    });
  });
}
