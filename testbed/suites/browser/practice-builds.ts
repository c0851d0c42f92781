import type { PracticeServer } from '../../parts/drone/practice-server.ts';
import { RpcCaller } from '../../parts/drone/rpc-caller.ts';

/** Builds as a runner reports them, for tests of the practice server's page and for pictures of it. */
export async function reportBuilds(
  drone: PracticeServer,
  secret: string,
  output: readonly string[],
): Promise<void> {
  const runner = new RpcCaller(drone.url, secret);
  drone.createBuild({
    yaml: 'kind: pipeline\ntype: kubernetes\n',
    repo: { slug: 'acme/widget' },
    stages: [
      { name: 'build' },
      { name: 'unit', depends_on: ['build'] },
      { name: 'browser', depends_on: ['build'] },
      { name: 'deploy', depends_on: ['unit', 'browser'] },
    ],
  });
  const stage = await runner.start('clone', 'compile');
  const [clone, compile] = stage.steps;
  if (clone === undefined || compile === undefined) throw new Error('the stage has no steps');
  const lines = output.map((out, pos) => ({ pos, out: `${out}\n`, time: 0 }));
  const cloning = await runner.step(clone, { status: 'running', started: 1_768_383_006 });
  await runner.upload(clone.id, lines);
  const cloned = await runner.step(cloning, { status: 'success', stopped: 1_768_383_006 });
  const running = await runner.step(compile, { status: 'running', started: 1_768_383_006 });
  await runner.batch(compile.id, lines);
  const done = await runner.step(running, { status: 'success', stopped: 1_768_383_007 });
  await runner.putStage({ ...stage, status: 'success', stopped: 1_768_383_007, steps: [cloned, done] });
  const next = await runner.start('clone', 'test');
  const [first] = next.steps;
  if (first !== undefined) await runner.step(first, { status: 'running', started: 1_768_383_008 });
}
