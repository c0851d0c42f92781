import { describe, expect, it, onTestFinished } from 'vitest';
import { endShimsOf } from '../../../parts/real/ctr.ts';
import { pipeline, step, stepResults } from '../../flows/pipelines.ts';
import { startTestSystem } from '../../flows/test-system.ts';
import { ownNamespaceAccess } from '../real-cluster-access.ts';

const PATIENCE_MS = 400_000;

/** A level of its own, and the last: the kubelet is busy for minutes with 200 containers that end at once. */
describe('a large pipeline on a real kubelet', () => {
  it('a graph of 200 steps runs, and every step is reported', async () => {
    const { cluster, ground } = await ownNamespaceAccess('large');
    const setup = await startTestSystem(ground);
    onTestFinished(async () => {
      // How long the node takes to clear 200 containers away is not what is tested here.
      for (const pod of await setup.pods()) await setup.removePod(pod, 0);
      await endShimsOf(cluster.layout, ground.namespace);
      await setup.close();
    });
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
    for (const pod of await setup.pods()) await setup.removePod(pod, 0);
    await setup.cleaned(PATIENCE_MS);
  });
});
