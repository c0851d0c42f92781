import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../parts/free-port.ts';
import { startSlowRegistry } from '../../parts/images/slow-registry.ts';
import { removeImage } from '../../parts/real/ctr.ts';
import type { RealCluster } from '../../parts/real/facts.ts';
import { pushSizedImage } from '../../parts/real/images.ts';
import { statePaths } from '../../parts/real/plan/layout.ts';
import { until } from '../../parts/until.ts';
import { pipeline, step, stepResults } from '../flows/pipelines.ts';
import { startTestSystem, type TestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from './real-cluster-access.ts';

const PATIENCE_MS = 150_000;

describe('what only a real kubelet does', () => {
  let setup: TestSystem;
  let cluster: RealCluster;

  beforeAll(async () => {
    const own = await ownNamespaceAccess('kubelet');
    cluster = own.cluster;
    setup = await startTestSystem(own.ground);
  });
  afterAll(() => setup.close());

  const run = async (yaml: string, more: object = {}) => {
    const { id } = setup.drone.createBuild({ yaml, ...more });
    const done = await setup.drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
    await setup.cleaned(PATIENCE_MS);
    expect(setup.drone.complaints).toEqual([]);
    return { id, done };
  };
  const running = (id: number, name: string) =>
    setup.drone.waitUntil(
      `${name} runs`,
      { timeoutMs: PATIENCE_MS },
      () => setup.drone.step(id, name)?.status === 'running',
    );

  it('a step that exceeds its memory is reported as out of memory, and no other one', async () => {
    const eats = step(
      'eats',
      ['echo eating', 'x=$(head -c 300000000 /dev/zero | tr "\\\\0" x); echo survived'],
      '  resources: { limits: { memory: 50331648 } }\n',
    );
    const { id, done } = await run(
      pipeline(step('modest', ['echo fine']) + eats + step('after', ['echo never'])),
    );
    expect(done.status).toBe('failure');
    expect(stepResults(done)).toEqual([
      ['clone', 'success', 0],
      ['modest', 'success', 0],
      ['eats', 'failure', 137],
      ['after', 'skipped', 0],
    ]);
    expect(setup.drone.step(id, 'eats')?.error).toContain('memory');
    expect(setup.drone.logText(id, 'eats')).toContain('eating');
  });

  it('a step that may do everything as root can not look into its gate, which signs its marks', async () => {
    const peeps = ['mem', 'environ', 'maps'].map(
      (file) => `ls /proc/1/${file} && cat /proc/1/${file} | head -c 1; true`,
    );
    const { id } = await run(pipeline(step('peeps', ['id -u', ...peeps])));
    const text = setup.drone.logText(id, 'peeps');
    expect(text).toContain('+ id -u\n0\n');
    expect(text?.match(/permission denied/gi)).toHaveLength(peeps.length);
  });

  it('a plugin whose entrypoint is looked up runs behind the gate with its settings', async () => {
    const plugin = `- name: plug\n  image: ${cluster.images.plugin}\n  settings: { greeting: hello world, list: [a, b] }\n`;
    const { id, done } = await run(pipeline(plugin));
    expect(done.status).toBe('success');
    expect(setup.drone.logText(id, 'plug')).toBe('PLUGIN_GREETING=hello world\nPLUGIN_LIST=a,b\n');
  });

  it('an image without a shell runs by its entrypoint, and its exit code is reported', async () => {
    const scratch = `- name: bare\n  image: ${cluster.images.scratch}\n  command: ["7", "$HOME"]\n`;
    const { id, done } = await run(pipeline(scratch));
    expect(stepResults(done)[1]).toEqual(['bare', 'failure', 7]);
    expect(setup.drone.logText(id, 'bare')).toContain('arg 2: $HOME\n');
  });

  it('an image that runs as another user has the gate, its workspace and its home', async () => {
    const nonroot = `- name: user\n  image: ${cluster.images.nonroot}\n  commands: ["id -u", "echo mine > /tmp/mine", "cat /run/drone/env | head -1"]\n`;
    const { id, done } = await run(pipeline(nonroot));
    expect(done.status).toBe('success');
    expect(setup.drone.logText(id, 'user')).toContain('1000\n');
  });

  it('the log of a step is complete and in order, though the kubelet rotates it several times', async () => {
    const lines = 1_000_000;
    const bursts = 12;
    const file = Array.from({ length: lines }, (_, nth) => `${nth + 1}\n`).join('');
    const burst = `seq $((i * ${lines} / ${bursts} + 1)) $(((i + 1) * ${lines} / ${bursts}))`;
    const script = `for i in $(seq 0 ${bursts - 1}); do ${burst}; sleep 5; done`;
    const { ground } = await ownNamespaceAccess('rotation');
    const rotating = await startTestSystem(ground, { env: { HANGAR_LOG_LIMIT: '20000000' } });
    onTestFinished(() => rotating.close());
    const { id } = rotating.drone.createBuild({
      yaml: pipeline(step('chatty', [`set +x; ${script}`]), 'clone: { disable: true }'),
    });
    const rotated = new Set<string>();
    const folder = statePaths(cluster.layout).podLogs;
    await until('the end of the build', PATIENCE_MS, async () => {
      const names = await readdir(folder, { recursive: true });
      // A rotated file has the time of its rotation behind the name, and is compressed later.
      for (const name of names)
        if (name.includes(`${ground.namespace}_`) && /step-1\/0\.log\.\d/.test(name))
          rotated.add(name.replace(/\.(?:tmp|gz)$/, ''));
      return rotating.drone.step(id, 'chatty')?.status === 'success';
    });
    await rotating.cleaned(PATIENCE_MS);
    expect(rotated.size).toBeGreaterThanOrEqual(3);
    const text = rotating.drone.logText(id, 'chatty') ?? '';
    expect(text.slice(0, 200)).toContain(`+ set +x`);
    expect(text.slice(text.indexOf('\n') + 1) === file).toBe(true);
    expect(rotating.drone.complaints).toEqual([]);
  });

  it('known issue 8: a cancel while an image is pulled ends the build, and no step of it begins', async () => {
    const repository = 'local/cold-cancel';
    const pushed = await pushSizedImage(cluster.layout, repository, 3_000_000);
    const slow = await startSlowRegistry({
      upstream: cluster.registry,
      bytesPerSecond: 300_000,
      latencyMs: 20,
    });
    const image = pushed.replace(cluster.registry, slow.address);
    try {
      const cold = `- name: cold\n  image: ${image}\n  commands: [echo never]\n`;
      const { id } = setup.drone.createBuild({
        yaml: pipeline(step('warm', ['echo warm', 'echo never']) + cold),
      });
      await until('the image is asked for', PATIENCE_MS, () =>
        Promise.resolve(slow.asked.some((path) => path.includes('/blobs/'))),
      );
      setup.drone.cancel(id);
      const done = await setup.drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
      await setup.cleaned(PATIENCE_MS);
      expect(done.status).toBe('killed');
      expect(
        stepResults(done)
          .slice(1)
          .filter(([, status]) => status !== 'skipped' && status !== 'killed'),
      ).toEqual([]);
      expect(setup.drone.log(id, 'warm') ?? []).toEqual([]);
    } finally {
      await slow.close();
      await removeImage(cluster.layout, image).catch(() => undefined);
    }
  });

  it('a registry that refuses connections before the first step is waited for, and the log says so', async () => {
    const pushed = await pushSizedImage(cluster.layout, 'local/cold-refused', 1_000_000);
    const port = await freePort();
    const image = pushed.replace(cluster.registry, `127.0.0.1:${port}`);
    const { id } = setup.drone.createBuild({
      yaml: pipeline(`- name: cold\n  image: ${image}\n  commands: [echo built]\n`),
    });
    const text = () =>
      ['clone', 'cold']
        .flatMap((name) => setup.drone.liveLog(id, name) ?? setup.drone.log(id, name) ?? [])
        .map(({ out }) => out)
        .join('');
    await setup.drone.waitUntil('the log says it', { timeoutMs: PATIENCE_MS }, () =>
      /connection refused/.test(text()),
    );
    const quick = { upstream: cluster.registry, bytesPerSecond: 10_000_000, latencyMs: 0 };
    const registry = await startSlowRegistry({ ...quick, port });
    try {
      const done = await setup.drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
      await setup.cleaned(PATIENCE_MS);
      expect(done.status).toBe('success');
      expect(text()).toContain('built\n');
    } finally {
      await registry.close();
      await removeImage(cluster.layout, image).catch(() => undefined);
    }
  });

  it('known issue 8: a cancel between two steps lets the next one not begin', async () => {
    const gap = step('first', ['echo first']) + step('second', ['sleep 600']);
    const { id } = setup.drone.createBuild({ yaml: pipeline(gap) });
    await running(id, 'second');
    const before = setup.drone.step(id, 'second')?.started ?? 0;
    setup.drone.cancel(id);
    await setup.drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
    await setup.cleaned(PATIENCE_MS);
    expect(before).toBeGreaterThan(0);
    expect(setup.drone.step(id, 'second')?.status).toBe('killed');
  });
});
