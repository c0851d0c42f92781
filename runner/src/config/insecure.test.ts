import { describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';

const ENV = { DRONE_RPC_HOST: 'drone.test', DRONE_RPC_PROTO: 'https', DRONE_RPC_SECRET: 'bea26a2221fd8090' };

function warningsOf(changes: Readonly<Record<string, string>>): readonly string[] {
  const host = { hostname: 'r1', version: 'test', namespace: 'ci' };
  const loaded = loadConfig({ ...ENV, ...changes }, () => '', host);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.ok.warnings;
}

describe('a warning at the start, and in doctor', () => {
  it.each([
    ['DRONE_RPC_PROTO', 'http'],
    ['DRONE_RPC_SKIP_VERIFY', 'true'],
    ['DRONE_SECRET_PLUGIN_SKIP_VERIFY', 'true'],
    ['DRONE_REGISTRY_PLUGIN_SKIP_VERIFY', 'true'],
    ['DRONE_ENV_PLUGIN_SKIP_VERIFY', 'true'],
    ['DRONE_RPC_SECRET', 'bea26a2221fd809'],
  ])('names %s=%s', (name, value) => {
    expect(warningsOf({ [name]: value })).toEqual([expect.stringContaining(name)]);
  });

  it('of a short secret has the remedy, and not the secret', () => {
    const [text] = warningsOf({ DRONE_RPC_SECRET: 'sesame' });
    expect(text).toMatch(/openssl rand -hex 16/);
    expect(text).not.toContain('sesame');
  });

  it.each([
    ['the secret has 16 bytes in fewer characters', { DRONE_RPC_SECRET: 'é'.repeat(8) }],
    ['everything is encrypted and verified', {}],
    ['a server is on the same machine', { DRONE_RPC_PROTO: 'http', DRONE_RPC_HOST: '127.0.0.1:8080' }],
    ['a server is on the same machine, by name', { DRONE_RPC_PROTO: 'http', DRONE_RPC_HOST: 'localhost' }],
  ])('is not given where %s', (_, changes) => {
    expect(warningsOf(changes)).toEqual([]);
  });
});
