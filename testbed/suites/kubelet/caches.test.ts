import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resource } from '@hangar/shared/kubernetes/cluster';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stepResults } from '../flows/pipelines.ts';
import { startTestSystem, type TestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';
import { CacheBuilds, caching, large, MANY_FILES, PATIENCE } from './cache-builds.ts';

const VOLUMES: Resource = { base: '/api/v1', plural: 'persistentvolumes' };
const CLAIMS: Resource = { base: '/api/v1', plural: 'persistentvolumeclaims' };
const FORK = { event: 'pull_request', build: { source_repo: 'mallory/widget' } };

/** A directory of this machine, on which the kubelet runs too. */
let storage: string;
let system: TestSystem;
/** Each test has a repository of its own, and so a cache. */
let builds: CacheBuilds;
let tests = 0;

beforeAll(() => {
  storage = mkdtempSync(join(tmpdir(), 'hangar-caches-'));
});
beforeEach(() => {
  tests += 1;
  builds = new CacheBuilds(system, storage, `acme/widget-${tests}`);
});
afterAll(() => rmSync(storage, { recursive: true, force: true }));

async function open(env: Readonly<Record<string, string>>): Promise<void> {
  const { ground } = await ownNamespaceAccess('caches');
  system = await startTestSystem(ground, { env });
}

describe('a cache in a directory of the node', () => {
  beforeAll(() => open({ HANGAR_CACHE: storage, HANGAR_LEASE_TERM: '6s' }));
  afterEach(() => system.cleaned(PATIENCE.timeoutMs));
  afterAll(() => system.close());

  it('is what the last build has left, with modes, owners and links, and is not written again unless something has changed', async () => {
    const fill = [
      'echo tool > /cache/tool',
      'chmod 4750 /cache/tool',
      'chown 1234:77 /cache/tool',
      'ln -s tool /cache/link',
    ];
    const first = await builds.run(caching(...fill));
    expect(first.results).toEqual([
      ['restore-cache', 'success', 0],
      ['use', 'success', 0],
      ['save-cache', 'success', 0],
    ]);
    expect(first.log('restore-cache')).toContain('packages: no cache yet');
    expect(first.log('save-cache')).toContain('packages: saved');

    const second = await builds.run(caching('stat -c "%a %u:%g" /cache/tool', 'cat /cache/link'));
    expect(second.log('restore-cache')).toContain('packages: restored');
    expect(second.log('use')).toMatch(/4?750 1234:77\n[^]*\ntool\n/);
    expect(second.log('save-cache')).toContain('packages: unchanged');
    expect(builds.files()).toEqual(['packages.tar']);
  });

  it('of a fork is that of its base, and what the fork writes is read by no other build', async () => {
    expect(await builds.found('us')).toBe('nothing');
    expect(await builds.found('fork', FORK)).toBe('us');
    expect(await builds.found('us-again')).toBe('us');
    expect(await builds.found('fork', FORK)).toBe('us-again');
  });

  it('of a trusted repository is not that of the time before it was trusted', async () => {
    expect(await builds.found('ordinary')).toBe('nothing');
    expect(await builds.found('trusted', { trusted: true })).toBe('nothing');
    expect(await builds.found('fork', { ...FORK, trusted: true })).toBe('trusted');
    expect(await builds.found('ordinary', { trusted: false })).toBe('ordinary');
  });

  it('stays as it was if the build fails', async () => {
    expect(await builds.found('good')).toBe('nothing');
    const failed = await builds.run(caching('echo bad > /cache/who', 'exit 1'));
    expect(failed.results.at(-1)).toEqual(['save-cache', 'skipped', 0]);
    expect(await builds.found('next')).toBe('good');
  });

  it('of two builds at once is that of one of them, whole', async () => {
    const fill = (name: string) =>
      caching(`for i in $(seq 200); do echo ${name} > /cache/$i; done`, 'sleep 2');
    const both = await Promise.all([builds.run(fill('one')), builds.run(fill('two'))]);
    expect(both.map(({ status }) => status)).toEqual(['success', 'success']);
    const { log } = await builds.run(caching('cat /cache/* | sort | uniq -c'));
    expect(log('use')).toMatch(/\n +200 (one|two)\n$/);
    expect(builds.files()).toEqual(['packages.tar']);
  });

  it('stays whole if its Pod is lost while it is saved, and the rest of that goes with the next save', async () => {
    expect(await builds.found('good')).toBe('nothing');
    const id = builds.offer(caching(MANY_FILES, 'echo lost > /cache/who'));
    await builds.stoppedSave();
    const [pod] = await system.pods();
    await system.removePod(pod, 0);
    expect((await system.drone.waitForBuild(id, PATIENCE)).status).toBe('error');
    await system.cleaned(PATIENCE.timeoutMs);
    await builds.saveEnded();

    expect(await builds.found('next')).toBe('good');
    expect(builds.files()).toEqual(['packages.tar']);
  });

  it('is saved once if the runner is killed meanwhile and another one takes over', async () => {
    const id = builds.offer(caching(MANY_FILES));
    const save = await builds.stoppedSave();
    await system.runner.kill();
    await system.startRunner('runner-b');
    save.resume();
    const done = await system.drone.waitForBuild(id, PATIENCE);
    expect([done.status, stepResults(done).at(-1)]).toEqual(['success', ['save-cache', 'success', 0]]);
    expect(system.drone.logText(id, 'save-cache')?.match(/packages: saved/g)).toHaveLength(1);
    expect(builds.files()).toEqual(['packages.tar']);
  });
});

describe('a cache on a claim', () => {
  const { signal } = new AbortController();

  beforeAll(async () => {
    await open({ HANGAR_CACHE: 'claim:caches', HANGAR_CACHE_SIZE: '1MiB' });
    const { admin, namespace } = system;
    const size = { storage: '1Gi' };
    const spec = { accessModes: ['ReadWriteMany'], storageClassName: '' };
    const volume = { ...spec, capacity: size, hostPath: { path: storage } };
    const claim = { ...spec, volumeName: namespace, resources: { requests: size } };
    await admin.create({ resource: VOLUMES }, { metadata: { name: namespace }, spec: volume }, signal);
    await admin.create(
      { resource: CLAIMS, namespace },
      { metadata: { name: 'caches' }, spec: claim },
      signal,
    );
  });
  afterAll(async () => {
    await system.admin.remove({ resource: VOLUMES, name: system.namespace }, {}, signal);
    await system.close();
  });

  it('is shared in the same way, and is not saved beyond the limit of its size', async () => {
    expect(await builds.found('us')).toBe('nothing');
    expect(await builds.found('fork', FORK)).toBe('us');
    const { status, log } = await builds.run(caching(large(2)));
    expect(status).toBe('success');
    expect(log('save-cache')).toMatch(/packages: not saved: .*HANGAR_CACHE_SIZE/);
    expect(await builds.found('us-again')).toBe('us');
  });
});

describe('a cache on a storage that is full', () => {
  beforeAll(async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', storage]);
    await open({ HANGAR_CACHE: storage });
  });
  afterAll(async () => {
    await system.close();
    execFileSync('umount', ['-l', storage]);
  });

  it('replaces those that were unused for the longest time, else it is not saved, and the build succeeds', async () => {
    const other = await builds.run(caching(large(2)), { repo: { slug: 'acme/other' } });
    expect(other.log('save-cache')).toContain('packages: saved');

    const ours = await builds.run(caching(large(2), 'echo us > /cache/who'));
    expect(ours.log('save-cache')).toMatch(/removed [^]*packages: saved/);

    const { status, log } = await builds.run(caching(large(9), 'echo larger > /cache/who'));
    expect(status).toBe('success');
    expect(log('save-cache')).toContain('packages: not saved: the storage is full');
    expect(await builds.found('next')).toBe('us');
  });
});
