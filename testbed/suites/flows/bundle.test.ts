import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PracticeServer, startPracticeServer } from '../../parts/drone/practice-server.ts';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { bundlePrograms } from '../../parts/images/bundle.ts';
import { pipeline, step } from './pipelines.ts';
import { type ProgramProcess, startRunnerProcess } from './program-process.ts';
import { startEmbedded } from './start-embedded.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SECRET = 'bundle-secret-of-32-characters-!';
const LARGE = `${pipeline(step('one', ['echo done']))}# ${'x'.repeat(40_000)}\n`;

describe('the bundle of the runner, which is what its image contains', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-bundle-'));
  let cluster: EmbeddedCluster;
  let drone: PracticeServer;
  let runner: ProgramProcess;

  beforeAll(async () => {
    await bundlePrograms(ROOT);
    const { cluster: started, access } = await startEmbedded();
    cluster = started;
    drone = await startPracticeServer({ secret: SECRET });
    runner = await startRunnerProcess({
      folder,
      droneHost: drone.host,
      secret: SECRET,
      kubeconfig: access.kubeconfig,
      main: `${ROOT}/runner/bundle/main.js`,
      env: {
        DRONE_NAMESPACE_DEFAULT: access.namespace,
        HANGAR_LEASE_NAMESPACE: access.namespace,
        ...access.env,
      },
    });
  });
  afterAll(async () => {
    await runner.end();
    await drone.close();
    await cluster.close();
    rmSync(folder, { recursive: true });
  });

  const ended = (yaml: string) => drone.waitForBuild(drone.createBuild({ yaml }).id, { timeoutMs: 60_000 });

  it.each([
    ['small', pipeline(step('one', ['echo done']))],
    ['so large that another process parses it', LARGE],
  ])('runs a pipeline whose file is %s', async (_, yaml) => {
    const { stages } = await ended(yaml);
    expect(stages).toMatchObject([{ status: 'success', error: '' }]);
  });

  it('names the place of a mistake in a large file, which the other process finds too', async () => {
    const { stages } = await ended(LARGE.replace('image:', 'imagine:'));
    expect(stages).toMatchObject([
      { status: 'error', error: expect.stringMatching(/^linter: .*image/) as string },
    ]);
  });
});
