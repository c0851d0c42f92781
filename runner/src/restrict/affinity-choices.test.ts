import { longestTurnMs } from '@hangar/shared/testing/cpu-time';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { podAffinities } from '../compile/affinity.ts';
import { affinities } from '../compile/testing/arbitrary-placement.ts';
import { closedRules } from '../compile/testing/restricted-settings.ts';
import { parseManifest } from '../parse/manifest.ts';
import type { Affinity } from '../pipeline/affinity.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { affinityChoices, spreadChoices } from './affinity-choices.ts';
import { checkRestrictions } from './check.ts';
import type { Rules } from './restrictions.ts';

const REQUIRED = 'required_during_scheduling_ignored_during_execution';
const PREFERRED = 'preferred_during_scheduling_ignored_during_execution';
const HEAD = { kind: 'pipeline', type: 'kubernetes', steps: [{ name: 'a', image: 'b' }] };

const read = (affinity: object): Affinity | undefined =>
  parseManifest(stringify({ ...HEAD, affinity })).pipelines[0]?.affinity;

const pool = (operator: string, ...values: string[]) => ({ key: 'pool', operator, values });
const labels = (one: object) => ({
  node_affinity: { [REQUIRED]: { node_selector_terms: [{ match_expressions: [one] }] } },
});
const preferred = (one: object) => ({
  node_affinity: { [PREFERRED]: [{ weight: 1, preference: { match_expressions: [one] } }] },
});
const fields = (operator: string, name: string) => ({
  node_affinity: {
    [REQUIRED]: {
      node_selector_terms: [{ match_fields: [{ key: 'metadata.name', operator, values: [name] }] }],
    },
  },
});
const pods = (kind: string, topology_key: string) => ({ [kind]: { [REQUIRED]: [{ topology_key }] } });

function refusals(affinity: object, rules: Partial<Rules>, ofOperator = {}): readonly string[] {
  const names = affinityChoices(read(affinity), ofOperator);
  return checkRestrictions({ names, amounts: [], forbidden: [] }, closedRules(rules), 'fork').refusals.map(
    ({ message }) => message,
  );
}

describe('the affinity of a restricted build', () => {
  it.each<[string, object, Partial<Rules>, Partial<Rules>, string]>([
    [
      'a label of nodes',
      labels(pool('In', 'a')),
      { nodeSelectors: ['pool=a'] },
      { nodeSelectors: ['pool=b'] },
      'node_affinity "pool In a": HANGAR_UNTRUSTED_NODE_SELECTORS',
    ],
    [
      'a preferred label',
      preferred(pool('In', 'a')),
      { nodeSelectors: ['pool=a'] },
      {},
      'node_affinity "pool In a"',
    ],
    [
      'one of several values',
      labels(pool('In', 'a', 'b')),
      { nodeSelectors: ['pool=*'] },
      { nodeSelectors: ['pool=a'] },
      'node_affinity "pool In a b"',
    ],
    [
      'any other value',
      labels(pool('NotIn', 'a')),
      { nodeSelectors: ['pool=*'] },
      { nodeSelectors: ['pool=a'] },
      'node_affinity "pool NotIn a"',
    ],
    [
      'any value',
      labels(pool('Exists')),
      { nodeSelectors: ['p*=*'] },
      { nodeSelectors: ['pool=a', 'other=*'] },
      'node_affinity "pool Exists"',
    ],
    [
      'a node',
      fields('In', 'node-1'),
      { nodes: ['node-*'] },
      { nodes: ['node-2'] },
      'node_affinity "metadata.name In node-1": HANGAR_UNTRUSTED_NODES',
    ],
    [
      'all nodes but one',
      fields('NotIn', 'node-1'),
      { nodes: ['*'] },
      { nodes: ['node-1'] },
      'HANGAR_UNTRUSTED_NODES',
    ],
    [
      'Pods nearby',
      pods('pod_affinity', 'zone'),
      { podAffinity: ['zone'] },
      { podAffinity: ['host'] },
      'pod_affinity of topology "zone": HANGAR_UNTRUSTED_POD_AFFINITY',
    ],
    [
      'distance from Pods',
      pods('pod_anti_affinity', 'kubernetes.io/hostname'),
      { podAffinity: ['kubernetes.io/*'] },
      { podAffinity: ['*'] },
      'pod_anti_affinity of topology "kubernetes.io/hostname": HANGAR_UNTRUSTED_POD_AFFINITY',
    ],
  ])('is refused and allowed by rules: %s', (...[, affinity, allowing, refusing, want]) => {
    expect(refusals(affinity, allowing)).toEqual([]);
    expect(refusals(affinity, refusing)[0]).toContain(want);
    expect(refusals(affinity, {})[0]).toContain(want);
  });

  it('spreads over topologies that a rule names', () => {
    const topology_spread_constraints = [
      { topology_key: 'zone' },
      { topology_key: 'kubernetes.io/hostname' },
    ];
    const [pipeline] = parseManifest(stringify({ ...HEAD, topology_spread_constraints })).pipelines;
    const refused = (...topologySpread: string[]) => {
      const choices = { names: spreadChoices(pipeline?.topologySpread ?? []), amounts: [], forbidden: [] };
      return checkRestrictions(choices, closedRules({ topologySpread }), 'ordinary').refusals.map(
        ({ message }) => message,
      );
    };

    expect(refused('zone', 'kubernetes.io/*')).toEqual([]);
    expect(refused()).toHaveLength(2);
    expect(refused('zone')).toEqual([
      expect.stringContaining('of topology "kubernetes.io/hostname": HANGAR_UNTRUSTED_TOPOLOGY_SPREAD'),
    ]);
  });

  it('may repeat the default node selector, and nothing else', () => {
    expect(refusals(labels(pool('In', 'builds')), {}, { pool: 'builds' })).toEqual([]);
    expect(refusals(labels(pool('In', 'builds', 'a')), {}, { pool: 'builds' })).toHaveLength(1);
    expect(refusals(labels(pool('NotIn', 'builds')), {}, { pool: 'builds' })).toHaveLength(1);
    expect(refusals(labels({ ...pool('In', 'x'), key: 'constructor' }), {}, { pool: 'builds' })).toHaveLength(
      1,
    );
  });

  it.each(['match_expressions', 'match_fields'])(
    'of an expression with 50,000 values costs each value once: %s',
    async (list) => {
      const values = Array.from({ length: 50_000 }, (_, index) => `v${index}`);
      const term = { [list]: [{ key: 'metadata.name', operator: 'In', values }] };
      const affinity = read({ node_affinity: { [REQUIRED]: { node_selector_terms: [term] } } });
      const choices: number[] = [];

      const busyMs = await longestTurnMs(() =>
        Promise.resolve(choices.push(affinityChoices(affinity, {}).length)),
      );
      expect(choices).toEqual([50_000]);
      // It was 7 s.
      expect(busyMs).toBeLessThan(1_000);
    },
  );

  it('is none, or a choice that a rule allows or refuses', () => {
    fc.assert(
      fc.property(affinities, (value) => {
        try {
          const [pipeline] = parseManifest(stringify({ ...HEAD, affinity: value })).pipelines;
          const made = pipeline && podAffinities(pipeline);
          expect(affinityChoices(pipeline?.affinity, {}).length === 0).toBe(made === undefined);
        } catch (error) {
          if (!(error instanceof PipelineError)) throw error;
        }
      }),
    );
  });
});
