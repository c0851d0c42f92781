import { describe, expect, it } from 'vitest';
import { findingsIn } from './local/testing/agreement.ts';

/** `line:column message` of each finding in a pipeline of one step, whose fields begin in line 3 and those of the step in line 7. */
const found = (fields: readonly string[], stepFields: readonly string[] = []): readonly string[] => {
  const step = ['steps:', '- name: a', '  image: alpine', ...stepFields.map((one) => `  ${one}`)];
  const text = ['kind: pipeline', 'type: kubernetes', ...fields, ...step, ''].join('\n');
  return findingsIn(text, true).map(({ line, column, message }) => `${line}:${column} ${message}`);
};
const starting = (...texts: string[]) => texts.map((text) => expect.stringContaining(text) as string);

describe('the place of what is refused', () => {
  const mode = (value: string) => `metadata: { annotations: { hangar.dev/resources: ${value} } }`;
  const requests = (cpu: number) => [`resources: { requests: { cpu: ${cpu} }, limits: { cpu: 1 } }`];

  it('is that of the annotation for an unknown way to compute requests', () => {
    expect(found([mode('stpes')])).toEqual(
      starting('3:50 metadata.annotations: hangar.dev/resources "stpes"'),
    );
    expect(found([mode('steps')])).toEqual([]);
  });

  it('is that of a request above the limit of its step, where requests of steps count', () => {
    expect(found([mode('steps')], requests(2))).toEqual(
      starting('7:33 step "a", resources: the request of cpu exceeds its limit'),
    );
    expect(found([mode('steps')], requests(1))).toEqual([]);
    expect(found([mode('split')], requests(2))).toEqual([]);
  });

  it('is that of the value or key in a security context', () => {
    const dropping = (name: string) => [`security_context: { capabilities: { drop: [${name}] } }`];

    expect(found([], dropping('NOTHING'))).toEqual(
      starting('6:46 steps[0].security_context.capabilities.drop[0]'),
    );
    expect(found([], dropping('ALL'))).toEqual([]);
    expect(found(['security_context: { fs_group: -1 }'])).toEqual(
      starting('3:31 security_context.fs_group -1'),
    );
    expect(found(['security_context: { fsGroup: 1 }'])).toEqual(starting('3:21 yaml: unknown key `fsGroup`'));
  });

  it('is that of the value in a constraint', () => {
    const spread = (skew: number) => [
      `topology_spread_constraints: [ { topology_key: zone, when_unsatisfiable: DoNotSchedule, max_skew: ${skew} } ]`,
    ];

    expect(found(spread(0))).toEqual(starting('3:99 topology_spread_constraints[0].max_skew must be'));
    expect(found(spread(1))).toEqual([]);
  });

  it('is that of the value, key or item in an affinity', () => {
    const PREFERRED = 'preferred_during_scheduling_ignored_during_execution';
    const near = (term: string) => [`affinity: { pod_affinity: { ${PREFERRED}: [ ${term} ] } }`];
    const term = 'pod_affinity_term: { topology_key: zone }';

    expect(found(near(`{ weight: 101, ${term} }`))).toEqual(starting('3:95 affinity.pod_affinity'));
    expect(found(near(`{ ${term} }`))).toEqual(starting('3:85 affinity.pod_affinity'));
    expect(found(near(`{ weight: 1, weigth: 2, ${term} }`))).toEqual(
      starting('3:98 yaml: unknown key `weigth` of preferred pod term; did you mean `weight`?'),
    );
    expect(found(near(`{ weight: 100, ${term} }`))).toEqual([]);
  });
});
