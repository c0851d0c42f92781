import type { V1Affinity } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseManifest } from '../parse/manifest.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { podAffinities } from './affinity.ts';
import { affinities } from './testing/arbitrary-placement.ts';
import { placementObjections } from './testing/placement-rules.ts';

const HEAD = { kind: 'pipeline', type: 'kubernetes', steps: [{ name: 'a', image: 'b' }] };
const REQUIRED = 'required_during_scheduling_ignored_during_execution';
const PREFERRED = 'preferred_during_scheduling_ignored_during_execution';

function read(fields: object): V1Affinity | undefined {
  const [pipeline] = parseManifest(stringify({ ...HEAD, ...fields })).pipelines;
  return pipeline && podAffinities(pipeline);
}

const inPool = (...values: string[]) => ({ key: 'pool', operator: 'In', values });
const node = (...terms: object[]) => ({ node_affinity: { [REQUIRED]: { node_selector_terms: terms } } });
const expression = (one: object) => node({ match_expressions: [one] });
const field = (one: object) => node({ match_fields: [one] });
const anti = (...terms: object[]) => ({ pod_anti_affinity: { [REQUIRED]: terms } });
const near = (...terms: object[]) => ({ pod_affinity: { [PREFERRED]: terms } });
const HOST = { topology_key: 'kubernetes.io/hostname' };

/** The message of the refusal. */
function refusal(affinity: unknown): string {
  try {
    return JSON.stringify(read({ affinity }));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return error.message;
  }
}

describe('affinity', () => {
  it('to nodes is that of the author', () => {
    const affinity = {
      node_affinity: {
        ...node({ match_expressions: [inPool('a'), { key: 'cores', operator: 'Gt', values: [8] }] })
          .node_affinity,
        [PREFERRED]: [{ weight: 5, preference: { match_expressions: [{ key: 'ssd', operator: 'Exists' }] } }],
      },
    };

    expect(read({ affinity })).toEqual({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [inPool('a'), { key: 'cores', operator: 'Gt', values: ['8'] }] },
          ],
        },
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 5, preference: { matchExpressions: [{ key: 'ssd', operator: 'Exists' }] } },
        ],
      },
    });
  });

  it('to Pods is to those of all builds, unless the author selects some', () => {
    const label_selector = { match_labels: { team: 'a' }, match_expressions: [inPool('x')] };
    const affinity = {
      ...anti(HOST),
      ...near({ weight: 1, pod_affinity_term: { ...HOST, label_selector } }),
    };
    const topologyKey = 'kubernetes.io/hostname';

    expect(read({ affinity })).toEqual({
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 1,
            podAffinityTerm: {
              topologyKey,
              labelSelector: { matchLabels: { team: 'a' }, matchExpressions: [inPool('x')] },
            },
          },
        ],
      },
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            topologyKey,
            labelSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'hangar-runner' } },
          },
        ],
      },
    });
  });

  it.each([
    undefined,
    null,
    {},
    { node_affinity: {} },
    { pod_affinity: { [REQUIRED]: [] } },
    { node_affinity: null },
  ])('is absent where nothing is chosen: %j', (affinity) => {
    expect(read({ affinity })).toBeUndefined();
  });

  it('holds on the named node: it is a part of each alternative', () => {
    const named = { key: 'metadata.name', operator: 'In', values: ['node-1'] };
    const terms = (affinity?: object) =>
      read({ node_name: 'node-1', affinity })?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        ?.nodeSelectorTerms;
    const not = { key: 'metadata.name', operator: 'NotIn', values: ['node-2'] };

    expect(terms()).toEqual([{ matchFields: [named] }]);
    expect(terms(near())).toEqual([{ matchFields: [named] }]);
    expect(terms(node({ match_expressions: [inPool('a')] }, { match_fields: [not] }))).toEqual([
      { matchExpressions: [inPool('a')], matchFields: [named] },
      { matchFields: [not, named] },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['no terms', node(), 'node_selector_terms must not be empty'],
    [
      'required without terms',
      { node_affinity: { [REQUIRED]: {} } },
      'node_selector_terms must not be empty',
    ],
    ['an empty term', node({}), 'node_selector_terms[0] is empty, which no node matches'],
    ['an empty preference', { node_affinity: { [PREFERRED]: [{ weight: 1 }] } }, '[0].preference is empty'],
    [
      'an unknown operator',
      expression({ ...inPool('a'), operator: 'in' }),
      '.operator must be one of In, NotIn',
    ],
    ['no operator', expression({ key: 'a', values: ['b'] }), '.operator must be one of In, NotIn'],
    ['an invalid key', expression({ ...inPool('a'), key: 'a b' }), '.key "a b" cannot be the key of a label'],
    ['no key', expression({ operator: 'Exists' }), '.key "" cannot be the key of a label'],
    ['In without values', expression(inPool()), '.values must not be empty with the operator In'],
    [
      'Exists with values',
      expression({ ...inPool('a'), operator: 'Exists' }),
      'are not allowed with the operator',
    ],
    ['an invalid value', expression(inPool('a', '-b')), '.values[1] "-b" must be at most 63'],
    ['Gt with text', expression({ ...inPool('a'), operator: 'Gt' }), '.values[0] "a" must be a number'],
    ['Gt with two numbers', expression({ ...inPool('1', '2'), operator: 'Gt' }), 'must be one number'],
    ['Lt with a negative number', expression({ ...inPool('-1'), operator: 'Lt' }), '"-1" must be a number'],
    [
      'another field',
      field({ ...inPool('a'), key: 'metadata.uid' }),
      'match_fields[0].key must be metadata.name',
    ],
    ['a field with Exists', field({ key: 'metadata.name', operator: 'Exists' }), 'must be one of In, NotIn'],
    [
      'two names of nodes',
      field({ ...inPool('a', 'b'), key: 'metadata.name' }),
      'must be one name of a node',
    ],
    [
      'an invalid name of a node',
      field({ ...inPool('A_'), key: 'metadata.name' }),
      'cannot be the name of a node',
    ],
    ['no topology', anti({}), 'topology_key "" must be the key of a label of nodes'],
    [
      'Gt for Pods',
      anti({ ...HOST, label_selector: { match_expressions: [{ ...inPool('1'), operator: 'Gt' }] } }),
      'must be one of In, NotIn, Exists, DoesNotExist',
    ],
    [
      'an invalid label',
      anti({ ...HOST, label_selector: { match_labels: { a: '-' } } }),
      'match_labels.a cannot be "-"',
    ],
    [
      'a label __proto__',
      anti({ ...HOST, label_selector: { match_labels: JSON.parse('{"__proto__":"a"}') as object } }),
      'match_labels.__proto__ cannot be',
    ],
    ['no weight', near({ pod_affinity_term: HOST }), 'weight must be a number from 1 to 100'],
    [
      'a weight above 100',
      near({ weight: 101, pod_affinity_term: HOST }),
      '[0].weight must be a number from 1',
    ],
    [
      'namespaces of others',
      anti({ ...HOST, namespaces: ['a'] }),
      'unknown key `namespaces` of pod affinity term',
    ],
    ['all namespaces', anti({ ...HOST, namespace_selector: {} }), 'unknown key `namespace_selector`'],
    [
      'the spelling of Kubernetes',
      { nodeAffinity: {} },
      'unknown key `nodeAffinity` of affinity; did you mean `node_affinity`?',
    ],
    ['no map', 'pool', 'cannot unmarshal !!str `pool` into affinity'],
    ['21 terms', node(...Array.from({ length: 21 }, () => ({}))), 'has 21 items; at most 20 are allowed'],
    ['10,000 terms', node(...Array.from({ length: 10_000 }, () => ({}))), 'more than 2000 items'],
    ['10,000 terms of Pods', anti(...Array.from({ length: 10_000 }, () => HOST)), 'more than 2000 items'],
    [
      '101 values',
      expression(inPool(...Array.from({ length: 101 }, () => 'a'))),
      'has 101 items; at most 100',
    ],
    [
      '21 labels',
      anti({
        ...HOST,
        label_selector: {
          match_labels: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`k${n}`, 'a'])),
        },
      }),
      'has 21 items',
    ],
  ])('is refused with %s', (_sentence, affinity, want) => {
    expect(refusal(affinity)).toContain(want);
  });

  it('may be as large as the limits', () => {
    const terms = Array.from({ length: 20 }, () => ({
      match_expressions: Array.from({ length: 20 }, () => inPool(...Array.from({ length: 100 }, () => 'a'))),
    }));

    expect(read({ affinity: node(...terms) })).toBeDefined();
  });

  it('has a short message for a long text', () => {
    const long = 'x'.repeat(100_000);

    for (const affinity of [
      expression({ ...inPool('a'), key: long }),
      anti({ topology_key: long }),
      { [long]: 1 },
    ])
      expect(refusal(affinity).length).toBeLessThan(400);
    expect(
      refusal(anti({ ...HOST, label_selector: { match_labels: { [long]: long } } })).length,
    ).toBeLessThan(500);
  });

  it('is refused, or is one that the API server takes', () => {
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(affinities, (affinity) => {
        try {
          const made = read({ affinity });
          expect(
            placementObjections({ containers: [], ...(made === undefined ? {} : { affinity: made }) }),
          ).toEqual([]);
          seen.taken += 1;
        } catch (error) {
          if (!(error instanceof PipelineError)) throw error;
          seen.refused += 1;
        }
      }),
      { numRuns: 500 },
    );
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(20);
  });
});
