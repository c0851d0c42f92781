import { type ObjectWriter, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { UpdateWriter } from '@hangar/shared/kubernetes/update-writer';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { heldPod } from './pods.ts';
import { apiRefusalOf, type TestNamespace } from './test-namespace.ts';

const { pods } = RESOURCE;

/** How Hangar changes objects: the PATCH, and the GET and PUT in its place, do the same. */
export function writersSuite(ns: () => TestNamespace): void {
  const writers: readonly (readonly [string, () => ObjectWriter])[] = [
    ['patch', () => ns().cluster],
    ['update', () => new UpdateWriter(ns().cluster)],
  ];
  describe.concurrent.each(writers)('a Pod that is changed by %s', (kind, writer) => {
    const change = (
      name: string,
      patch: Record<string, unknown>,
      how: 'merge' | 'strategic' = 'merge',
    ): Promise<V1Pod> =>
      writer().patch<V1Pod>({ resource: pods, namespace: ns().name, name }, patch, how, ns().signal);

    it('loses its scheduling gate, gets annotations, and keeps the rest', async () => {
      const name = `gated-${kind}`;
      const made = await ns().createPod(heldPod(name));
      const changed = await change(name, {
        metadata: { uid: made.metadata?.uid, annotations: { 'test/a': '1' } },
        spec: { schedulingGates: null, nodeSelector: made.spec?.nodeSelector },
      });

      expect(changed.metadata?.annotations).toMatchObject({ ...made.metadata?.annotations, 'test/a': '1' });
      expect(changed.spec?.schedulingGates).toBeUndefined();
      expect(changed.spec?.containers).toEqual(made.spec?.containers);
      await ns().remove(pods, name, { gracePeriodSeconds: 0 });
    });

    it('gets another image for one container, and an earlier deadline', async () => {
      const name = `image-${kind}`;
      const made = await ns().createPod(heldPod(name));
      const [container] = made.spec?.containers ?? [];
      const spec = { containers: [{ name: container?.name, image: 'example.test/other:1' }] };
      const changed = await change(name, { spec }, 'strategic');

      expect(changed.spec?.containers).toEqual([{ ...container, image: 'example.test/other:1' }]);
      const stopped = await change(name, { spec: { activeDeadlineSeconds: 1 } });
      expect(stopped.spec?.activeDeadlineSeconds).toBe(1);
      await ns().remove(pods, name, { gracePeriodSeconds: 0 });
    });

    it('stays as it is when it has changed since it was read', async () => {
      const name = `raced-${kind}`;
      const made = await ns().createPod(heldPod(name));
      await ns().patch(pods, name, { metadata: { labels: { by: 'another' } } });
      const { resourceVersion } = made.metadata ?? {};
      const late = change(name, { metadata: { resourceVersion, labels: { by: 'me' } } });

      expect(await apiRefusalOf(late)).toMatchObject({ status: 409, reason: 'Conflict' });
      expect((await change(name, { metadata: { labels: { also: 'me' } } })).metadata?.labels).toMatchObject({
        by: 'another',
        also: 'me',
      });
      await ns().remove(pods, name, { gracePeriodSeconds: 0 });
    });

    it('is not found when it is gone', async () => {
      expect(await apiRefusalOf(change(`absent-${kind}`, { metadata: { labels: {} } }))).toMatchObject({
        status: 404,
        message: `pods "absent-${kind}" not found`,
      });
    });
  });
}
