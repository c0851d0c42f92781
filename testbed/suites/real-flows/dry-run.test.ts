import { compileSettings, outcomes, pipelines } from '@hangar/runner/compile-testing';
import type { Compiled } from '@hangar/runner/compiled';
import type { V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRealCluster } from '../../parts/real/facts.ts';
import { type Api, adminApi, expectStatus } from '../../parts/real/kubernetes.ts';
import { until } from '../../parts/until.ts';

const PODS = 2_000;
const BATCH = 200;
const AT_ONCE = 8;
const NAMESPACE = `dry-run-${Date.now().toString(36)}`;
/** Nothing is kept, and fields that are not known or written twice are refused. */
const DRY = '?dryRun=All&fieldValidation=Strict';

/** A pipeline of which nothing can run gets no Pod. */
const isPod = (one: Compiled | Error): one is Compiled =>
  !(one instanceof Error) && one.plan.steps.length > 0;

/** What the property tests of the compiler make, as far as it compiles. */
function compiledCases(wanted: number): readonly Compiled[] {
  const cases: Compiled[] = [];
  while (cases.length < wanted) {
    const samples = fc.sample(fc.tuple(pipelines, compileSettings), BATCH);
    const all = samples.flatMap(([written, settings]) => outcomes(JSON.stringify(written), { settings }));
    cases.push(...all.filter(isPod));
  }
  return cases.slice(0, wanted);
}

/** In one namespace, and with an account that is there: without it a Pod is refused before its fields are looked at. */
function placed({ metadata, spec, ...pod }: V1Pod): V1Pod {
  const { containers = [], ...rest } = spec ?? {};
  const own = { ...rest, containers, serviceAccountName: 'default' };
  return { ...pod, metadata: { ...metadata, namespace: NAMESPACE }, spec: own };
}

describe('what the compiler makes of generated pipelines', () => {
  let api: Api;
  beforeAll(async () => {
    api = await adminApi((await connectRealCluster()).layout);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    expectStatus(await api('POST', '/api/v1/namespaces', namespace), [201], 'the namespace');
    const account = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`;
    await until(
      'the account of the namespace',
      60_000,
      async () => (await api('GET', account)).status === 200,
    );
  });
  afterAll(() => api('DELETE', `/api/v1/namespaces/${NAMESPACE}`));

  /** What the API server says of an object that it refuses. */
  async function refusal(kind: 'pods' | 'secrets', object: object): Promise<readonly string[]> {
    const answer = await api('POST', `/api/v1/namespaces/${NAMESPACE}/${kind}${DRY}`, object);
    return answer.status === 201 ? [] : [`${answer.body}\n${JSON.stringify(object)}`];
  }

  it(`is accepted by the API server: ${PODS} Pods and their Secrets, by a dry run`, async () => {
    const cases = compiledCases(PODS);
    const objections: string[] = [];
    const left = cases.values();
    const work = async (): Promise<void> => {
      for (const { pod, secrets } of left) {
        objections.push(...(await refusal('pods', placed(pod))));
        for (const secret of secrets) {
          const metadata = { ...secret.metadata, namespace: NAMESPACE };
          objections.push(...(await refusal('secrets', { ...secret, metadata })));
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    expect(objections.slice(0, 3)).toEqual([]);
  });

  it('would not be if a field were wrong', async () => {
    const [{ pod } = { pod: {} }] = compiledCases(1);
    const wrong = { ...placed(pod), spec: { ...placed(pod).spec, restartPolicy: 'Sometimes' } };
    expect(await refusal('pods', wrong)).toEqual([expect.stringContaining('restartPolicy')]);
    const unknown = { ...placed(pod), spec: { ...placed(pod).spec, restartPolcy: 'Never' } };
    expect(await refusal('pods', unknown)).toEqual([expect.stringContaining('restartPolcy')]);
  });
});
