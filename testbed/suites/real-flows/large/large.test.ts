import { describe, expect, it } from 'vitest';
import { pipeline, step, stepResults } from '../../flows/pipelines.ts';
import { startTestSystem } from '../../flows/test-system.ts';
import { realGround } from '../real-ground.ts';

const PATIENCE_MS = 400_000;

/** A level of its own, and the last: containerd's shim may be busy for minutes with 200 containers that end at once. */
describe('a large pipeline on a real kubelet', () => {
  it('a graph of 200 steps runs, and every step is told', async () => {
    const setup = await startTestSystem((await realGround()).ground);
    const after = (index: number) => (index < 10 ? 'clone' : `s${index - 10}`);
    const steps = Array.from({ length: 199 }, (_, index) =>
      step(`s${index}`, [`echo ${index}`], `  depends_on: [${after(index)}]\n`),
    );
    const { id } = setup.drone.createBuild({ yaml: pipeline(steps.join('')) });
    const done = await setup.drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
    expect(done.stages[0]?.error).toBe('');
    expect(stepResults(done).filter(([, status]) => status !== 'success')).toEqual([]);
    expect(stepResults(done)).toHaveLength(200);
    expect(setup.drone.logText(id, 's198')).toBe('+ echo 198\n198\n');
    expect(setup.drone.complaints).toEqual([]);
    // How long the node takes to clear 200 containers away is not what is tested here.
    for (const pod of await setup.pods()) await setup.removePod(pod, 0);
    await setup.cleaned(PATIENCE_MS);
    await setup.close();
  });
});
