import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { imageNames } from '../../parts/images/catalog.ts';
import { image, layer } from '../../parts/images/image.ts';
import { pushImage } from '../../parts/images/push.ts';
import { removeImage } from '../../parts/real/ctr.ts';
import { clusterImages } from '../../parts/real/images.ts';
import { pipeline, step, stepResults } from '../flows/pipelines.ts';
import { GATE_VOLUMES, startTestSystem, type TestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

const TIMEOUT = { timeoutMs: 120_000 };
const NO_CLONE = 'clone: { disable: true }';
const repository = 'local/pushed';

for (const gate of GATE_VOLUMES) {
  let system: TestSystem;
  /** A folder of the node that the first step watches: the test pushes the image meanwhile. */
  let shared: string;
  let registry: string;
  let push: (tag: string) => Promise<void>;
  let forget: (name: string) => Promise<void>;

  beforeAll(async () => {
    shared = mkdtempSync(join(tmpdir(), 'hangar-pushed-'));
    const { cluster, ground } = await ownNamespaceAccess('pushed');
    const base = (await clusterImages(cluster.layout)).find(({ name }) => name === imageNames.busybox);
    if (base === undefined) throw new Error('the catalog has no busybox');
    const { architecture, layers } = base.image;
    registry = cluster.registry;
    push = async (tag) => {
      const mark = layer([{ kind: 'file', path: 'built-by', mode: 0o644, data: Buffer.from(tag) }]);
      const made = image(architecture, [...layers, mark], { entrypoint: ['cat', '/built-by'] });
      await pushImage(made, { registry, repository, tag });
    };
    forget = (name) => removeImage(cluster.layout, name).then(() => undefined);
    system = await startTestSystem(ground, {
      env: { HANGAR_GATE_VOLUME: gate, DRONE_RUNNER_VOLUMES: `${shared}:/shared` },
    });
  });
  afterAll(async () => {
    await system.close();
    rmSync(shared, { recursive: true });
  });

  it(`steps run the image that an earlier step of their pipeline pushes, gate by ${gate}`, async () => {
    const tag = randomBytes(6).toString('hex');
    const name = `${registry}/${repository}:${tag}`;
    const yaml = pipeline(
      step(
        'push',
        ['while [ ! -e /shared/pushed ]; do sleep 0.1; done'],
        `  settings: { registry: "${registry}", repo: ${repository} }\n`,
      ) +
        `- { name: plugin, image: "${name}" }\n` +
        `- { name: commands, image: "${name}", commands: ["cat /built-by; exit 3"] }\n` +
        `- { name: entrypoint, image: "${name}", entrypoint: [cat, /built-by], when: { status: [failure] } }\n`,
      NO_CLONE,
    );
    const { id } = system.drone.createBuild({ yaml });
    await system.drone.waitUntil(
      'push runs',
      TIMEOUT,
      () => system.drone.step(id, 'push')?.status === 'running',
    );
    await push(tag);
    writeFileSync(join(shared, 'pushed'), '');

    const done = await system.drone.waitForBuild(id, TIMEOUT);
    expect(stepResults(done)).toEqual([
      ['push', 'success', 0],
      ['plugin', 'success', 0],
      ['commands', 'failure', 3],
      ['entrypoint', 'success', 0],
    ]);
    for (const one of ['plugin', 'commands', 'entrypoint'])
      expect(system.drone.logText(id, one)).toContain(tag);
    await system.cleaned(TIMEOUT.timeoutMs);
    await forget(name);
  }, 240_000);
}
