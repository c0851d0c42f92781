import { randomBytes } from 'node:crypto';
import type { V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, runOrThrow } from '../../parts/real/command.ts';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';
import { partFolder } from '../../parts/real/plan/layout.ts';
import { sampleOf } from './samples.ts';

const id = randomBytes(3).toString('hex');
const SPACE = `admission-${id}`;
const POLICY = `hangar-build-images-${id}`;
/** The sample of the page, for a namespace and under a name of this test. */
const SAMPLE = sampleOf('build-images.yaml')
  .replaceAll('hangar-build-images', POLICY)
  .replace('kubernetes.io/metadata.name: builds', `kubernetes.io/metadata.name: ${SPACE}`);

const GOOD = 'registry.acme.test/widget:1';
const GATE = 'mirror.acme.test/hangar-gate:1.0.0';
const BAD = 'docker.io/library/alpine:3';

let real: RealCluster;
const kubectl = (...args: readonly string[]) => [...['--kubeconfig', real.adminKubeconfig], ...args];

/** A Pod that no node gets, since a gate holds it. */
function aPod(name: string, spec: Partial<V1Pod['spec'] & object> = {}): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: SPACE },
    spec: {
      containers: [{ name: 'a', image: GOOD }],
      initContainers: [{ name: 'gate', image: GATE }],
      schedulingGates: [{ name: 'acme.test/never' }],
      automountServiceAccountToken: false,
      ...spec,
    },
  };
}

/** What the API server says to a Pod; empty: it takes it. */
async function refusal(pod: V1Pod): Promise<string> {
  const create = ['create', '--dry-run=server', '--validate=strict', '-f', '-'];
  const { exitCode, stderr } = await attempt(real.kubectl, kubectl(...create), {
    input: JSON.stringify(pod),
  });
  return exitCode === 0 ? '' : stderr;
}

beforeAll(async () => {
  real = await connectRealCluster();
  await runOrThrow(real.kubectl, kubectl('create', 'namespace', SPACE));
  // Where no controller makes it, the admission of accounts misses it.
  await attempt(real.kubectl, kubectl('create', 'serviceaccount', 'default', '-n', SPACE));
});
afterAll(async () => {
  const kinds = ['validatingadmissionpolicy', 'validatingadmissionpolicybinding'];
  for (const kind of kinds)
    await runOrThrow(real.kubectl, kubectl('delete', '--ignore-not-found', kind, POLICY));
  await runOrThrow(real.kubectl, kubectl('delete', 'namespace', '--wait=false', SPACE));
});

describe('the ValidatingAdmissionPolicy of docs/threat-model.md', () => {
  it('is taken by the API server, to the last field and without a warning', async () => {
    const dry = ['apply', '--dry-run=server', '--validate=strict', '-f', '-'];
    const answer = await attempt(real.kubectl, kubectl(...dry), { input: SAMPLE });
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' });
    expect(answer.stdout.split('\n').filter(Boolean)).toHaveLength(2);
  });

  it('refuses a Pod with another image, and takes those of the registry and of the gate', async () => {
    await runOrThrow(real.kubectl, kubectl('apply', '-f', '-'), { input: SAMPLE });
    const bad = aPod('bad', { containers: [{ name: 'a', image: BAD }] });
    // A policy has an effect some seconds after it was made.
    await expect
      .poll(() => refusal(bad), { timeout: 60_000, interval: 500 })
      .toContain('builds may use images of registry.acme.test only');
    expect(await refusal(aPod('good'))).toBe('');
    expect(await refusal(aPod('gate', { containers: [{ name: 'a', image: GATE }] }))).toBe('');
    const alike = aPod('alike', { containers: [{ name: 'a', image: 'registry.acme.test.evil.test/a:1' }] });
    expect(await refusal(alike)).toContain('builds may use images');
  });

  it('refuses such an image in an init container, an ephemeral one and a volume', async () => {
    expect(await refusal(aPod('init', { initContainers: [{ name: 'i', image: BAD }] }))).toContain(
      'builds may use images',
    );
    const volumes = [{ name: 'v', image: { reference: BAD } }];
    expect(await refusal(aPod('volume', { volumes }))).toContain('builds may use images');
    const pod = aPod('debugged');
    await runOrThrow(real.kubectl, kubectl('create', '-f', '-'), { input: JSON.stringify(pod) });
    const path = `/api/v1/namespaces/${SPACE}/pods/debugged`;
    const there = JSON.parse(await runOrThrow(real.kubectl, kubectl('get', '--raw', path))) as V1Pod;
    const added = (image: string) => {
      const ephemeralContainers = [{ name: 'debug', image, terminationMessagePolicy: 'File' }];
      const replace = ['replace', '--raw', `${path}/ephemeralcontainers?dryRun=All`, '-f', '-'];
      const input = JSON.stringify({ ...there, spec: { ...there.spec, ephemeralContainers } });
      return attempt(real.kubectl, kubectl(...replace), { input });
    };
    expect((await added(BAD)).stderr).toContain('builds may use images');
    expect((await added(GOOD)).exitCode).toBe(0);
  });
});

describe('the Kyverno policy of docs/threat-model.md', () => {
  const KYVERNO = sampleOf('build-images-kyverno.yaml');
  const dryRun = (sample: string) =>
    attempt(real.kubectl, kubectl('apply', '--dry-run=server', '--validate=strict', '-f', '-'), {
      input: sample,
    });

  beforeAll(async () => {
    const file = `${partFolder(real.layout, 'kyverno')}/crds/policies.kyverno.io_validatingpolicies.yaml`;
    await runOrThrow(real.kubectl, kubectl('apply', '--server-side', '-f', file));
    const established = ['wait', '--for=condition=Established', '--timeout=30s', '-f', file];
    await runOrThrow(real.kubectl, kubectl(...established));
  });
  afterAll(async () => {
    await runOrThrow(real.kubectl, kubectl('delete', 'crd', 'validatingpolicies.policies.kyverno.io'));
  });

  it('is taken by an API server that has its kind, to the last field and without a warning', async () => {
    expect(await dryRun(KYVERNO)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('is refused there with a field that Kyverno does not have', async () => {
    const misspelt = KYVERNO.replace('validationActions', 'validationAction');
    expect((await dryRun(misspelt)).stderr).toContain('unknown field "spec.validationAction"');
  });
});
