import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFinished, type Pod } from '../api/pod.ts';
import { type EmbeddedCluster, startEmbeddedCluster } from '../cluster.ts';
import { clientOf, PODS_PATH, podWhen, type TestClient, when } from '../testing/client.ts';
import { type GatedStep, gatedPod } from '../testing/gated-pod.ts';

let cluster: EmbeddedCluster;
let client: TestClient;

beforeAll(async () => {
  cluster = await startEmbeddedCluster({ timing: { relistMs: 5, backoffMs: 30 } });
  client = clientOf(cluster);
});
afterAll(() => cluster.close());

async function start(name: string, steps: readonly GatedStep[]): Promise<void> {
  const { pod, secret } = gatedPod(name, steps);
  expect((await client.post('/api/v1/namespaces/default/secrets', secret)).status).toBe(201);
  expect((await client.post(PODS_PATH, pod)).status).toBe(201);
}

async function run(name: string, steps: readonly GatedStep[]): Promise<Pod> {
  await start(name, steps);
  return podWhen(cluster, name, isFinished);
}

const logOf = (pod: string, n: number): Promise<string> =>
  client.text(`${PODS_PATH}/${pod}/log?container=step-${n}`);

/** Decision and code of each step, from the termination messages. */
function outcomes(pod: Pod): string[] {
  return (pod.status.containerStatuses ?? []).map(({ state }) => {
    const message = state.terminated?.message ?? '';
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(60);
    return message.split(' ').slice(0, 2).join(' ');
  });
}

const clone: GatedStep = { name: 'clone', script: 'echo cloned > /drone/src/file', runs: 'always' };

describe('the stand-in gate', { timeout: 30_000 }, () => {
  it('runs steps in order, with marks, the workspace and the environment file', async () => {
    const pod = await run('order', [
      clone,
      {
        name: 'test',
        after: [1],
        script:
          'cat /drone/src/file; basename $(dirname $(pwd)) ; echo $DRONE_STEP_NUMBER $CI $MINE; cat /run/drone/env',
        env: { MINE: 'yes' },
      },
    ]);

    expect(pod.status.phase).toBe('Succeeded');
    expect(outcomes(pod)).toEqual(['ran 0', 'ran 0']);
    const lines = (await logOf('order', 2)).split('\n');
    expect(lines[0]).toMatch(/^\u001ehangar abcd1234 start at=\d{13} key=[\w-]{43}$/);
    expect(lines[1]).toBe(lines[0]);
    expect(lines.slice(2, 5)).toEqual(['cloned', 'drone', '2 true yes']);
    expect(lines.slice(5, 10).map((line) => line.split('=')[0])).toEqual([
      'DRONE_BUILD_FINISHED',
      'DRONE_BUILD_STATUS',
      'DRONE_STAGE_FINISHED',
      'DRONE_STAGE_STATUS',
      'io.drone',
    ]);
    expect(lines.at(-3)).toMatch(/^\u001ehangar abcd1234 end code=0 at=\d{13} sig=[\w-]{86}$/);
    expect(lines.at(-2)).toMatch(/^\u001ehangar abcd1234 close at=\d{13} sig=[\w-]{86}$/);
  });

  it('skips what a failure skips, runs what waits for one, and passes it the failed steps', async () => {
    const pod = await run('failure', [
      clone,
      { name: 'bad', after: [1], script: 'exit 3' },
      { name: 'next', after: [2], script: 'echo never' },
      {
        name: 'report',
        after: [3],
        runs: 'on-failure',
        script: 'echo $DRONE_BUILD_STATUS $DRONE_FAILED_STEPS',
      },
      { name: 'tidy', after: [4], runs: 'always', script: 'true' },
    ]);

    expect(pod.status.phase).toBe('Failed');
    expect(outcomes(pod)).toEqual(['ran 0', 'ran 3', 'failed-before 0', 'ran 0', 'ran 0']);
    expect(await logOf('failure', 4)).toContain('\nfailure bad\n');
    expect(await logOf('failure', 3)).toMatch(
      /^\u001ehangar abcd1234 skip why=failed-before at=\d+ key=[\w-]{43}\n/,
    );
  });

  it('ignores a failure that is to be ignored, and skips on-failure steps then', async () => {
    const pod = await run('ignored', [
      { name: 'bad', fails: 'ignore', script: 'exit 1' },
      { name: 'next', after: [1], script: 'true' },
      { name: 'report', after: [2], runs: 'on-failure', script: 'true' },
    ]);

    expect(outcomes(pod)).toEqual(['ran 1', 'ran 0', 'passed-before 0']);
  });

  it('ends early as a success with code 78', async () => {
    const pod = await run('early', [
      { name: 'skip', script: 'exit 78' },
      { name: 'next', after: [1], script: 'true' },
    ]);

    expect(outcomes(pod)).toEqual(['ran 78', 'ended-early 0']);
  });

  it('stops running siblings when a fail-fast step fails, and skips even what runs always', async () => {
    const pod = await run('fast', [
      { name: 'long', script: 'exec sleep 60' },
      { name: 'bad', fails: 'fast', script: 'exit 1' },
      { name: 'always', after: [2], runs: 'always', script: 'true' },
    ]);

    expect(outcomes(pod)).toEqual(['ran 143', 'ran 1', 'fast 0']);
  });

  it('starts a service for those who need it and stops it with the last step', async () => {
    const pod = await run('service', [
      clone,
      {
        name: 'db',
        role: 'background',
        after: [1],
        script: 'trap "exit 0" TERM; touch /drone/src/up; while :; do sleep 0.02; done',
      },
      { name: 'test', after: [2], script: 'until [ -e /drone/src/up ]; do sleep 0.02; done; echo used' },
    ]);

    expect(pod.status.phase).toBe('Succeeded');
    expect(outcomes(pod)).toEqual(['ran 0', 'ran 0', 'ran 0']);
  });

  it('never starts anything after a stop signal', async () => {
    await start('stopped', [
      { name: 'long', script: 'echo up; exec sleep 60' },
      { name: 'next', after: [1], runs: 'always', script: 'touch /drone/src/never' },
    ]);
    await podWhen(cluster, 'stopped', ({ status }) => status.phase === 'Running');
    const seen: string[][] = [];
    const unsubscribe = cluster.api.store.subscribe(({ object, type }) => {
      if (object.metadata.name === 'stopped' && type === 'MODIFIED') seen.push(outcomes(object as Pod));
    });

    await client.delete(`${PODS_PATH}/stopped`);
    await when(cluster, () => (cluster.pod({ name: 'stopped' }) === undefined ? true : undefined));
    unsubscribe();

    expect(seen.at(-1)).toEqual([expect.stringMatching(/^(ran 143|stopping 0)$/), 'stopping 0']);
  });

  it('waits after a kill without a report, and then continues as after 137', async () => {
    await start('killed', [
      { name: 'long', script: 'exec sleep 60' },
      { name: 'report', after: [1], runs: 'on-failure', script: 'echo seen' },
    ]);
    await when(cluster, () => {
      const [first] = cluster.pod({ name: 'killed' })?.status.containerStatuses ?? [];
      return first?.state.running;
    });

    cluster.oomKill({ name: 'killed' }, 'step-1');
    const pod = await podWhen(cluster, 'killed', isFinished);

    expect(pod.status.containerStatuses?.[0]?.state.terminated).toMatchObject({
      exitCode: 137,
      reason: 'OOMKilled',
    });
    expect(outcomes(pod)[1]).toBe('ran 0');
  });

  it('takes results of swapped steps from the annotations', async () => {
    await start('swapped', [
      { name: 'plugin', engine: 'swap' },
      { name: 'after', after: [1], script: 'echo went on' },
    ]);
    await podWhen(cluster, 'swapped', ({ status }) => status.phase === 'Running');
    const swap = {
      metadata: { annotations: { 'hangar.dev/result-1': 'ran 0 1 2' } },
      spec: { containers: [{ name: 'step-1', image: 'plugins/x' }] },
    };

    await client.patch(`${PODS_PATH}/swapped`, swap, 'strategic-merge');
    const pod = await podWhen(cluster, 'swapped', isFinished);

    expect(pod.status.phase).toBe('Succeeded');
    expect(await logOf('swapped', 2)).toContain('\nwent on\n');
  });

  it('runs known images whose entry point is not on this machine, and exits with 127 for unknown ones', async () => {
    const pod = await run('entry', [
      {
        name: 'plugin',
        image: 'plugins/slack:1',
        argv: ['/bin/drone-slack'],
        env: { PLUGIN_CHANNEL: 'dev' },
      },
      { name: 'odd', after: [1], argv: ['/bin/not-here'] },
    ]);

    expect(outcomes(pod)).toEqual(['ran 0', 'ran 127']);
    expect(await logOf('entry', 1)).toContain('\nPLUGIN_CHANNEL=dev\n');
  });

  it('fails loudly with 214 when its files are not there', async () => {
    const { pod, secret } = gatedPod('broken', [{ name: 'x' }]);
    (secret['stringData'] as Record<string, string>)['common'] = '{';
    await client.post('/api/v1/namespaces/default/secrets', secret);
    await client.post(PODS_PATH, pod);

    const ended = await podWhen(cluster, 'broken', isFinished);

    expect(ended.status.containerStatuses?.[0]?.state.terminated).toMatchObject({
      exitCode: 214,
      message: expect.stringContaining('/hangar/common/stage.json') as string,
    });
  });
});
