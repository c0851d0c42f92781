import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseManifest } from '../parse/manifest.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { spreads } from './testing/arbitrary-placement.ts';
import { placementObjections } from './testing/placement-rules.ts';
import { topologySpread } from './topology-spread.ts';

const HEAD = { kind: 'pipeline', type: 'kubernetes', steps: [{ name: 'a', image: 'b' }] };
const ZONE = { max_skew: 1, topology_key: 'zone', when_unsatisfiable: 'ScheduleAnyway' };
const HARD = { ...ZONE, when_unsatisfiable: 'DoNotSchedule' };

function read(...constraints: unknown[]) {
  const text = stringify({ ...HEAD, topology_spread_constraints: constraints });
  const [pipeline] = parseManifest(text).pipelines;
  return pipeline && topologySpread(pipeline);
}

function refusal(...constraints: unknown[]): string {
  try {
    return JSON.stringify(read(...constraints));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return error.message;
  }
}

describe('topology spread constraints', () => {
  it('count the Pods of all builds, unless the author selects some', () => {
    const label_selector = { match_labels: { team: 'a' } };
    const rest = {
      min_domains: 2,
      node_affinity_policy: 'Ignore',
      node_taints_policy: 'Honor',
      match_label_keys: ['io.drone.repo.name'],
    };

    expect(read(ZONE, { ...HARD, ...rest, label_selector })).toEqual({
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'hangar-runner' } },
        },
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { team: 'a' } },
          matchLabelKeys: ['io.drone.repo.name'],
          minDomains: 2,
          nodeAffinityPolicy: 'Ignore',
          nodeTaintsPolicy: 'Honor',
        },
      ],
    });
  });

  it('are absent where there are none', () => {
    expect(read()).toEqual({});
  });

  it.each<[string, readonly unknown[], string]>([
    ['no skew', [{ ...ZONE, max_skew: undefined }], '[0].max_skew must be a number from 1'],
    ['a negative skew', [{ ...ZONE, max_skew: -1 }], '[0].max_skew must be a number from 1'],
    ['a skew beyond 32 bits', [{ ...ZONE, max_skew: 2 ** 31 }], 'must be a number from 1 to 2147483647'],
    ['no topology', [{ ...ZONE, topology_key: '' }], '[0].topology_key "" must be the key of a label'],
    ['no action', [{ ...ZONE, when_unsatisfiable: '' }], 'must be one of DoNotSchedule, ScheduleAnyway'],
    ['another action', [{ ...ZONE, when_unsatisfiable: 'donotschedule' }], 'must be one of DoNotSchedule'],
    ['domains without DoNotSchedule', [{ ...ZONE, min_domains: 1 }], '.min_domains needs when_unsatisfiable'],
    ['no domains', [{ ...HARD, min_domains: 0 }], '.min_domains must be a number from 1'],
    ['an unknown policy', [{ ...ZONE, node_taints_policy: 'honor' }], 'must be Honor or Ignore'],
    ['the same constraint', [ZONE, HARD, ZONE], '[2] has the topology_key and when_unsatisfiable of another'],
    [
      'a label that is selected already',
      [{ ...ZONE, match_label_keys: ['app.kubernetes.io/managed-by'] }],
      '.match_label_keys[0] is in label_selector too',
    ],
    ['a label twice', [{ ...ZONE, match_label_keys: ['a', 'a'] }], '.match_label_keys[1] is named twice'],
    ['an invalid label', [{ ...ZONE, match_label_keys: ['a b'] }], 'cannot be the key of a label'],
    [
      'an invalid selector',
      [{ ...ZONE, label_selector: { match_labels: { a: '-' } } }],
      '[0].label_selector.match_labels.a cannot be "-"',
    ],
    ['the spelling of Kubernetes', [{ ...ZONE, maxSkew: 1 }], 'unknown key `maxSkew`'],
    ['no map', ['zone'], 'cannot unmarshal !!str `zone` into topology spread constraint'],
    ['21 of them', Array.from({ length: 21 }, () => ZONE), 'has 21 items; at most 20 are allowed'],
    ['10,000 of them', Array.from({ length: 10_000 }, () => ZONE), 'more than 2000 items'],
  ])('are refused with %s', (_sentence, constraints, want) => {
    expect(refusal(...constraints)).toContain(want);
  });

  it('are refused, or are some that the API server takes', () => {
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(spreads, (constraints) => {
        try {
          expect(placementObjections({ containers: [], ...read(...constraints) })).toEqual([]);
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
