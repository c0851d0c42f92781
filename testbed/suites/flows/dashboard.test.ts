import { createHttp } from '@hangar/runner/http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { pipeline, step } from './pipelines.ts';
import { startEmbedded } from './start-embedded.ts';
import { startTestSystem, type TestSystem } from './test-system.ts';

const TIMEOUT_MS = 60_000;
const USER = { DRONE_UI_USERNAME: 'ada', DRONE_UI_PASSWORD: 'engine' };
const ADA = { authorization: `Basic ${Buffer.from('ada:engine').toString('base64')}` };
const YAML = pipeline(
  step('build', ['echo built']) +
    step('test', ['echo "token is $TOKEN"', 'exit 3'], '  environment:\n    TOKEN: {from_secret: token}\n'),
);

describe("the runner's dashboard", () => {
  let system: TestSystem;
  let cluster: EmbeddedCluster;

  beforeEach(async () => {
    const made = await startEmbedded();
    cluster = made.cluster;
    system = await startTestSystem(made.access, { env: USER });
  });
  afterEach(async () => {
    await system.close();
    await cluster.close();
  });

  const get = async (url: string): Promise<string> => {
    const { statusCode, body } = await createHttp(system.runner.http).inject({ url, headers: ADA });
    expect(statusCode).toBe(200);
    return body;
  };

  it('shows a pipeline that has ended, the log of its failed step without secrets, and that of another', async () => {
    const { id } = system.drone.createBuild({ yaml: YAML, secrets: { token: 'hunter2hunter2' } });
    await system.drone.waitForBuild(id, { timeoutMs: TIMEOUT_MS });
    await system.cleaned(TIMEOUT_MS);

    const index = await get('/');
    const [, address = ''] = /href="(view\?id=\d+)"/.exec(index) ?? [];

    expect(index).toContain('step test failed: exit code 3');
    const page = await get(`/${address}`);
    expect(page).toContain('token is ');
    expect(page).not.toContain('hunter2');
    expect(await get(`/${address}&step=2`)).toContain('built\n');
  });
});
