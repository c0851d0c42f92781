import { KubernetesError, RESOURCE, type WatchEvent } from '@hangar/shared/kubernetes/cluster';
import { describe, expect, it } from 'vitest';
import { heldPod, like } from './pods.ts';
import { apiRefusalOf, type ContractTarget, type Draft, type TestNamespace } from './test-namespace.ts';

const { pods, secrets } = RESOURCE;

/** Long enough for a loaded machine. */
const SILENCE_MS = 25_000;

const typeAndName = ({ type, object }: WatchEvent<Draft>): [string, string | undefined] => [
  type,
  object.metadata.name,
];

/** Lists and watches, as ListWatch relies on them. */
export function watchSuite(
  ns: () => TestNamespace,
  { forgetsVersion1 }: Pick<ContractTarget, 'forgetsVersion1'>,
): void {
  const target = () => ({ resource: secrets, namespace: ns().name });
  const list = (selection: object) => ns().cluster.list<Draft>(target(), selection, ns().signal);

  /** The next events after a version that are no bookmarks. */
  async function events(resourceVersion: string, count: number, selection: object = {}) {
    const seen: WatchEvent<Draft>[] = [];
    const options = { ...selection, resourceVersion, silenceMs: SILENCE_MS };
    for await (const event of ns().cluster.watch<Draft>(target(), options, ns().signal)) {
      if (event.type !== 'BOOKMARK') seen.push(event);
      if (seen.length === count) break;
    }
    return seen;
  }

  describe.concurrent('lists and watches', () => {
    it('continue from each other: changes after a list are reported, and nothing twice', async () => {
      const labels = { suite: 'go-on' };
      const selection = { labelSelector: 'suite=go-on' };
      await ns().create(secrets, { metadata: { name: 'before', labels } });
      const { items, resourceVersion } = await list(selection);
      await ns().create(secrets, { metadata: { name: 'after', labels } });
      await ns().patch(secrets, 'after', { metadata: { annotations: { a: 'b' } } });
      await ns().remove(secrets, 'after');
      const seen = await events(resourceVersion, 3, selection);
      expect(items.map(({ metadata }) => metadata.name)).toEqual(['before']);
      expect(seen.map(typeAndName)).toEqual([
        ['ADDED', 'after'],
        ['MODIFIED', 'after'],
        ['DELETED', 'after'],
      ]);
      const versions = seen.map(({ object }) => Number(object.metadata.resourceVersion));
      expect(versions.toSorted((a, b) => a - b)).toEqual(versions);
      expect(new Set(versions).size).toBe(3);
      expect(seen[2]?.object.metadata.annotations).toEqual({ a: 'b' });
      expect(seen[2]?.object).toMatchObject({ kind: 'Secret', apiVersion: 'v1' });
    });

    it('report what enters a selector as added and what leaves it as deleted', async () => {
      const selection = { labelSelector: 'enters=yes,suite in (enter,leave)' };
      const { resourceVersion } = await list(selection);
      await ns().create(secrets, { metadata: { name: 'enters', labels: { suite: 'enter' } } });
      await ns().patch(secrets, 'enters', { metadata: { labels: { enters: 'yes' } } });
      await ns().patch(secrets, 'enters', { metadata: { labels: { enters: 'no' } } });
      const seen = await events(resourceVersion, 2, selection);
      expect(seen.map(typeAndName)).toEqual([
        ['ADDED', 'enters'],
        ['DELETED', 'enters'],
      ]);
    });

    it('of Events begin with what is there when no version is given, by kind and without some reasons', async () => {
      const target = { resource: RESOURCE.events, namespace: ns().name };
      const about = { kind: 'Pod', name: 'reported', namespace: ns().name, uid: 'a' };
      const make = (name: string, reason: string, involvedObject: object = about) =>
        ns().create(RESOURCE.events, {
          metadata: { name },
          involvedObject,
          reason,
          message: name,
          type: 'Normal',
        });
      await make('begin.1', 'Pulling');
      await make('begin.2', 'Started');
      await make('begin.3', 'Pulling', { ...about, kind: 'Secret' });
      const fieldSelector =
        'involvedObject.kind=Pod,involvedObject.name=reported,reason!=Started,reason!=Created';
      const seen: string[] = [];
      const options = { fieldSelector, resourceVersion: '', silenceMs: SILENCE_MS };
      for await (const event of ns().cluster.watch<Draft>(target, options, ns().signal)) {
        if (event.type === 'BOOKMARK') continue;
        seen.push(`${event.type} ${event.object.metadata.name}`);
        if (seen.length === 1) {
          await make('begin.4', 'Created');
          await make('begin.5', 'Pulled');
        }
        if (seen.length === 2) break;
      }
      expect(seen).toEqual(['ADDED begin.1', 'ADDED begin.5']);
    });

    it('select by labels', async () => {
      const make = (name: string, labels: Record<string, string>) =>
        ns().create(secrets, { metadata: { name, labels: { suite: 'select', ...labels } } });
      await make('select-a', { tier: 'one' });
      await make('select-b', { tier: 'two' });
      await make('select-c', {});
      const chosen = async (labelSelector: string) =>
        (await list({ labelSelector: `suite=select,${labelSelector}` })).items.map((item) =>
          item.metadata.name?.slice(-1),
        );
      expect(await chosen('tier=one')).toEqual(['a']);
      expect(await chosen('tier!=one')).toEqual(['b', 'c']);
      expect(await chosen('tier in (one, two)')).toEqual(['a', 'b']);
      expect(await chosen('tier notin (one)')).toEqual(['b', 'c']);
      expect(await chosen('tier')).toEqual(['a', 'b']);
      expect(await chosen('!tier')).toEqual(['c']);
    });

    it('select by fields', async () => {
      await ns().createPod(heldPod('by-field'));
      const chosen = async (fieldSelector: string) => {
        const { items } = await ns().cluster.list<Draft>(
          { resource: pods, namespace: ns().name },
          { fieldSelector },
          ns().signal,
        );
        return items.map(({ metadata }) => metadata.name);
      };
      expect(await chosen('metadata.name=by-field')).toEqual(['by-field']);
      expect(await chosen('metadata.name=by-field,spec.nodeName=')).toEqual(['by-field']);
      expect(await chosen('metadata.name=by-field,status.phase=Pending')).toEqual(['by-field']);
      expect(await chosen('metadata.name=by-field,status.phase!=Pending')).toEqual([]);
    });

    it.each([
      [
        'labels',
        { labelSelector: 'a in (' },
        "unable to parse requirement: found '', expected: ',', ')' or identifier",
      ],
      ['labels', { labelSelector: 'a=b c' }, "found 'c', expected: ',' or 'end of string'"],
      ['fields', { fieldSelector: 'data.x=1' }, 'field label not supported: data.x'],
      ['fields', { fieldSelector: 'nonsense' }, "invalid selector: 'nonsense'; can't understand 'nonsense'"],
    ])('refuse a selector of %s that can not be read: %o', async (_, selection, message) => {
      expect(await apiRefusalOf(list(selection))).toEqual({ status: 400, reason: 'BadRequest', message });
    });

    it('can not go on from a version that is forgotten', async () => {
      const [event] = await events('1', 1);
      if (event?.type === 'ADDED' && !forgetsVersion1) return;
      expect(event?.type).toBe('ERROR');
      expect(event?.object).toMatchObject({
        kind: 'Status',
        status: 'Failure',
        code: 410,
        reason: 'Expired',
        message: like(/^too old resource version: 1 \(\d+\)$/),
      });
    });

    it('wait without a message for a future version', async () => {
      const options = { resourceVersion: '999999999', silenceMs: 500 };
      const watching = async () => {
        for await (const event of ns().cluster.watch<Draft>(target(), options, ns().signal)) return event;
        return 'ended';
      };
      await expect(watching()).rejects.toSatisfy(
        (error) => error instanceof KubernetesError && error.reason === 'Silence',
      );
    });

    it('refuse a version that is no number', async () => {
      const refusal = await apiRefusalOf(events('abc', 1));
      expect(refusal).toEqual({
        status: 500,
        reason: '',
        message: 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
      });
    });
  });
}
