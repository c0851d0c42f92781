import type { V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipeline, step, stepResults } from '../flows/pipelines.ts';
import { startTestSystem, type TestSystem } from '../flows/test-system.ts';
import { OwnNamespace } from '../real-flows/own-namespace.ts';
import { realClusterAccess } from '../real-flows/real-cluster-access.ts';

const PATIENCE_MS = 120_000;
const USER = 1000;

describe('HANGAR_HARDENING=restricted under Pod Security restricted, on a real kubelet', () => {
  let setup: TestSystem;
  let space: OwnNamespace;

  beforeAll(async () => {
    const { ground } = await realClusterAccess();
    const { adminKubeconfig } = ground;
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    space = await OwnNamespace.make(adminKubeconfig, 'restricted', labels);
    // The runner's own Role is for another namespace: what is tried here is the Pod.
    const own = { ...ground, kubeconfig: adminKubeconfig, namespace: space.name };
    const env = { HANGAR_HARDENING: 'restricted', HANGAR_RUN_AS_USER: String(USER) };
    setup = await startTestSystem(own, { env });
  });
  afterAll(async () => {
    await setup.close();
    await space.remove();
  });

  const run = async (yaml: string, more: object = {}) => {
    const { id } = setup.drone.createBuild({ yaml, ...more });
    const done = await setup.drone.waitForBuild(id, { timeoutMs: PATIENCE_MS });
    await setup.cleaned(PATIENCE_MS);
    return { id, done };
  };

  it('a pipeline with clone, a service and a plugin runs, without a token and without new privileges', async () => {
    const look = step('look', [
      'id -u',
      'grep -E "^(NoNewPrivs|Seccomp|CapEff):" /proc/self/status',
      'test -e /var/run/secrets/kubernetes.io && echo token || echo no token',
      'test -f README.md && touch made && echo cloned',
      'echo more > /run/drone/more 2>/dev/null || true',
    ]);
    const services =
      'services:\n- name: web\n  image: docker.io/library/busybox:latest\n  commands: [sleep 600]\n';
    const plugin = '- name: plug\n  image: docker.io/local/plugin:1\n  settings: { greeting: hello }\n';
    const { id, done } = await run(pipeline(look + plugin, services));

    expect(stepResults(done), setup.drone.logText(id, 'look')).toEqual(
      expect.arrayContaining([
        ['clone', 'success', 0],
        ['look', 'success', 0],
        ['plug', 'success', 0],
      ]),
    );
    const said = setup.drone.logText(id, 'look')?.split('\n');
    expect(said).toContain(String(USER));
    expect(said).toContain('NoNewPrivs:\t1');
    expect(said).toContain('Seccomp:\t2');
    expect(said).toContain('CapEff:\t0000000000000000');
    expect(said).toContain('no token');
    expect(said).toContain('cloned');
    expect(done.status).toBe('success');
  });

  it('an image with a user of its own keeps to the number that the pipeline gives', async () => {
    const own = '- name: own\n  image: docker.io/local/nonroot:1\n  user: 1234\n  commands: [id -u]\n';
    const { id, done } = await run(pipeline(own));

    expect(done.status).toBe('success');
    expect(setup.drone.logText(id, 'own')).toContain('1234');
  });

  it.each([
    ['a privileged step', '  privileged: true\n', 'privileged'],
    ['a step of root', '  user: 0\n', 'runAsUser=0'],
  ])('%s is refused, with the words of Pod Security, and nothing is left', async (_sentence, more, words) => {
    const { done } = await run(pipeline(step('refused', ['true'], more)), { trusted: true });

    expect(done.status).toBe('error');
    const [stage] = done.stages;
    expect(stage?.error).toContain('violates PodSecurity "restricted:latest"');
    expect(stage?.error).toContain(words);
    const pods: readonly V1Pod[] = await setup.pods();
    expect(pods).toEqual([]);
  });
});
