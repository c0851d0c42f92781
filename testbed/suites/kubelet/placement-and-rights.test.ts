import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RealCluster } from '../../parts/real/facts.ts';
import { statePaths } from '../../parts/real/plan/layout.ts';
import { pipeline, step } from '../flows/pipelines.ts';
import { podFieldsSuite } from '../flows/pod-fields.suite.ts';
import { GATE_VOLUMES, startTestSystem, type TestSystem } from '../flows/test-system.ts';
import { type OwnedNamespaceAccess, ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

const TIMEOUT_MS = 120_000;
const NODES = 'required_during_scheduling_ignored_during_execution';

for (const gate of GATE_VOLUMES)
  podFieldsSuite(
    `a real kubelet, gate by ${gate}`,
    async () =>
      startTestSystem((await ownNamespaceAccess('fields')).ground, { env: { HANGAR_GATE_VOLUME: gate } }),
    TIMEOUT_MS,
  );

describe('what a kubelet makes of placement and rights', () => {
  const { signal } = new AbortController();
  let system: TestSystem;
  let cluster: RealCluster;
  let ground: OwnedNamespaceAccess;

  beforeAll(async () => {
    ({ cluster, ground } = await ownNamespaceAccess('rights'));
    system = await startTestSystem(ground, { env: { HANGAR_SCHEDULING_TIMEOUT: '3s' } });
  }, TIMEOUT_MS);
  afterAll(() => system.close(), TIMEOUT_MS);

  const run = async (yaml: string, name = 'one') => {
    const { id } = system.drone.createBuild({ yaml, trusted: true });
    const { status, stages } = await system.drone.waitForBuild(id, { timeoutMs: TIMEOUT_MS });
    return { status, error: stages[0]?.error ?? '', log: system.drone.logText(id, name) ?? '' };
  };
  const within = (context: string, commands: readonly string[]) =>
    pipeline(step('one', commands, `  security_context: ${context}\n`));

  it('takes from a process what the step drops, and leaves it what is mounted', async () => {
    const context =
      '{ read_only_root_filesystem: true, allow_privilege_escalation: false, capabilities: { drop: [ALL] }, seccomp_profile: { type: RuntimeDefault } }';
    const { status, error, log } = await run(
      within(context, [
        'grep -E "^(NoNewPrivs|Seccomp|CapEff|CapBnd):" /proc/self/status',
        'touch /made 2>&1 || echo read-only',
        'touch made && echo workspace',
      ]),
    );

    expect([status, error]).toEqual(['success', '']);
    const lines = log.split('\n');
    for (const line of [
      'NoNewPrivs:\t1',
      'Seccomp:\t2',
      'CapEff:\t0000000000000000',
      'CapBnd:\t0000000000000000',
    ])
      expect(lines).toContain(line);
    expect(lines).toContain('read-only');
    expect(lines).toContain('workspace');
  });

  it('adds what the step adds, and nothing else', async () => {
    const { status, log } = await run(
      within('{ capabilities: { add: [CAP_NET_ADMIN], drop: [ALL] } }', ['grep CapEff /proc/self/status']),
    );

    expect([status, log]).toEqual(['success', expect.stringContaining('CapEff:\t0000000000001000')]);
  });

  it('applies a seccomp profile of the node, for one step or for all', async () => {
    const profile = `${ground.namespace}.json`;
    const folder = join(statePaths(cluster.layout).kubelet, 'seccomp');
    const refusing = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' };
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, profile),
      JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [refusing] }),
    );
    onTestFinished(() => rmSync(join(folder, profile)));
    const localhost = `{ seccomp_profile: { type: Localhost, localhost_profile: ${profile} } }`;
    const makes = ['mkdir made 2>/dev/null && echo made || echo refused'];
    const one = await run(
      pipeline(step('one', makes, `  security_context: ${localhost}\n`) + step('two', makes)),
      'two',
    );
    expect([one.status, one.log.split('\n').at(-2)]).toEqual(['success', 'made']);
    const all = await run(
      pipeline(
        step('one', makes) + step('two', makes),
        `clone: { disable: true }\nsecurity_context: ${localhost}`,
      ),
      'two',
    );
    expect([all.status, all.log.split('\n').at(-2)]).toEqual(['success', 'refused']);
  });

  it('ends a build whose profile no node has, or for which the node has no AppArmor, with an error that names it', async () => {
    const seccomp = '{ seccomp_profile: { type: Localhost, localhost_profile: nowhere.json } }';
    expect(await run(within(seccomp, ['true']))).toMatchObject({
      status: 'error',
      error: expect.stringContaining('nowhere.json') as string,
    });
    if (existsSync('/sys/module/apparmor')) return;
    const appArmor = '{ app_armor_profile: { type: Localhost, localhost_profile: nowhere } }';
    expect(await run(within(appArmor, ['true']))).toMatchObject({
      status: 'error',
      error: expect.stringContaining('AppArmor') as string,
    });
  });

  it('gives processes and volumes the user and the groups of the pipeline', async () => {
    const pod =
      'security_context: { run_as_user: 1234, run_as_group: 1235, fs_group: 2345, supplemental_groups: [3456] }';
    const { status, log } = await run(
      pipeline(step('one', ['id', 'stat -c %g .', 'touch made && stat -c %u made']), pod),
    );

    expect(status, log).toBe('success');
    expect(log).toMatch(/uid=1234 gid=1235.*2345.*3456/);
    expect(log.split('\n')).toEqual(expect.arrayContaining(['2345', '1234']));
  });

  it('refuses an image of root for a step that must not be root, and the error says so', async () => {
    const { status, error } = await run(within('{ run_as_non_root: true }', ['true']));

    expect([status, error]).toEqual(['error', expect.stringContaining('runAsNonRoot')]);
  });

  it('has each limit: the API server takes the largest affinity that the runner makes', async () => {
    const values = Array.from({ length: 100 }, (_, n) => `v${n}`).join(', ');
    const one = `{ key: nowhere, operator: NotIn, values: [${values}] }`;
    const term = `{ match_expressions: [${Array.from({ length: 20 }, () => one).join(', ')}] }`;
    const terms = Array.from({ length: 20 }, () => term).join(', ');
    const { status, error } = await run(
      pipeline(
        step('one', ['true']),
        `affinity: { node_affinity: { ${NODES}: { node_selector_terms: [${terms}] } } }`,
      ),
    );

    expect([status, error]).toEqual(['success', '']);
  });

  it('keeps a build waiting where no node has the label, and the error names the affinity', async () => {
    const term = '{ match_expressions: [{ key: hangar.test/nowhere, operator: Exists }] }';
    const { status, error } = await run(
      pipeline(
        step('one', ['true']),
        `affinity: { node_affinity: { ${NODES}: { node_selector_terms: [${term}] } } }`,
      ),
    );

    expect([status, error]).toEqual(['error', expect.stringContaining('node affinity')]);
  });

  it('requests for each container what its step sets', async () => {
    const own = '  resources: { requests: { cpu: 30, memory: 16MiB } }\n';
    const yaml = pipeline(
      step('one', ['sleep 2'], own),
      'metadata: { annotations: { hangar.dev/resources: steps } }\nresources: { requests: { cpu: 50, memory: 64MiB } }',
    );
    const { id } = system.drone.createBuild({ yaml, trusted: true });
    await system.drone.waitUntil(
      'the step runs',
      { timeoutMs: TIMEOUT_MS },
      () => system.drone.step(id, 'one')?.status === 'running',
    );
    const { items } = await system.admin.list<V1Pod>(
      { resource: RESOURCE.pods, namespace: ground.namespace },
      // The Pod of the test before may still be there.
      { labelSelector: `hangar.dev/build-id=${id}` },
      signal,
    );
    await system.drone.waitForBuild(id, { timeoutMs: TIMEOUT_MS });

    expect(items[0]?.spec?.containers.map(({ resources }) => resources?.requests)).toEqual([
      { cpu: '20m', memory: '48Mi' },
      { cpu: '30m', memory: '16Mi' },
    ]);
  });
});
