import { describe, expect, it } from 'vitest';
import { pipeline, step, told } from '../../flows/pipelines.ts';
import { startWorld } from '../../flows/world.ts';
import { realGround } from '../real-ground.ts';

const PATIENCE_MS = 400_000;

/** A level of its own, and the last: containerd's shim may be busy for minutes with 200 containers that end at once. */
describe('a large pipeline on a real kubelet', () => {
  it('a graph of 200 steps runs, and every step is told', async () => {
    const world = await startWorld((await realGround()).ground);
    const after = (index: number) => (index < 10 ? 'clone' : `s${index - 10}`);
    const steps = Array.from({ length: 199 }, (_, index) =>
      step(`s${index}`, [`echo ${index}`], `  depends_on: [${after(index)}]\n`),
    );
    const { id } = world.drone.createBuild({ yaml: pipeline(steps.join('')) });
    const done = await world.drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
    expect(done.stages[0]?.error).toBe('');
    expect(told(done).filter(([, status]) => status !== 'success')).toEqual([]);
    expect(told(done)).toHaveLength(200);
    expect(world.drone.logText(id, 's198')).toBe('+ echo 198\n198\n');
    expect(world.drone.complaints).toEqual([]);
    // How long the node takes to clear 200 containers away is not what is tested here.
    for (const pod of await world.pods()) await world.removePod(pod, 0);
    await world.cleaned(PATIENCE_MS);
    await world.close();
  });
});
