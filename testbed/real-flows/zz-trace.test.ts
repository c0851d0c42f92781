import { it } from 'vitest';
import { pipeline, step } from '../flows/pipelines.ts';
import { startWorld } from '../flows/world.ts';
import { realGround } from './real-ground.ts';

it('trace', async () => {
  const world = await startWorld((await realGround()).ground);
  for (let i = 0; i < 2; i++) {
    world.drone.calls.clear();
    const t0 = Date.now();
    const build = world.drone.createBuild({
      yaml: pipeline([1, 2, 3, 4, 5].map((n) => step(`s${n}`, ['true'])).join('')),
    });
    const done = await world.drone.waitForBuild(build.id, { timeoutMs: 60000 });
    console.log('total', Date.now() - t0, done.status);
    for (const call of world.drone.calls.all) console.log(JSON.stringify(call).slice(0, 200));
    await world.cleaned();
    console.log('cleaned', Date.now() - t0);
  }
  console.log(world.runner.calls.map((c) => `${c.verb} ${c.resource} ${c.status}`).join('\n'));
  await world.close();
}, 120000);
