import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Lease, V1Secret } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { contractPod, heldPod, like, SECONDS, shell } from './pods.ts';
import { REFUSED } from './refusals.ts';
import { apiRefusalOf, type TestNamespace } from './test-namespace.ts';

const { pods, secrets, leases, namespaces } = RESOURCE;
const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

const textOf = (secret: V1Secret, key: string): string | undefined => {
  const value = secret.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString();
};

/** What the API server does by itself: creation, refusals, patches, deletion. */
export function objectsSuite(ns: () => TestNamespace): void {
  describe.concurrent('objects', () => {
    it('get a uid, a version and a time when they are created', async () => {
      const made = await ns().create<V1Secret>(secrets, {
        metadata: { name: 'made' },
        stringData: { a: 'x' },
        data: { b: 'eQ==' },
      });
      expect(made.metadata).toMatchObject({
        name: 'made',
        uid: like(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        resourceVersion: like(/^\d+$/),
        creationTimestamp: like(SECONDS),
      });
      expect([made.type, textOf(made, 'a'), textOf(made, 'b')]).toEqual(['Opaque', 'x', 'y']);
      expect(made.stringData).toBeUndefined();
    });

    it('get five letters after a generateName', async () => {
      const made = await ns().create(secrets, { metadata: { generateName: 'gen-' } });
      expect(made.metadata.name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    });

    it.each(REFUSED)(
      '$what is refused with $status',
      async ({ resource, draft, status, reason, message }) => {
        const refusal = await apiRefusalOf(ns().create(resource, draft));
        const text = message.replace('NAMESPACE', ns().name);
        if (text.endsWith('…')) expect(refusal.message).toContain(text.slice(0, -1));
        else expect(refusal.message).toBe(text);
        expect([refusal.status, refusal.reason]).toEqual([status, reason]);
      },
    );

    it('exist once by their name', async () => {
      await ns().create(secrets, { metadata: { name: 'once' } });
      expect(await apiRefusalOf(ns().create(secrets, { metadata: { name: 'once' } }))).toEqual({
        status: 409,
        reason: 'AlreadyExists',
        message: 'secrets "once" already exists',
      });
    });

    it('that are absent are not found, by kind and name', async () => {
      const missing = (message: string) => ({ status: 404, reason: 'NotFound', message });
      const inNowhere = { resource: secrets, namespace: 'no-such-namespace' };
      expect(await apiRefusalOf(ns().get(secrets, 'absent'))).toEqual(missing('secrets "absent" not found'));
      expect(await apiRefusalOf(ns().patch(pods, 'absent', {}))).toEqual(missing('pods "absent" not found'));
      expect(await apiRefusalOf(ns().get(leases, 'absent'))).toEqual(
        missing('leases.coordination.k8s.io "absent" not found'),
      );
      expect(
        await apiRefusalOf(ns().cluster.create(inNowhere, { metadata: { name: 'x' } }, ns().signal)),
      ).toEqual(missing('namespaces "no-such-namespace" not found'));
      expect(await apiRefusalOf(ns().get({ base: '/api/v1', plural: 'bananas' }, 'x'))).toEqual(
        missing('the server could not find the requested resource'),
      );
    });

    it('are merged by a patch: null removes, the rest stays', async () => {
      await ns().create(secrets, {
        metadata: { name: 'merged', labels: { keep: '1', drop: '2' } },
        stringData: { a: 'x', b: 'y' },
      });
      const merged = await ns().patch<V1Secret>(secrets, 'merged', {
        metadata: { labels: { drop: null, add: '3' } },
        data: { b: null },
        stringData: { c: 'z' },
      });
      expect(merged.metadata?.labels).toEqual({ keep: '1', add: '3' });
      expect(['a', 'b', 'c'].map((key) => textOf(merged, key))).toEqual(['x', undefined, 'z']);
    });

    it('are merged by a strategic patch: lists by their keys, new items first', async () => {
      const owner = await ns().createPod(heldPod('list-owner'));
      const uid = owner.metadata?.uid ?? '';
      const ref = (name: string, id: string) => ({ apiVersion: 'v1', kind: 'Pod', name, uid: id });
      await ns().create(secrets, {
        metadata: { name: 'lists', ownerReferences: [ref('x', 'x'), ref('list-owner', uid)] },
      });
      const merged = await ns().patch(
        secrets,
        'lists',
        {
          metadata: {
            ownerReferences: [
              { uid, blockOwnerDeletion: false },
              ref('y', 'y'),
              { $patch: 'delete', uid: 'x' },
            ],
          },
        },
        'strategic',
      );
      expect(merged.metadata.ownerReferences).toEqual([
        { ...ref('list-owner', uid), blockOwnerDeletion: false },
        ref('y', 'y'),
      ]);
      const next = { metadata: { ownerReferences: [ref('z', 'z')] } };
      const again = await ns().patch(secrets, 'lists', next, 'strategic');
      // The garbage collector may have taken y meanwhile, whose owner never was.
      const names = again.metadata.ownerReferences?.map(({ name }) => name);
      expect(names?.filter((name) => name !== 'y')).toEqual(['z', 'list-owner']);
      await ns().remove(pods, 'list-owner');
    });

    it('keep their version when a patch changes nothing', async () => {
      const made = await ns().create(secrets, { metadata: { name: 'same', labels: { a: '1' } } });
      const same = await ns().patch(secrets, 'same', { metadata: { labels: { a: '1' } } });
      expect(same.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    });

    it('refuse a patch of what has changed since, and take it with the version of now', async () => {
      const made = await ns().create(secrets, { metadata: { name: 'raced' } });
      const now = await ns().patch(secrets, 'raced', { metadata: { labels: { by: 'another' } } });
      const patch = (resourceVersion: string | undefined) =>
        ns().patch(secrets, 'raced', { metadata: { resourceVersion, labels: { by: 'me' } } });
      expect(await apiRefusalOf(patch(made.metadata.resourceVersion))).toEqual({
        status: 409,
        reason: 'Conflict',
        message: `Operation cannot be fulfilled on secrets "raced": ${MODIFIED}`,
      });
      expect((await patch(now.metadata.resourceVersion)).metadata.labels).toEqual({ by: 'me' });
    });

    it('refuse another uid or name in a patch', async () => {
      await ns().create(secrets, { metadata: { name: 'identity' } });
      expect(await apiRefusalOf(ns().patch(secrets, 'identity', { metadata: { uid: 'nope' } }))).toEqual({
        status: 422,
        reason: 'Invalid',
        message: 'Secret "identity" is invalid: metadata.uid: Invalid value: "nope": field is immutable',
      });
      expect(await apiRefusalOf(ns().patch(secrets, 'identity', { metadata: { name: 'other' } }))).toEqual({
        status: 400,
        reason: 'BadRequest',
        message: 'the name of the object (other) does not match the name on the URL (identity)',
      });
    });

    it('that are immutable stay as they are, but for their metadata', async () => {
      await ns().create(secrets, { metadata: { name: 'fixed' }, immutable: true, stringData: { a: '1' } });
      const fault = (field: string) =>
        `Secret "fixed" is invalid: ${field}: Forbidden: field is immutable when \`immutable\` is set`;
      const changed = await apiRefusalOf(ns().patch(secrets, 'fixed', { stringData: { a: '2' } }));
      const lifted = await apiRefusalOf(ns().patch(secrets, 'fixed', { immutable: false }));
      const typed = await apiRefusalOf(ns().patch(secrets, 'fixed', { type: 'other' }));
      const labelled = await ns().patch(secrets, 'fixed', { metadata: { labels: { a: 'b' } } });
      expect([changed.status, changed.message]).toEqual([422, fault('data')]);
      expect([lifted.status, lifted.message]).toEqual([422, fault('immutable')]);
      expect([typed.status, typed.message]).toEqual([
        422,
        'Secret "fixed" is invalid: type: Invalid value: "other": field is immutable',
      ]);
      expect(labelled.metadata.labels).toEqual({ a: 'b' });
    });

    it('of the kind Lease keep microseconds, and go by versions too', async () => {
      const made = await ns().create<V1Lease>(leases, {
        metadata: { name: 'lease' },
        spec: { holderIdentity: 'a', renewTime: '2026-01-01T00:00:00.123456Z', leaseDurationSeconds: 15 },
      });
      const spec = { holderIdentity: 'b', renewTime: '2026-01-01T00:00:01.000000Z' };
      const { resourceVersion } = made.metadata ?? {};
      const renewed = await ns().patch<V1Lease>(leases, 'lease', { metadata: { resourceVersion }, spec });
      const late = await apiRefusalOf(
        ns().patch(leases, 'lease', { metadata: { resourceVersion }, spec: { holderIdentity: 'c' } }),
      );
      const endless = await apiRefusalOf(ns().patch(leases, 'lease', { spec: { leaseDurationSeconds: 0 } }));
      const unread = await apiRefusalOf(ns().patch(leases, 'lease', { spec: { renewTime: 'yesterday' } }));
      expect(made.spec?.renewTime).toBe('2026-01-01T00:00:00.123456Z');
      expect(renewed.spec).toEqual({ ...spec, leaseDurationSeconds: 15 });
      expect(late).toEqual({
        status: 409,
        reason: 'Conflict',
        message: `Operation cannot be fulfilled on leases.coordination.k8s.io "lease": ${MODIFIED}`,
      });
      expect([endless.status, endless.message]).toEqual([
        422,
        'Lease.coordination.k8s.io "lease" is invalid: spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      ]);
      expect([unread.status, unread.reason]).toEqual([422, 'Invalid']);
      expect(unread.message).toContain('parsing time "yesterday"');
    });

    it('go by name only while they are the very object that was meant', async () => {
      const made = await ns().create(secrets, { metadata: { name: 'goes' } });
      expect(await ns().remove(secrets, 'goes', { uid: 'another' })).toBe('absent');
      expect((await ns().get(secrets, 'goes')).metadata.uid).toBe(made.metadata.uid);
      expect(await ns().remove(secrets, 'goes', { uid: made.metadata.uid ?? '' })).toBe('removed');
      expect(await ns().remove(secrets, 'goes')).toBe('absent');
    });

    it('go with their owner, also with one that never was', async () => {
      const owner = await ns().createPod(heldPod('owner'));
      const owned = (name: string, uid: string | undefined) => ({
        metadata: {
          name,
          ownerReferences: [
            { apiVersion: 'v1', kind: 'Pod', name: 'owner', uid: uid ?? '', blockOwnerDeletion: false },
          ],
        },
      });
      await ns().create(secrets, owned('owned', owner.metadata?.uid));
      await ns().create(secrets, owned('orphan', '00000000-0000-4000-8000-000000000000'));
      const gone = (name: string) =>
        ns().until(`the end of Secret ${name}`, async () => {
          const found = await ns().find({ resource: secrets, namespace: ns().name, name });
          return found === undefined ? true : undefined;
        });
      await gone('orphan');
      await ns().get(secrets, 'owned');
      await ns().remove(pods, 'owner');
      await gone('owned');
    });

    it('of the kind Pod allow little to be changed', async () => {
      await ns().createPod(heldPod('rigid'));
      const invalid = async (spec: object, message: string) => {
        const refusal = await apiRefusalOf(ns().patch(pods, 'rigid', { spec }, 'strategic'));
        expect([refusal.status, refusal.reason]).toEqual([422, 'Invalid']);
        expect(refusal.message).toContain(`Pod "rigid" is invalid: ${message}`);
      };
      const fields =
        'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,';
      await invalid({ containers: [{ name: 'main', command: ['x'] }] }, fields);
      await invalid({ restartPolicy: 'Never' }, fields);
      await invalid(
        { containers: [{ name: 'two', image: 'x' }] },
        'spec.containers: Forbidden: pod updates may not add or remove containers',
      );
      await invalid(
        { containers: [{ name: 'main', image: '' }] },
        'spec.containers[0].image: Required value',
      );
      await invalid(
        { schedulingGates: [{ name: 'a/b' }] },
        `spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a/b'`,
      );
      const changed = await ns().patch(pods, 'rigid', {
        metadata: { annotations: { a: 'b' } },
        spec: { activeDeadlineSeconds: 50 },
      });
      expect(changed.metadata.annotations).toEqual({ a: 'b' });
      expect(changed['spec']).toMatchObject({ activeDeadlineSeconds: 50 });
    });

    it('of the kind Pod get the defaults that the kubelet uses', async () => {
      const made = await ns().createPod(
        contractPod(ns(), 'defaults', [shell('true', { image: 'busybox' })], {
          schedulingGates: [{ name: 'hangar.dev/held' }],
        }),
      );
      expect(made.spec).toMatchObject({
        restartPolicy: 'Never',
        dnsPolicy: 'ClusterFirst',
        serviceAccountName: 'default',
        schedulerName: 'default-scheduler',
        priority: 0,
        containers: [
          {
            imagePullPolicy: 'IfNotPresent',
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            resources: {},
          },
        ],
      });
      expect(made.status).toMatchObject({ phase: 'Pending', qosClass: 'BestEffort' });
    });

    it('of the kind Namespace are unique and plainly named', async () => {
      const create = (name: string) =>
        apiRefusalOf(ns().cluster.create({ resource: namespaces }, { metadata: { name } }, ns().signal));
      expect(await create(ns().name)).toEqual({
        status: 409,
        reason: 'AlreadyExists',
        message: `namespaces "${ns().name}" already exists`,
      });
      expect(await create('Bad')).toMatchObject({ status: 422, reason: 'Invalid' });
    });
  });
}
