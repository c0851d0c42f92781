import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { type ExecSession, interruptAt, openExecSession, pipelineOf } from './exec-process.ts';
import { startEmbedded } from './start-embedded.ts';

describe('hangar-runner exec on the embedded cluster', () => {
  let embedded: EmbeddedCluster;
  let session: ExecSession;

  beforeAll(async () => {
    const { cluster, access } = await startEmbedded();
    embedded = cluster;
    session = await openExecSession(access);
  });
  afterAll(async () => {
    await session.close();
    await embedded.close();
  });

  const expectNothingLeft = () => expect.poll(() => session.left(), { timeout: 20_000 }).toEqual([]);

  it('shows each step with its name, hides secrets, sums up, and leaves nothing behind', async () => {
    const yaml = pipelineOf(
      '- name: hello',
      '  image: busybox',
      '  environment: { TOKEN: { from_secret: token } }',
      '  commands: [echo "hello $TOKEN"]',
      '- name: world',
      '  image: busybox',
      '  commands: [echo world, exit 3]',
      '- name: after',
      '  image: busybox',
      '  commands: [echo never]',
    );
    const { code, out, errors } = await session.exec({ yaml, flags: ['--secrets', 'token=correct-horse'] });
    expect(errors).toBe('');
    expect(out).toMatch(/kubectl delete pod -n hangar drone-[a-z0-9]{20}\)\n/);
    expect(out).toContain('--repo-http');
    expect(out).toContain('hello | hello ******\n');
    expect(out).toContain('world | world\n');
    expect(out).not.toContain('correct-horse');
    expect(out).not.toContain('\u001b');
    expect(out).toMatch(/^hello +success +0 +\d+\.\d s$/m);
    expect(out).toMatch(/^world +failure +3 +\d+\.\d s$/m);
    expect(out).toMatch(/^after +skipped$/m);
    expect(out).toMatch(/^default: failure after /m);
    expect(code).toBe(1);
    await expectNothingLeft();
  });

  it('gives its result to programs: JSON alone on standard output', async () => {
    const yaml = pipelineOf(
      '- { name: one, image: busybox, commands: [echo 1] }',
      '- { name: two, image: busybox, commands: [echo 2] }',
    );
    const { code, out, errors } = await session.exec({ yaml, flags: ['--json', '--exclude', 'two'] });
    const result: unknown = JSON.parse(out);
    expect(result).toMatchObject({
      pipeline: 'default',
      status: 'success',
      error: '',
      exitCode: 0,
      namespace: 'hangar',
      steps: [
        { number: 1, name: 'one', status: 'success', exitCode: 0, image: 'docker.io/library/busybox:latest' },
      ],
    });
    expect(errors).toContain('one | 1\n');
    expect(code).toBe(0);
    await expectNothingLeft();
  });

  it('cancels at Ctrl-C and deletes the Pod', async () => {
    const yaml = pipelineOf('- { name: slow, image: busybox, commands: [echo begun, sleep 600] }');
    const { code, out } = await session.exec({ yaml, onOutput: interruptAt('slow | begun\n') });
    expect(out).toMatch(/^slow +killed +137 /m);
    expect(code).toBe(130);
    await expectNothingLeft();
  });

  it('stops at its time limit and reports it', async () => {
    const yaml = pipelineOf('- { name: slow, image: busybox, commands: [sleep 600] }');
    const { code, out } = await session.exec({ yaml, flags: ['--timeout', '1s'] });
    expect(out).toContain('stopped after its time limit of 1.0 s');
    expect(code).toBe(1);
    await expectNothingLeft();
  });

  it('refuses what the linter refuses before any request to the cluster', async () => {
    const { code, errors } = await session.exec({
      yaml: pipelineOf('- { name: one, image: "", commands: [echo] }'),
    });
    expect(errors).toMatch(/pipeline\.yml:5:23: linter: invalid or missing image\n$/);
    expect(code).toBe(78);
  });
});
