import { describe, expect, it } from 'vitest';
import { layoutFrom, partFolder, programPath, statePaths } from './layout.ts';
import {
  containerdConfiguration,
  kubeconfig,
  kubeletConfiguration,
  podNetwork,
  settingsFiles,
  tokenFile,
} from './settings.ts';
import { statusLines } from './status.ts';

const layout = layoutFrom({ HOME: '/root' }, '/repository');

describe('layoutFrom', () => {
  it('keeps the cache outside of the clone, where the user configured it', () => {
    expect(layout.cache).toBe('/root/.cache/hangar/testbed');
    expect(layoutFrom({ HANGAR_TESTBED_CACHE: '/cache' }, '/r').cache).toBe('/cache/testbed');
    expect(partFolder(layout, 'etcd')).toBe('/root/.cache/hangar/testbed/etcd-v3.6.7');
  });

  it("leaves the runner's setting for caches of pipelines to the runner", () => {
    for (const HANGAR_CACHE of ['claim:caches', '/var/lib/caches'])
      expect(layoutFrom({ HOME: '/root', HANGAR_CACHE }, '/repository')).toEqual(layout);
  });

  it.each([
    [
      'a relative cache',
      { HANGAR_TESTBED_CACHE: 'cache' },
      /HANGAR_TESTBED_CACHE must be an absolute folder/,
    ],
    [
      'a state folder too deep for Unix sockets',
      { HANGAR_TESTBED_STATE: `/${'deep/'.repeat(9)}` },
      /too long/,
    ],
    ['a state folder that is the system', { HANGAR_TESTBED_STATE: '/var' }, /folder of its own/],
  ])('refuses %s', (_, environment, message) => {
    expect(() => layoutFrom(environment, '/r')).toThrow(message);
  });

  it('knows no program that a part lacks', () => {
    expect(() => programPath(layout, 'etcd', 'etcdctl')).toThrow('part etcd has no program etcdctl');
  });

  it('keeps every socket under the limit of Unix', () => {
    expect(`${statePaths(layout).containerdSocket}.ttrpc`.length).toBeLessThan(100);
  });
});

describe('settings', () => {
  it('heed the traps of a kubelet on cgroup v1 without privileges over the OOM killer', () => {
    expect(JSON.parse(kubeletConfiguration(layout))).toMatchObject({
      failCgroupV1: false,
      failSwapOn: false,
      cgroupDriver: 'cgroupfs',
      serializeImagePulls: false,
      maxPods: 250,
      makeIPTablesUtilChains: false,
      address: '127.0.0.1',
    });
    const containerd = containerdConfiguration(layout);
    expect(containerd).toContain('restrict_oom_score_adj = true');
    expect(containerd).toContain('disable_apparmor = true');
    expect(containerd).toContain("sandbox = 'docker.io/local/pause:1'");
  });

  it('give Pods a bridge, but no way out of it', () => {
    expect(JSON.parse(podNetwork(layout))).toMatchObject({
      plugins: [{ type: 'bridge', isGateway: true, isDefaultGateway: false, ipMasq: false }],
    });
  });

  it('lead the names of public registries to loopback by plain http', () => {
    const files = settingsFiles(layout);

    expect(files['certs.d/docker.io/hosts.toml']).toBe("server = 'http://127.0.0.1:15000'\n");
    expect(files['certs.d/127.0.0.1:15000/hosts.toml']).toBe("server = 'http://127.0.0.1:15000'\n");
  });
});

it('each token has its own user, and only the admin is master of the system', () => {
  const lines = tokenFile({ admin: 'a', kubelet: 'k', scheduler: 's', controllerManager: 'c' }).split('\n');

  expect(lines.filter((line) => line.includes('system:masters'))).toEqual([
    'a,hangar-admin,hangar-admin,"system:masters"',
  ]);
  expect(lines).toContain('k,system:node:hangar-node,kubelet,"system:nodes"');
});

it('a kubeconfig holds the authority, the token and the namespace', () => {
  expect(JSON.parse(kubeconfig('token', 'authority', 'hangar'))).toMatchObject({
    clusters: [{ cluster: { 'certificate-authority-data': Buffer.from('authority').toString('base64') } }],
    users: [{ user: { token: 'token' } }],
    contexts: [{ context: { namespace: 'hangar' } }],
  });
});

it('status is one line a process, in columns', () => {
  const process = { pid: 7, startedAt: '2026-01-01T00:00:00Z' };

  expect(
    statusLines([
      { name: 'etcd', health: 'healthy', process },
      { name: 'kubelet', health: 'stopped', process: undefined },
    ]),
  ).toEqual(['etcd     healthy  pid 7  since 2026-01-01T00:00:00Z', 'kubelet  stopped']);
});
