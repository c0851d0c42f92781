import { type Cluster, KubernetesError } from '@hangar/shared/kubernetes/cluster';
import { describe, expect, it } from 'vitest';
import { WITHOUT } from './permissions.ts';
import { type ReviewedNamespaces, review } from './review.ts';

interface Asked {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
}

/** An API server that allows everything except the denied rights. */
function apiServer(isDenied: (asked: Asked) => boolean): { cluster: Cluster; asked: Asked[] } {
  const asked: Asked[] = [];
  const create = (_target: unknown, object: { spec: { resourceAttributes: Asked } }) => {
    const { resourceAttributes } = object.spec;
    asked.push(resourceAttributes);
    return Promise.resolve({ status: { allowed: !isDenied(resourceAttributes) } });
  };
  return { cluster: { create } as unknown as Cluster, asked };
}

const PLACES: ReviewedNamespaces = {
  pods: ['builds'],
  somePods: [],
  lease: 'hangar',
  randomNamespaces: false,
  nodes: false,
};
const { signal } = new AbortController();

describe('review', () => {
  it('reports nothing missing if everything is allowed, and asks for each right in its own namespace', async () => {
    const { cluster, asked } = apiServer(() => false);

    expect(await review(cluster, PLACES, signal)).toEqual({
      missing: [],
      warnings: [],
      coordination: 'leases',
      updateIn: [],
      secretsHiddenIn: [],
      eventPlaces: ['builds'],
    });
    expect(asked.every((one) => one.namespace === (one.resource === 'leases' ? 'hangar' : 'builds'))).toBe(
      true,
    );
    expect(asked).toContainEqual({
      verb: 'get',
      group: '',
      resource: 'pods',
      subresource: 'log',
      namespace: 'builds',
    });
    expect(asked.filter((one) => one.resource === 'namespaces')).toEqual([]);
  });

  it('reports what is missing, what it is needed for, and the exact rules to add', async () => {
    const denied = ['patch pods', 'get pods', 'create secrets'];
    const { cluster } = apiServer(
      (one) => !one.subresource && denied.includes(`${one.verb} ${one.resource}`),
    );

    const { missing, warnings } = await review(cluster, PLACES, signal);

    expect(warnings).toEqual([]);
    expect(missing).toHaveLength(1);
    expect(missing[0]).toContain('in namespace builds: get pods (');
    expect(missing[0]).toContain('Add to a Role of namespace builds');
    expect(missing[0]?.split('\n').slice(1)).toEqual([
      '  - { apiGroups: [""], resources: [pods], verbs: [get, patch] }',
      '  - { apiGroups: [""], resources: [secrets], verbs: [create] }',
    ]);
  });

  it('disables the feature of a missing optional right, only in that namespace, with one warning that names the remedy', async () => {
    const { cluster } = apiServer((one) => one.resource === 'events' && one.namespace === 'builds');

    const found = await review(cluster, { ...PLACES, pods: ['builds', 'other'] }, signal);

    expect(found.missing).toEqual([]);
    expect(found.eventPlaces).toEqual(['other']);
    expect(found.warnings).toHaveLength(1);
    expect(found.warnings[0]?.split('\n')).toHaveLength(1);
    expect(found.warnings[0]).toContain(
      'optional: the runner is not allowed, in namespace builds: watch events',
    );
    expect(found.warnings[0]).toContain('{ apiGroups: [""], resources: [events], verbs: [watch] }');
  });

  it('asks for the Events of all namespaces at once if Pods may be in any namespace', async () => {
    const { cluster, asked } = apiServer(() => false);

    const { eventPlaces } = await review(cluster, { ...PLACES, randomNamespaces: true }, signal);

    expect(eventPlaces).toEqual(['']);
    expect(asked.filter((one) => one.resource === 'events').map((one) => one.namespace)).toEqual([undefined]);
  });

  it('only warns if only some pipelines are affected', async () => {
    const { cluster } = apiServer((one) => one.namespace === 'team-a');

    const { missing, warnings } = await review(
      cluster,
      { ...PLACES, somePods: ['team-a', 'builds'] },
      signal,
    );

    expect(missing).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('in namespace team-a');
  });

  it('requires cluster-wide rights for fresh namespaces', async () => {
    const { cluster, asked } = apiServer((one) => one.resource === 'namespaces');

    const { missing } = await review(cluster, { ...PLACES, pods: [], randomNamespaces: true }, signal);

    expect(asked.filter((one) => one.resource === 'pods').every((one) => one.namespace === undefined)).toBe(
      true,
    );
    expect(missing.join('\n')).toContain('Add to a ClusterRole');
    expect(missing.join('\n')).toContain(
      '{ apiGroups: [""], resources: [namespaces], verbs: [create, get, delete] }',
    );
  });

  it('requires nodes of the whole cluster where stages wait for room on them, and does not ask elsewhere', async () => {
    const { cluster, asked } = apiServer((one) => one.resource === 'nodes');
    expect((await review(cluster, PLACES, signal)).missing).toEqual([]);
    expect(asked.filter((one) => one.resource === 'nodes')).toEqual([]);

    const { missing } = await review(cluster, { ...PLACES, nodes: true }, signal);
    expect(missing).toHaveLength(1);
    expect(missing[0]).toContain('Add to a ClusterRole');
    expect(missing[0]).toContain('{ apiGroups: [""], resources: [nodes], verbs: [list, watch] }');
  });

  describe('with the Role of the previous runner', () => {
    const GRANTED: readonly string[] = [
      ...['get', 'create', 'delete', 'list', 'watch', 'update'].flatMap((verb) => [
        `${verb} pods`,
        `${verb} pods/log`,
      ]),
      'create secrets',
      'delete secrets',
    ];
    const previous = () =>
      apiServer(
        ({ verb, resource, subresource }) =>
          !GRANTED.includes(`${verb} ${resource}${subresource ? `/${subresource}` : ''}`),
      );

    it('nothing is missing: each replica works for itself, and Pods are changed by get and update', async () => {
      expect(await review(previous().cluster, PLACES, signal)).toMatchObject({
        missing: [],
        coordination: 'none',
        updateIn: ['builds'],
        secretsHiddenIn: ['builds'],
        eventPlaces: [],
      });
    });

    it('one line per feature says what is off, and which rule turns it on', async () => {
      const { warnings } = await review(previous().cluster, PLACES, signal);

      expect(warnings.map((text) => text.split('\n'))).toEqual(warnings.map((text) => [text]));
      expect(warnings.map((text) => /resources: \[(\w+)\], verbs: \[(.*)\] }$/.exec(text)?.slice(1))).toEqual(
        [
          ['leases', 'get, list, create, patch, delete'],
          ['secrets', 'get'],
          ['pods', 'patch'],
          ['events', 'watch'],
        ],
      );
      for (const off of Object.values(WITHOUT).slice(0, 4)) expect(warnings.join('\n')).toContain(off);
    });

    it('coordination by Leases that is required is missing, and one that is not wanted is not asked for', async () => {
      const wished = await review(previous().cluster, PLACES, signal, 'leases');
      expect(wished.missing[0]).toContain('get leases');

      const { cluster, asked } = previous();
      const alone = await review(cluster, PLACES, signal, 'none');
      expect(alone).toMatchObject({ missing: [], coordination: 'none' });
      expect(asked.filter(({ resource }) => resource === 'leases')).toEqual([]);
    });

    it('only where patch is denied Pods are changed by update', async () => {
      const { cluster } = apiServer(({ verb, resource, namespace }) => {
        const isOther = namespace === 'other';
        return resource === 'pods' && (isOther ? verb === 'patch' : verb === 'update');
      });

      const found = await review(cluster, { ...PLACES, pods: ['builds', 'other'] }, signal);
      expect(found).toMatchObject({ missing: [], updateIn: ['other'] });
    });

    it('a namespace of some pipelines where Pods can not be changed at all is a warning with the rule of patch', async () => {
      const { cluster } = apiServer(
        ({ verb, namespace }) => namespace === 'team-a' && ['patch', 'update'].includes(verb),
      );

      const { missing, warnings } = await review(cluster, { ...PLACES, somePods: ['team-a'] }, signal);
      expect(missing).toEqual([]);
      expect(warnings).toEqual([
        expect.stringMatching(/in namespace team-a: patch pods[^]*verbs: \[patch\]/),
      ]);
    });
  });

  it.each([403, 404])(
    'continues with a warning if the API server does not support reviews (%s)',
    async (status) => {
      const cluster = { create: () => Promise.reject(new KubernetesError(status, 'No', 'no reviews')) };

      const { missing, warnings } = await review(cluster as unknown as Cluster, PLACES, signal);

      expect(missing).toEqual([]);
      expect(warnings).toEqual([expect.stringContaining('could not be reviewed (no reviews)')]);
    },
  );

  it('rejects if there is no response, which is no result', async () => {
    const cluster = { create: () => Promise.reject(new KubernetesError(0, 'Timeout', 'no answer')) };

    await expect(review(cluster as unknown as Cluster, PLACES, signal)).rejects.toThrow('no answer');
  });
});
