import { translateValues } from '@hangar/runner/helm-values';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { pipeline, step, stepResults } from '../flows/pipelines.ts';
import {
  ENVIRONMENT_BUILD,
  EXPECTED_ENVIRONMENT,
  environmentDifferences,
} from '../flows/previous-environment.ts';
import { type ChartValues, laidOver } from './helm.ts';
import { Site } from './site.ts';

const PATIENCE = { timeoutMs: 120_000 };

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

/** Values of the previous runner's chart, as an operator has them. */
const old = (): ChartValues => ({
  replicaCount: 1,
  image: { repository: 'drone/drone-runner-kube', tag: '1.0.0' },
  extraSecretNamesForEnvFrom: ['drone-rpc'],
  rbac: { buildNamespaces: [site.jobs] },
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

/** The translated values, with the new images and what this machine needs. */
function translated(): ChartValues {
  const values = parse(translateValues(stringify(old())).values) as ChartValues;
  const here = site.values({}) as Readonly<Record<'runner', Readonly<Record<string, unknown>>>>;
  const both = [here.runner['extraEnv'], (values['runner'] as Readonly<Record<string, unknown>>)['extraEnv']];
  const extraEnv = both.flatMap((one) => (Array.isArray(one) ? (one as object[]) : []));
  return laidOver(laidOver(here, values), { runner: { extraEnv, rpcSecret: { existingSecret: '' } } });
}

describe("translated values of the previous runner's chart, with only the new image set", () => {
  it('install', async () => {
    expect(await site.install(translated(), '--wait', '--timeout', '3m')).toContain('STATUS: deployed');
  });

  it('run the same build with the same environment, variable by variable', async () => {
    const { id } = site.drone.createBuild(ENVIRONMENT_BUILD);
    expect(stepResults(await site.drone.waitForBuild(id, PATIENCE))).toEqual([
      ['clone', 'success', 0],
      ['show', 'success', 0],
    ]);
    const expected = { ...EXPECTED_ENVIRONMENT, EVERYWHERE: 'yes' };
    expect(environmentDifferences(site.drone.logText(id, 'show') ?? '', expected)).toEqual([]);
  });

  it('end a build that fails as before, and make Pods as the old settings say', async () => {
    const yaml = pipeline(step('fails', ['sleep 2', 'exit 3']) + step('never', ['true']));
    const { id } = site.drone.createBuild({ yaml });
    const runs = (): boolean => site.drone.step(id, 'fails')?.status === 'running';
    await site.drone.waitUntil('the step runs', PATIENCE, runs);
    const [pod] = await site.builds();
    expect(pod?.metadata?.labels).toMatchObject({ team: 'blue', 'io.drone': 'true' });
    expect(pod?.spec?.serviceAccountName).toBe('default');
    expect(stepResults(await site.drone.waitForBuild(id, PATIENCE))).toEqual([
      ['clone', 'success', 0],
      ['fails', 'failure', 3],
      ['never', 'skipped', 0],
    ]);
  });
});
