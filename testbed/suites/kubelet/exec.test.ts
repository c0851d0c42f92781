import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExecSession, interruptAt, openExecSession, pipelineOf } from '../flows/exec-process.ts';
import { type OwnedNamespaceAccess, ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

const PATIENCE_MS = 120_000;

describe('hangar-runner exec on a real cluster', () => {
  let session: ExecSession;
  let ground: OwnedNamespaceAccess | undefined;

  beforeAll(async () => {
    ({ ground } = await ownNamespaceAccess('exec'));
    session = await openExecSession(ground);
  });
  afterAll(async () => {
    await session.close();
    await ground?.remove();
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
