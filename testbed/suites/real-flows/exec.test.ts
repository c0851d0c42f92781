import { systemClock } from '@hangar/shared/clock';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ExecSession, interruptAt, openExecSession, pipelineOf } from '../flows/exec-process.ts';
import { realGround } from './real-ground.ts';

const PATIENCE_MS = 120_000;
const SERVICE_ACCOUNTS = { base: '/api/v1', plural: 'serviceaccounts' };

/** A namespace of its own: other flows of the same cluster count what is left in theirs. */
async function makeNamespace(adminKubeconfig: string): Promise<{ name: string; remove(): Promise<void> }> {
  const name = `hangar-exec-${Date.now()}`;
  const { signal } = new AbortController();
  const connection = await connectByText(adminKubeconfig);
  const admin = new HttpCluster(systemClock(), connection);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await admin.create({ resource: RESOURCE.namespaces }, namespace, signal);
  await vi.waitFor(
    () => admin.get({ resource: SERVICE_ACCOUNTS, namespace: name, name: 'default' }, signal),
    {
      timeout: PATIENCE_MS,
      interval: 200,
    },
  );
  return {
    name,
    remove: async () => {
      await admin.remove({ resource: RESOURCE.namespaces, name }, {}, signal);
      await connection.close();
    },
  };
}

describe('hangar-runner exec on a real cluster', () => {
  let session: ExecSession;
  let namespace: { name: string; remove(): Promise<void> } | undefined;

  beforeAll(async () => {
    const { ground } = await realGround();
    namespace = await makeNamespace(ground.adminKubeconfig);
    session = await openExecSession({ ...ground, namespace: namespace.name });
  });
  afterAll(async () => {
    await session.close();
    await namespace?.remove();
  });

  const expectNothingLeft = () => expect.poll(() => session.left(), { timeout: PATIENCE_MS }).toEqual([]);

  it('runs a service, steps and a failure, and leaves nothing behind', async () => {
    const yaml = pipelineOf(
      '- name: hello',
      '  image: busybox',
      '  environment: { TOKEN: { from_secret: token } }',
      '  commands: [echo "hello $TOKEN", echo kept > file]',
      '- name: world',
      '  image: busybox',
      '  commands: [cat file, exit 3]',
      '- name: after',
      '  image: busybox',
      '  commands: [echo never]',
      'services:',
      '- { name: idle, image: busybox, commands: [sleep 600] }',
    );
    const { code, out } = await session.exec({ yaml, flags: ['--secrets', 'token=correct-horse'] });
    expect(out).toContain('hello | hello ******\n');
    expect(out).toContain('world | kept\n');
    expect(out).not.toContain('correct-horse');
    expect(out).toMatch(/^hello +success +0 +\d+\.\d s$/m);
    expect(out).toMatch(/^world +failure +3 +\d+\.\d s$/m);
    expect(out).toMatch(/^after +skipped$/m);
    expect(code).toBe(1);
    await expectNothingLeft();
  });

  it('cancels at Ctrl-C and deletes the Pod', async () => {
    const yaml = pipelineOf('- { name: slow, image: busybox, commands: [echo begun, sleep 600] }');
    const { code, out } = await session.exec({ yaml, onOutput: interruptAt('slow | begun\n') });
    expect(out).toMatch(/^slow +killed +137 /m);
    expect(code).toBe(130);
    await expectNothingLeft();
  });
});
