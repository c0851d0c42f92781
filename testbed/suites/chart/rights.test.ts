import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  RIGHTS as AUTOSCALER_RIGHTS,
  rulesOf as autoscalerRules,
  type ServiceFeature,
} from '@hangar/autoscaler/permissions';
import { review as reviewAutoscaler } from '@hangar/autoscaler/review';
import { RIGHTS as RUNNER_RIGHTS, rulesOf as runnerRules } from '@hangar/runner/permissions';
import { review as reviewRunner } from '@hangar/runner/review';
import { systemClock } from '@hangar/shared/clock';
import { type Connection, connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOrThrow } from '../../parts/real/command.ts';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';
import { statePaths } from '../../parts/real/plan/layout.ts';
import { kubeconfig } from '../../parts/real/plan/settings.ts';
import { until } from '../../parts/until.ts';

const NAME = `rights-${randomBytes(3).toString('hex')}`;
const PATIENCE_MS = 20_000;
const { signal } = new AbortController();

let real: RealCluster;
let connection: Connection;
let cluster: HttpCluster;

const kubectl = (args: readonly string[], input?: string): Promise<string> =>
  runOrThrow(
    real.kubectl,
    ['--kubeconfig', real.adminKubeconfig, ...args],
    input === undefined ? {} : { input },
  );

/** The account may do this and nothing else, everywhere. */
const grant = (rules: readonly object[]): Promise<string> =>
  kubectl(['patch', 'clusterrole', NAME, '--type=merge', '-p', JSON.stringify({ rules })]);

beforeAll(async () => {
  real = await connectRealCluster();
  await kubectl(['create', 'namespace', NAME]);
  await kubectl(['create', 'serviceaccount', NAME, '-n', NAME]);
  await kubectl(['create', 'clusterrole', NAME, '--verb=get', '--resource=configmaps']);
  await kubectl([
    'create',
    'clusterrolebinding',
    NAME,
    `--clusterrole=${NAME}`,
    `--serviceaccount=${NAME}:${NAME}`,
  ]);
  const token = (await kubectl(['create', 'token', NAME, '-n', NAME])).trim();
  const authority = await readFile(`${statePaths(real.layout).keys}/ca.crt`, 'utf8');
  connection = await connectByText(kubeconfig(token, authority, NAME));
  cluster = new HttpCluster(systemClock(), connection);
});
afterAll(async () => {
  await connection.close();
  await kubectl(['delete', 'clusterrole,clusterrolebinding', NAME]);
  await kubectl(['delete', 'namespace', NAME, '--wait=false']);
});

interface AnyRight {
  readonly verb: string;
  readonly resource: string;
}
const named = ({ verb, resource }: AnyRight): string => `${verb} ${resource}`;

describe('the runner on a real API server', () => {
  const places = { pods: [NAME], somePods: [], lease: NAME, randomNamespaces: true, nodes: true };
  const reviewed = async (): Promise<readonly string[]> => {
    const { missing, warnings } = await reviewRunner(cluster, places, signal);
    return [...missing, ...warnings];
  };

  it('misses nothing with the rights of its list', async () => {
    await grant(runnerRules(RUNNER_RIGHTS));
    await until('all rights to be there', PATIENCE_MS, async () => (await reviewed()).length === 0);
  });

  it.each(RUNNER_RIGHTS.map((right) => [named(right), right] as const))(
    'without %s it says so, what for, and the rule to add',
    async (name, right) => {
      await grant(runnerRules(RUNNER_RIGHTS.filter((one) => one !== right)));
      let found: readonly string[] = [];
      await until('only that one to be missing', PATIENCE_MS, async () => {
        found = await reviewed();
        return found.length > 0 && found.every((text) => text.includes(`${name} (${right.use}`));
      });
      for (const text of found)
        expect(text).toContain(`resources: [${right.resource}], verbs: [${right.verb}]`);
    },
  );
});

describe('the autoscaler on a real API server', () => {
  const features = new Set<ServiceFeature>(AUTOSCALER_RIGHTS.map(({ feature }) => feature));
  const objects = Object.fromEntries([...features].map((feature) => [feature, [NAME]]));
  const places = { runners: [NAME], lease: [NAME], events: [NAME], objects };
  const missing = async (): Promise<ReadonlyMap<ServiceFeature, string>> =>
    (await reviewAutoscaler(cluster, features, places, signal)).missing;

  it('misses nothing with the rights of its list', async () => {
    await grant(autoscalerRules(AUTOSCALER_RIGHTS));
    await until('all rights to be there', PATIENCE_MS, async () => (await missing()).size === 0);
  });

  const same = (one: AnyRight & { group: string }, other: AnyRight & { group: string }): boolean =>
    named(one) === named(other) && one.group === other.group;

  const singles = AUTOSCALER_RIGHTS.filter(
    (right, place, all) => all.findIndex((one) => same(one, right)) === place,
  );
  it.each(singles.map((right) => [`${named(right)} ${right.group}`, right] as const))(
    'without %s only its features are off, each with its cure',
    async (_, right) => {
      await grant(autoscalerRules(AUTOSCALER_RIGHTS.filter((one) => !same(one, right))));
      const concerned = AUTOSCALER_RIGHTS.filter((one) => same(one, right)).map(({ feature }) => feature);
      let found: ReadonlyMap<ServiceFeature, string> = new Map();
      await until('only those to be off', PATIENCE_MS, async () => {
        found = await missing();
        return found.size === new Set(concerned).size && concerned.every((feature) => found.has(feature));
      });
      for (const text of found.values()) {
        expect(text).toContain(`resources: [${right.resource}], verbs: [${right.verb}]`);
        expect(text).toMatch(/^a permission is missing, so .+: add .+ to a (Cluster)?Role/);
      }
    },
  );
});
