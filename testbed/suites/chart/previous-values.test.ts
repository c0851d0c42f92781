import { translateValues } from '@hangar/runner/helm-values';
import type { V1Container, V1EnvVar } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { pipeline, step, stepResults } from '../flows/pipelines.ts';
import { ENVIRONMENT_BUILDS, environmentDifferences } from '../flows/previous-environment.ts';
import { PREVIOUS_RULES } from '../flows/previous-role.suite.ts';
import { type ChartValues, laidOver } from './helm.ts';
import { Site } from './site.ts';

const PATIENCE = { timeoutMs: 120_000 };
const ACCOUNT = 'drone-runner';

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

/** Values of the previous runner's chart, as an operator has them who makes account and Role without the chart. */
const old = () => ({
  replicaCount: 1,
  image: { repository: 'drone/drone-runner-kube', tag: '1.0.0' },
  extraSecretNamesForEnvFrom: ['drone-rpc'],
  rbac: { create: false, buildNamespaces: [site.jobs] },
  serviceAccount: { create: false, name: ACCOUNT },
  env: {
    DRONE_NAMESPACE_DEFAULT: site.jobs,
    DRONE_RUNNER_CAPACITY: '5',
    DRONE_RUNNER_MAX_PROCS: '10',
    DRONE_RUNNER_ENVIRON: 'EVERYWHERE:yes',
    DRONE_RESOURCE_REQUEST_CPU: '50',
    DRONE_LABELS_DEFAULT: 'team:blue',
    DRONE_UI_DISABLE: 'T',
  },
});

/** What this machine needs of every Pod of a runner: no DNS and no routes for Pods, and the images of the test cluster. */
interface Here {
  readonly nodeSelector: object;
  readonly hostAliases: object;
  readonly extraEnv: readonly object[];
  readonly config: Readonly<Record<string, unknown>>;
}
const here = (): Here => (site.values() as { readonly runner: Here }).runner;

/** The translated values with only the image of the runner set: none of the gate. */
function translated(): ChartValues {
  const values = parse(translateValues(stringify(old())).values) as { readonly runner: Here };
  const { nodeSelector, hostAliases, extraEnv, config } = here();
  const [repository, tag] = site.imageOf('runner').split(/:(?=[^:]*$)/);
  const image = { repository, tag };
  const all = [...extraEnv, ...values.runner.extraEnv];
  return laidOver({ ...values }, { runner: { image, nodeSelector, hostAliases, extraEnv: all, config } });
}

/** The Deployment that the previous runner's chart makes of those values, with the new image and what this machine needs. */
function oldDeployment(namespace: string): object {
  const { nodeSelector, hostAliases, extraEnv, config } = here();
  const written = { ...config, ...old().env };
  const asText = (value: unknown): string =>
    typeof value === 'string' ? value : JSON.stringify(value).replaceAll(/[[\]{}"]/g, '');
  const env = Object.entries(written).map(([name, value]) => ({ name, value: asText(value) }));
  const labels = { 'app.kubernetes.io/name': 'drone-runner-kube', 'app.kubernetes.io/component': 'runner' };
  const container: V1Container = {
    name: 'drone-runner-kube',
    image: site.imageOf('runner'),
    ports: [{ name: 'http', containerPort: 3000 }],
    envFrom: [{ secretRef: { name: 'drone-rpc' } }],
    env: [...env, ...extraEnv] as V1EnvVar[],
    livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
    readinessProbe: { httpGet: { path: '/healthz', port: 'http' } },
  };
  const pod = { serviceAccountName: ACCOUNT, nodeSelector, hostAliases, containers: [container] };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'drone-runner-kube', namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: pod },
    },
  };
}

/** The Role of the previous runner, which is in the namespace of the builds and has nothing of Hangar's, for an account of that namespace. */
function previousRights(namespace: string): string {
  const metadata = { name: ACCOUNT, namespace: site.jobs };
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const subject = { kind: 'ServiceAccount', name: ACCOUNT, namespace };
  const items = [
    { apiVersion, kind: 'Role', metadata, rules: PREVIOUS_RULES },
    {
      ...{ apiVersion, kind: 'RoleBinding', metadata, subjects: [subject] },
      roleRef: { apiGroup, kind: 'Role', name: ACCOUNT },
    },
  ];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

const ended = async (id: number) => stepResults(await site.drone.waitForBuild(id, PATIENCE));

/** Runs the same builds as the previous runner would have run, and compares results, environments and a Pod. */
function sameBuilds(): void {
  it.each(Object.entries(ENVIRONMENT_BUILDS))(
    'run a build of a %s with the same environment, variable by variable',
    async (_, { request, expected }) => {
      const { id } = site.drone.createBuild(request);
      expect(await ended(id)).toEqual([
        ['clone', 'success', 0],
        ['show', 'success', 0],
      ]);
      const all = { ...expected, EVERYWHERE: 'yes' };
      expect(environmentDifferences(site.drone.logText(id, 'show') ?? '', all)).toEqual([]);
    },
  );

  it('run a plugin whose command line is not known: its image takes the place of a placeholder', async () => {
    // This image is on the node, and in no registry that could be queried.
    const unknown = site.imageOf('autoscaler');
    const yaml = pipeline(`- name: plugin\n  image: ${unknown}\n  command: [--version]\n`);
    const { id } = site.drone.createBuild({ yaml });
    expect(await ended(id)).toEqual([
      ['clone', 'success', 0],
      ['plugin', 'success', 0],
    ]);
    expect(site.drone.logText(id, 'plugin')).toMatch(/^hangar-autoscaler \d/);
  });

  it('end a build that fails as before, and make Pods as the old settings say', async () => {
    const yaml = pipeline(step('fails', ['sleep 2', 'exit 3']) + step('never', ['true']));
    const { id } = site.drone.createBuild({ yaml });
    const runs = (): boolean => site.drone.step(id, 'fails')?.status === 'running';
    await site.drone.waitUntil('the step runs', PATIENCE, runs);
    const pod = (await site.builds()).find(({ status }) => status?.phase === 'Running');
    expect(pod?.metadata?.labels).toMatchObject({ team: 'blue', 'io.drone': 'true' });
    expect(pod?.spec?.serviceAccountName).toBe('default');
    expect(pod?.spec?.initContainers?.map(({ image }) => image)).toEqual([site.imageOf('runner')]);
    expect(await ended(id)).toEqual([
      ['clone', 'success', 0],
      ['fails', 'failure', 3],
      ['never', 'skipped', 0],
    ]);
    expect(site.drone.complaints).toEqual([]);
  });
}

describe("translated values of the previous runner's chart, with its Role and only the new image set", () => {
  beforeAll(async () => {
    await site.kubectl(['create', 'serviceaccount', ACCOUNT]);
    await site.kubectlInJobs(['apply', '-f', '-'], previousRights(site.namespace));
  });

  it('install', async () => {
    expect(await site.install(translated(), '--wait', '--timeout', '3m')).toContain('STATUS: deployed');
  });

  sameBuilds();

  it('are removed without a trace', async () => {
    expect(await site.helmRun('uninstall', 'hangar', '--wait', '--timeout', '2m')).toContain('uninstalled');
  });
});

describe("the previous runner's Deployment, with its Role and only the image exchanged", () => {
  beforeAll(async () => {
    await site.kubectlInJobs(['create', 'serviceaccount', ACCOUNT]);
    await site.kubectlInJobs(['apply', '-f', '-'], previousRights(site.jobs));
    await site.kubectlInJobs(['apply', '-f', '-'], JSON.stringify(oldDeployment(site.jobs)));
  });

  it('becomes ready', async () => {
    const wait = ['rollout', 'status', 'deployment/drone-runner-kube', '--timeout=2m'];
    expect(await site.kubectlInJobs(wait)).toContain('successfully rolled out');
  });

  sameBuilds();
});
