import { describe, expect, it } from 'vitest';
import { commandLine } from './testing/command-line.ts';

async function start(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
): Promise<{ code: number; said: string }> {
  const { code, printed, complained } = await commandLine(['daemon', ...args], files, { env });
  return { code, said: [...printed, ...complained].join('\n') };
}

describe('daemon, before it starts (previous-runner §1.7, §2.1)', () => {
  it('reports all problems with the settings together', async () => {
    const { code, said } = await start({ DRONE_RUNNER_CAPACITY: 'many', DRONE_RPC_HOST: 'drone.acme.test' });

    expect(code).toBe(78);
    expect(said).toContain('2 things are wrong');
    expect(said).toContain('- DRONE_RPC_SECRET is not set');
    expect(said).toContain('- DRONE_RUNNER_CAPACITY');
  });

  it('reads .env of the working directory, with lower precedence than the environment', async () => {
    const files = { '.env': 'DRONE_RPC_SECRET=s\nDRONE_RPC_HOST=http://from-file\n' };
    const { said } = await start({ DRONE_RPC_HOST: 'drone.acme.test' }, [], files);

    expect(said).toContain('one thing is wrong');
    expect(said).toContain('Set DRONE_KUBERNETES_CONFIG');
  });

  it('merges a named environment file, with lower precedence than the environment', async () => {
    const files = { '/etc/env': 'DRONE_RPC_SECRET=s\nDRONE_RPC_HOST=http://from-file\n' };
    const { code, said } = await start({ DRONE_RPC_HOST: 'drone.acme.test' }, ['/etc/env'], files);

    // The only remaining problem is that there is no cluster.
    expect(code).toBe(78);
    expect(said).toContain('one thing is wrong');
    expect(said).toContain('Set DRONE_KUBERNETES_CONFIG');
  });

  it.each([
    ['does not exist', {}, 'ENOENT'],
    ['has an invalid line', { '/etc/env': 'A=1\nwhat\n' }, 'line 2'],
  ])('reports a named file that %s', async (_sentence, files: Record<string, string>, want) => {
    const { code, said } = await start({}, ['/etc/env'], files);

    expect(code).toBe(78);
    expect(said).toContain('/etc/env');
    expect(said).toContain(want);
  });

  it('goes on without a named file that does not exist, as the previous runner did', async () => {
    const { said } = await start({ DRONE_RPC_HOST: 'd', DRONE_RPC_SECRET: 's' }, ['/etc/env']);

    expect(said).toContain('the environment file /etc/env is ignored');
    expect(said).toContain('one thing is wrong');
    expect(said).toContain('Set DRONE_KUBERNETES_CONFIG');
  });

  it.each([[['a', 'b']], [['--verbose']]])('accepts one file at most, not %j', async (args) => {
    expect((await start({}, args)).code).toBe(2);
  });

  it('reports an invalid kubeconfig, and the setting that names it', async () => {
    const env = { DRONE_RPC_HOST: 'd', DRONE_RPC_SECRET: 's', DRONE_KUBERNETES_CONFIG: '/does/not/exist' };
    const { code, said } = await start(env);

    expect(code).toBe(78);
    expect(said).toContain('DRONE_KUBERNETES_CONFIG (/does/not/exist)');
  });
});
