import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectByText, connectKubernetes } from './connection.ts';

const kubeconfig = (user: object, context: object = {}, current = 'one'): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': current,
    clusters: [
      { name: 'c', cluster: { server: 'https://127.0.0.1:6443//', 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', ...context } }],
  });

describe('a connection by kubeconfig', () => {
  it.each([
    ['a token', { token: 't0' }, 'Bearer t0'],
    [
      'name and password',
      { username: 'kim', password: 'pw' },
      `Basic ${Buffer.from('kim:pw').toString('base64')}`,
    ],
    ['nothing', {}, undefined],
  ])('authenticates by %s', async (_, user, want) => {
    const connection = await connectByText(kubeconfig(user));
    expect((await connection.headers())['Authorization']).toBe(want);
    await connection.close();
  });

  it('has the server’s URL without trailing slashes, and the namespace of the context', async () => {
    const named = await connectByText(kubeconfig({}, { namespace: 'ci' }));
    expect([named.server, named.namespace]).toEqual(['https://127.0.0.1:6443', 'ci']);
    await named.close();
    const unnamed = await connectByText(kubeconfig({}));
    expect(unnamed.namespace).toBe('default');
    await unnamed.close();
  });

  it('reads a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hangar-connection-'));
    try {
      const path = join(folder, 'kubeconfig');
      await writeFile(path, kubeconfig({ token: 't1' }));
      const connection = await connectKubernetes(path);
      expect((await connection.headers())['Authorization']).toBe('Bearer t1');
      await connection.close();
      await expect(connectKubernetes(join(folder, 'absent'))).rejects.toThrow('absent');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names the remedy if there is no current context', async () => {
    await expect(connectByText(kubeconfig({}, {}, 'absent'))).rejects.toThrow('kubectl config use-context');
  });
});
