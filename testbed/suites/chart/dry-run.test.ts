import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, runOrThrow } from '../../parts/real/command.ts';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';
import { partFolder } from '../../parts/real/plan/layout.ts';
import { CHART, Helm, LEAST, laidOver } from './helm.ts';
import { switchesOf } from './switches.ts';

const id = randomBytes(3).toString('hex');
const SPACES = { release: `chart-${id}`, builds: `chart-${id}-builds`, team: `chart-${id}-team` };
/** A namespace is no more than a name here, but one that the API server must know. */
const SWITCHES = {
  ...switchesOf(SPACES),
  'monitors and alerts': { monitoring: { labels: { release: 'prometheus' } } },
};

/** Kinds that are not part of Kubernetes: names of their definitions, by the part of the testbed that has them. */
const KINDS = {
  'prometheus-operator': ['servicemonitors', 'podmonitors', 'prometheusrules'].map(
    (kind) => `${kind}.monitoring.coreos.com`,
  ),
  'gateway-api': ['httproutes.gateway.networking.k8s.io'],
} as const;

let real: RealCluster;
let helm: Helm;
const kubectl = (...args: readonly string[]) => [...['--kubeconfig', real.adminKubeconfig], ...args];

beforeAll(async () => {
  real = await connectRealCluster();
  helm = await Helm.open(real.layout, real.adminKubeconfig);
  for (const part of ['prometheus-operator', 'gateway-api'] as const)
    for (const name of KINDS[part]) await define(part, name);
  for (const name of Object.values(SPACES))
    await runOrThrow(real.kubectl, kubectl('create', 'namespace', name));
});
afterAll(async () => {
  await runOrThrow(real.kubectl, kubectl('delete', 'crd', ...Object.values(KINDS).flat()));
  await runOrThrow(real.kubectl, kubectl('delete', 'namespace', '--wait=false', ...Object.values(SPACES)));
});

/** Applies a definition such as `httproutes.gateway.networking.k8s.io`, from a file named by its group and its plural. */
async function define(part: keyof typeof KINDS, name: string): Promise<void> {
  const [plural = ''] = name.split('.');
  const file = `${partFolder(real.layout, part)}/crds/${name.slice(plural.length + 1)}_${plural}.yaml`;
  await runOrThrow(real.kubectl, kubectl('apply', '--server-side', '-f', file));
}

describe('the API server, by a dry run', () => {
  it.each(Object.entries(SWITCHES))('takes every object with %s, to the last field', async (_, values) => {
    const kinds = ['ServiceMonitor', 'PrometheusRule'].flatMap((kind) => [
      '--api-versions',
      `monitoring.coreos.com/v1/${kind}`,
    ]);
    const flags = ['-n', SPACES.release, '--no-hooks', ...kinds];
    const text = await helm.run(['template', 'hangar', CHART, ...flags], laidOver(LEAST, values));
    const apply = ['apply', '--dry-run=server', '--validate=strict', '-f', '-'];
    const answer = await attempt(real.kubectl, kubectl(...apply), { input: text });
    expect(answer.stderr.replaceAll(/^Warning: resource namespaces.*$/gm, '').trim()).toBe('');
    expect(answer.exitCode).toBe(0);
    expect(answer.stdout.split('\n').filter(Boolean).length).toBeGreaterThan(3);
  });

  it('takes the Pod of helm test under Pod Security "restricted"', async () => {
    const text = await helm.run(
      ['template', 'hangar', CHART, '-n', SPACES.release, '-s', 'templates/tests/pipeline.yaml'],
      LEAST,
    );
    const label = 'pod-security.kubernetes.io/enforce=restricted';
    await runOrThrow(real.kubectl, kubectl('label', 'namespace', SPACES.release, label, '--overwrite'));
    // The admission of accounts wants the one that only an install makes.
    const account = ['create', 'serviceaccount', 'hangar-runner', '-n', SPACES.release];
    await runOrThrow(real.kubectl, kubectl(...account));
    const create = ['create', '--dry-run=server', '--validate=strict', '-f', '-'];
    expect(await runOrThrow(real.kubectl, kubectl(...create), { input: text })).toContain(
      'pod/hangar-test created',
    );
  });
});
