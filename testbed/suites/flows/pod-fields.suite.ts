import type { V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipeline, step, stepResults } from './pipelines.ts';
import type { TestSystem } from './test-system.ts';

const REQUIRED = 'required_during_scheduling_ignored_during_execution';
const PREFERRED = 'preferred_during_scheduling_ignored_during_execution';
const ALL =
  '{ capabilities: { drop: [ALL] }, read_only_root_filesystem: true, allow_privilege_escalation: false }';

/** Each of these restricts a container: what is written, and what its container has. */
const NARROWED: readonly (readonly [string, string, object])[] = [
  ['a read-only root', '{ read_only_root_filesystem: true }', { readOnlyRootFilesystem: true }],
  ['no capabilities', '{ capabilities: { drop: [ALL] } }', { capabilities: { drop: ['ALL'] } }],
  ['no new privileges', '{ allow_privilege_escalation: false }', { allowPrivilegeEscalation: false }],
  [
    'a seccomp profile',
    '{ seccomp_profile: { type: RuntimeDefault } }',
    { seccompProfile: { type: 'RuntimeDefault' } },
  ],
  ['all of them', ALL, { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false }],
];

const PLACED = `affinity:
  node_affinity:
    ${REQUIRED}:
      node_selector_terms:
      - match_fields: [{ key: metadata.name, operator: NotIn, values: [nowhere] }]
    ${PREFERRED}:
    - weight: 1
      preference: { match_expressions: [{ key: kubernetes.io/hostname, operator: Exists }] }
  pod_affinity:
    ${PREFERRED}:
    - { weight: 100, pod_affinity_term: { topology_key: kubernetes.io/hostname } }
  pod_anti_affinity:
    ${REQUIRED}:
    - topology_key: kubernetes.io/hostname
      label_selector: { match_expressions: [{ key: team, operator: In, values: [none] }] }
topology_spread_constraints:
- max_skew: 5
  topology_key: kubernetes.io/hostname
  when_unsatisfiable: DoNotSchedule
  match_label_keys: [io.drone.repo.name]
  min_domains: 1
  node_taints_policy: Honor
- { max_skew: 1, topology_key: kubernetes.io/hostname, when_unsatisfiable: ScheduleAnyway }`;

/** Fields that place and restrict the Pod of a pipeline, on any cluster: the API server takes them, and the gate works with them. */
export function podFieldsSuite(where: string, open: () => Promise<TestSystem>, timeoutMs: number): void {
  describe(`placement and restrictions on ${where}`, () => {
    let system: TestSystem;
    beforeAll(async () => {
      system = await open();
    }, timeoutMs);
    afterAll(() => system.close());

    /** The Pod while its last step runs, and the end of the build. */
    const run = async (yaml: string) => {
      const { id } = system.drone.createBuild({ yaml, trusted: true });
      await system.drone.waitUntil(
        'the last step runs',
        { timeoutMs },
        () => (system.drone.step(id, 'last')?.status ?? 'pending') !== 'pending',
      );
      const [pod] = (await system.pods()) as readonly (V1Pod | undefined)[];
      const done = await system.drone.waitForBuild(id, { timeoutMs });
      await system.cleaned(timeoutMs);
      return { id, pod, done };
    };
    const last = (more = '') => step('last', ['echo ran', 'sleep 1'], more);

    it.each(NARROWED)('a step runs with %s', async (_sentence, context, want) => {
      const { id, pod, done } = await run(
        pipeline(step('first', ['echo x > from-first']) + last(`  security_context: ${context}\n`)),
      );

      expect([...stepResults(done), done.stages[0]?.error ?? '']).toEqual([
        ['clone', 'success', 0],
        ['first', 'success', 0],
        ['last', 'success', 0],
        '',
      ]);
      expect(pod?.spec?.containers[2]?.securityContext).toMatchObject(want);
      expect(system.drone.logText(id, 'last')).toContain('ran\n');
    });

    it('a pipeline runs as a user with groups, on volumes of a group', async () => {
      const pod =
        '{ run_as_user: 1000, run_as_group: 1000, run_as_non_root: true, fs_group: 2000, supplemental_groups: [3000] }';
      const { pod: made, done } = await run(pipeline(last(), `security_context: ${pod}`));

      expect([done.status, done.stages[0]?.error ?? '']).toEqual(['success', '']);
      expect(made?.spec?.securityContext).toMatchObject({ fsGroup: 2000, supplementalGroups: [3000] });
      for (const { securityContext } of made?.spec?.containers ?? [])
        expect(securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 1000, runAsNonRoot: true });
    });

    it('a Pod has the affinity and the spread of its pipeline', async () => {
      const { pod, done } = await run(pipeline(last(), PLACED));

      expect([done.status, done.stages[0]?.error ?? '']).toEqual(['success', '']);
      expect(pod?.spec?.affinity).toMatchObject({
        nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }] },
        podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100 }] },
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname' }],
        },
      });
      expect(pod?.spec?.topologySpreadConstraints).toMatchObject([
        { maxSkew: 5, minDomains: 1, nodeTaintsPolicy: 'Honor', matchLabelKeys: ['io.drone.repo.name'] },
        { maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' },
      ]);
    });
  });
}
