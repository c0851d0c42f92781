import { RESOURCE, type Target } from '@hangar/shared/kubernetes/cluster';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { FakeCluster, noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import type { CoreV1Event, KubernetesObject, V1Deployment } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ActRecorder } from './act-recorder.ts';
import { AuditTrail } from './audit.ts';
import { CapacityBufferObject } from './capacity-buffer.ts';
import { GuardedActuator } from './guarded-actuator.ts';
import type { ActRules } from './judge.ts';
import { PlaceholderObject } from './placeholder.ts';
import { ACT_RESOURCE } from './resources.ts';

const never = new AbortController().signal;
const BOOT_MS = 180_000;
const BUFFER: Target = { resource: ACT_RESOURCE.capacityBuffers, namespace: 'ci', name: 'builds' };
const DEPLOYMENT: Target = { resource: ACT_RESOURCE.deployments, namespace: 'ci', name: 'room' };
type Buffer = KubernetesObject & { spec: { replicas?: number; percentage?: number }; status?: object };

function begin(rules: Partial<ActRules> = {}) {
  const [clock, cluster, trail] = [new FakeClock(), new FakeCluster(), new AuditTrail()];
  const recorder = new ActRecorder({ clock, cluster, log: silentLogger, trail });
  const all = { self: 'ci/hangar', dryRun: false, lowerPaceMs: 0, mostNodes: 50, ...rules };
  const facts = { bootMs: () => BOOT_MS, nodes: () => 0 };
  const bufferObject = new CapacityBufferObject(cluster, {
    namespace: 'ci',
    name: 'builds',
    chunksPerNode: 3,
  });
  const buffer = new GuardedActuator({ clock, recorder, object: bufferObject }, all, facts);
  const placeholderObject = new PlaceholderObject(cluster, { namespace: 'ci', name: 'room' });
  const placeholder = new GuardedActuator({ clock, recorder, object: placeholderObject }, all, facts);
  const put = (spec: Buffer['spec'], status = {}, annotations = {}) =>
    cluster.put<Buffer>(BUFFER, { metadata: { name: 'builds', annotations }, spec, status });
  const spec = () => cluster.find<Buffer>(BUFFER)?.spec;
  const events = () => cluster.all<CoreV1Event>({ resource: RESOURCE.events });
  return { clock, cluster, trail, buffer, placeholder, put, spec, events };
}

describe('a CapacityBuffer', () => {
  it('gets its number in chunks, its owner, and nothing else', async () => {
    const { cluster, buffer, put, spec, events, trail } = begin();
    put({ replicas: 3, percentage: 50 });
    expect(await buffer.set(2, 'rush hour', never)).toEqual({ kind: 'set', text: 'from 1 to 2 nodes' });
    expect(spec()).toEqual({ replicas: 6, percentage: 50 });
    expect(cluster.find(BUFFER)?.metadata?.annotations).toEqual({ 'hangar.dev/scaled-by': 'ci/hangar' });
    expect(events()).toMatchObject([
      {
        reason: 'Scaled',
        type: 'Normal',
        message: 'from 1 to 2 nodes (rush hour)',
        involvedObject: { name: 'builds' },
      },
    ]);
    expect(trail.entries).toMatchObject([
      { actor: 'capacity-buffer ci/builds', kind: 'set', from: 1, to: 2 },
    ]);
  });

  it('is written once however often it is asked for', async () => {
    const { cluster, buffer, put } = begin();
    put({ replicas: 3 });
    for (const kind of ['set', 'unchanged', 'unchanged'])
      expect(await buffer.set(2, 'demand', never)).toMatchObject({ kind });
    expect(cluster.count('patch', 'capacitybuffers')).toBe(1);
    expect(cluster.count('create', 'events')).toBe(1);
  });

  it('that nobody serves is reported within a boot time, and gets no more, but may get less', async () => {
    const { clock, buffer, put, spec, events } = begin();
    put({ replicas: 3 });
    await buffer.set(2, 'demand', never);
    expect(await buffer.observe(never)).toMatchObject({ kind: 'found', nodes: 2, service: 'coming' });
    await clock.step(BOOT_MS);
    expect(await buffer.observe(never)).toMatchObject({ service: 'coming' });
    await clock.step(1);
    expect(await buffer.observe(never)).toMatchObject({
      service: 'unserved',
      text: expect.stringContaining('no engine provides the 2 requested nodes') as string,
    });
    expect(await buffer.set(3, 'more demand', never)).toMatchObject({ kind: 'unserved' });
    expect(await buffer.set(3, 'more demand', never)).toMatchObject({ kind: 'unserved' });
    expect(spec()).toEqual({ replicas: 6 });
    expect(events().filter(({ reason }) => reason === 'Unserved')).toHaveLength(1);
    expect(await buffer.set(1, 'less demand', never)).toMatchObject({ kind: 'set' });
  });

  it('that an engine serves may get more', async () => {
    const { clock, buffer, put } = begin();
    put({ replicas: 6 });
    await buffer.observe(never);
    await clock.step(BOOT_MS + 1);
    const conditions = [{ type: 'Provisioning', status: 'True', reason: 'FitsExistingCapacity' }];
    put({ replicas: 6 }, { replicas: 6, conditions });
    expect(await buffer.observe(never)).toMatchObject({ service: 'served' });
    expect(await buffer.set(3, 'demand', never)).toMatchObject({ kind: 'set' });
  });

  it.each([
    ['absent', refusal(404, 'NotFound'), 'absent', 'CustomResourceDefinition'],
    ['forbidden', refusal(403, 'Forbidden'), 'refused', 'Role'],
    ['out of reach', noAnswer(), 'refused', 'no answer'],
  ] as const)('that is %s is said so, and nothing is thrown', async (_, error, kind, text) => {
    const { cluster, buffer, put } = begin();
    put({ replicas: 3 });
    cluster.fail('get', 'capacitybuffers', error, error);
    expect(await buffer.set(2, 'demand', never)).toMatchObject({
      kind,
      text: expect.stringContaining(text) as string,
    });
    expect(await buffer.observe(never)).toMatchObject({ kind: kind === 'absent' ? 'absent' : 'unreadable' });
  });

  it('that somebody changes meanwhile is left for the next tick', async () => {
    const { cluster, buffer, put, spec } = begin();
    put({ replicas: 3 });
    cluster.intercept(({ verb }) => (verb === 'patch' ? void put({ replicas: 9 }) : undefined));
    expect(await buffer.set(2, 'demand', never)).toMatchObject({ kind: 'conflict' });
    expect(spec()).toEqual({ replicas: 9 });
  });

  it('is not written once leadership has ended', async () => {
    const { cluster, buffer, put, spec } = begin();
    put({ replicas: 3 });
    const leading = new AbortController();
    cluster.intercept(({ verb }) => (verb === 'get' ? leading.abort(new Error('lost')) : undefined));
    await expect(buffer.set(2, 'demand', leading.signal)).rejects.toThrow('lost');
    expect(spec()).toEqual({ replicas: 3 });
  });

  it('an Event that may not be written stops no act', async () => {
    const { cluster, buffer, put, spec } = begin();
    put({ replicas: 3 });
    cluster.fail('create', 'events', refusal(403, 'Forbidden'));
    expect(await buffer.set(2, 'demand', never)).toMatchObject({ kind: 'set' });
    expect(spec()).toEqual({ replicas: 6 });
  });
});

describe('placeholders', () => {
  const aDeployment = (annotations: Record<string, string> = {}): V1Deployment => ({
    metadata: { name: 'room', namespace: 'ci', annotations },
    spec: {
      replicas: 1,
      selector: {},
      template: { spec: { containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10' }] } },
    },
  });

  it('get their number through the scale subresource, and nothing else', async () => {
    const { cluster, placeholder } = begin();
    cluster.put<V1Deployment>(DEPLOYMENT, aDeployment({ 'hangar.dev/scaled-by': 'ci/hangar' }));
    expect(await placeholder.set(4, 'demand', never)).toEqual({ kind: 'set', text: 'from 1 to 4 nodes' });
    const writes = cluster.calls.filter(({ verb, target }) => verb === 'patch' || target.subresource);
    expect(writes.map(({ verb, target }) => [verb, target.subresource])).toEqual([['patch', 'scale']]);
    const made = aDeployment();
    expect(cluster.find<V1Deployment>(DEPLOYMENT)?.spec).toEqual({ ...made.spec, replicas: 4 });
  });

  it('are made by nobody here: without the Deployment nothing is written, and the text says who makes it', async () => {
    const { cluster, placeholder } = begin();
    expect(await placeholder.set(2, 'demand', never)).toEqual({
      kind: 'absent',
      text: expect.stringContaining('create it with the chart (autoscaler.placeholders)') as string,
    });
    expect(cluster.calls.map(({ verb }) => verb)).not.toContain('patch');
    expect(cluster.find(DEPLOYMENT)).toBeUndefined();
  });

  it('of another Hangar are left alone, by the annotation that their chart sets', async () => {
    const { cluster, placeholder } = begin();
    cluster.put<V1Deployment>(DEPLOYMENT, aDeployment({ 'hangar.dev/scaled-by': 'team/hangar' }));
    expect(await placeholder.set(2, 'demand', never)).toMatchObject({ kind: 'foreign-owner' });
    expect(cluster.find<V1Deployment>(DEPLOYMENT)?.spec?.replicas).toBe(1);
  });

  it('are not written in a dry run', async () => {
    const { cluster, placeholder } = begin({ dryRun: true });
    cluster.put<V1Deployment>(DEPLOYMENT, aDeployment());
    expect(await placeholder.set(2, 'demand', never)).toMatchObject({ kind: 'would-set' });
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['get']);
  });
});
