import { RIGHTS, rulesOf } from '@hangar/runner/permissions';
import type { V1ClusterRole, V1ClusterRoleBinding } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownLayout } from '../../parts/real/facts.ts';
import { type ChartValues, Helm, ofKind } from './helm.ts';

let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
});

const rendered = (values: ChartValues) => helm.rendered(values);

describe('the right to list and watch nodes', () => {
  it.each([
    [true, ['ci-hangar-runner-nodes']],
    ['true', ['ci-hangar-runner-nodes']],
    ['1', ['ci-hangar-runner-nodes']],
    [false, []],
    ['0', []],
    ['', []],
  ])('is granted only where stages wait for room on nodes: %j', async (HANGAR_BUDGET_NODES, names) => {
    const objects = await rendered({ runner: { config: { HANGAR_BUDGET_NODES } } });
    const roles = ofKind<V1ClusterRole>(objects, 'ClusterRole');
    const rules = rulesOf(RIGHTS.filter(({ where }) => where === 'nodes'));
    expect(roles.map((one) => [one.metadata?.name, one.rules])).toEqual(names.map((name) => [name, rules]));
    const bound = ofKind<V1ClusterRoleBinding>(objects, 'ClusterRoleBinding');
    expect(bound.map(({ roleRef }) => roleRef.name)).toEqual(names);
  });
});

it('room on nodes goes with an autoscaler that recommends, and not with one that acts', async () => {
  const valuesOf = (act: unknown, enabled = true) => ({
    runner: { config: { HANGAR_BUDGET_NODES: true } },
    autoscaler: { enabled, config: { HANGAR_AUTOSCALER_ACT: act, HANGAR_AUTOSCALER_MAX_NODES: 9 } },
  });
  for (const act of ['off', false]) expect(await rendered(valuesOf(act))).not.toEqual([]);
  for (const act of ['on', true])
    await expect(rendered(valuesOf(act))).rejects.toThrow(
      'runner.config.HANGAR_BUDGET_NODES is true and autoscaler.config.HANGAR_AUTOSCALER_ACT is on',
    );
  expect(await rendered(valuesOf('on', false))).not.toEqual([]);
});
