import type { KubernetesObject, V1Deployment, V1PriorityClass, V1Role } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownLayout } from '../../parts/real/facts.ts';
import { type ChartValues, Helm, ofKind } from './helm.ts';

let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
});

const PLACEHOLDERS = [{ name: 'room', pool: 'builds', requests: { cpu: '3', memory: '5Gi' } }];
const withRights = (more: ChartValues = {}): ChartValues => ({
  autoscaler: { rbac: { runnerService: false, placeholder: true, capacityBuffer: true }, ...more },
});
const rulesOf = (objects: readonly KubernetesObject[]) =>
  ofKind<V1Role>(objects, 'Role')
    .filter(({ metadata }) => metadata?.name?.includes('autoscaler'))
    .flatMap(({ rules, metadata }) =>
      (rules ?? []).map(({ resources, resourceNames, verbs }) => [
        metadata?.namespace,
        resources?.join(),
        verbs.join(),
        resourceNames?.join() ?? 'all',
      ]),
    );

describe('placeholders', () => {
  it('are made by the chart: Pods for one pool, at the priority that every build preempts', async () => {
    const config = { HANGAR_AUTOSCALER_POOL_LABEL: 'pool', HANGAR_AUTOSCALER_POOL_TAINT: 'ci' };
    const objects = await helm.rendered({ autoscaler: { placeholders: PLACEHOLDERS, config } });
    const [priority] = ofKind<V1PriorityClass>(objects, 'PriorityClass');
    const room = ofKind<V1Deployment>(objects, 'Deployment').find(
      ({ metadata }) => metadata?.name === 'room',
    );

    expect(priority).toMatchObject({ value: -10, preemptionPolicy: 'Never', globalDefault: false });
    expect(room).toMatchObject({
      metadata: { annotations: { 'hangar.dev/scaled-by': 'ci/hangar-autoscaler' } },
      spec: {
        template: {
          metadata: { labels: { 'hangar.dev/placeholder': 'room' } },
          spec: {
            priorityClassName: priority?.metadata?.name,
            nodeSelector: { pool: 'builds' },
            tolerations: [{ key: 'ci', operator: 'Exists' }],
            automountServiceAccountToken: false,
            containers: [{ resources: { requests: { cpu: '3', memory: '5Gi' } } }],
          },
        },
      },
    });
    expect(room?.spec).not.toHaveProperty('replicas');
  });

  it('are scaled by the autoscaler without a further setting, by name, and with no right to change what they are', async () => {
    const objects = await helm.rendered(withRights({ placeholders: PLACEHOLDERS }));
    expect(JSON.stringify(objects)).toContain('"HANGAR_AUTOSCALER_ACTUATORS":"builds=placeholder:ci/room"');
    expect(rulesOf(objects)).toEqual([
      ['ci', 'deployments', 'get', 'room'],
      ['ci', 'deployments/scale', 'patch', 'room'],
    ]);
  });

  it('near miss: without objects that are named there is no right over any', async () => {
    expect(rulesOf(await helm.rendered(withRights()))).toEqual([]);
  });

  it('and CapacityBuffers that are named in the settings have rights each in its own namespace', async () => {
    const config = { HANGAR_AUTOSCALER_ACTUATORS: 'a=capacity-buffer:team/a*3,b=placeholder:ci/b' };
    const rbac = { objectNamespaces: ['ci', 'team'] };
    const objects = await helm.rendered({
      autoscaler: {
        config,
        rbac: { ...rbac, runnerService: false, placeholder: true, capacityBuffer: true },
      },
    });
    expect(rulesOf(objects)).toEqual([
      ['ci', 'deployments', 'get', 'b'],
      ['ci', 'deployments/scale', 'patch', 'b'],
      ['team', 'capacitybuffers', 'get,patch', 'a'],
    ]);
  });
});
