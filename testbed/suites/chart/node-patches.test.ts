import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, runOrThrow } from '../../parts/real/command.ts';
import { connectRealCluster, type RealCluster } from '../../parts/real/facts.ts';
import { until } from '../../parts/until.ts';
import { CHART, Helm, LEAST, laidOver } from './helm.ts';

const NAMESPACE = `nodes-${randomBytes(3).toString('hex')}`;
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:hangar-autoscaler`;
const FILES = ['rbac', 'node-patches'].map((name) => `templates/autoscaler/${name}.yaml`);

let real: RealCluster;
const kubectl = (...args: readonly string[]) => ['--kubeconfig', real.adminKubeconfig, ...args];
const run = (args: readonly string[], input = ''): Promise<string> =>
  runOrThrow(real.kubectl, kubectl(...args), { input });

/** A patch of the node by the autoscaler's account, by a dry run: what the API server says to it. */
const patch = async (change: readonly Change[]): Promise<string> => {
  const words = ['patch', 'node', real.nodeName, '--dry-run=server', '--type=json', `--as=${ACCOUNT}`];
  const answer = await attempt(real.kubectl, kubectl(...words, '-p', JSON.stringify(change)));
  return `${answer.stdout}${answer.stderr}`;
};
interface Change {
  readonly op: 'add' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}
const add = (path: string, value: unknown): readonly Change[] => [{ op: 'add', path, value }];
/** The node has a taint of somebody else throughout, which stays. */
const taint = (key: string, effect: string) => add('/spec/taints/-', { key, effect });
const OTHER = 'a.test/other';

beforeAll(async () => {
  real = await connectRealCluster();
  const helm = await Helm.open(real.layout, real.adminKubeconfig);
  await run(['create', 'namespace', NAMESPACE]);
  await run(['taint', 'node', real.nodeName, `${OTHER}:PreferNoSchedule`]);
  const autoscaler = { nodePatchPolicy: true, rbac: { place: true } };
  const values = laidOver(LEAST, { runner: { enabled: true }, autoscaler });
  const shown = FILES.flatMap((file) => ['-s', file]);
  const text = await helm.run(['template', 'hangar', CHART, '-n', NAMESPACE, ...shown], values);
  await run(['apply', '-f', '-'], text);
  // A policy is in force some moments after it was made.
  await until('the policy to be in force', 30_000, async () =>
    (await patch(add('/metadata/labels/a', 'b'))).includes('denied'),
  );
});
afterAll(async () => {
  const name = `${NAMESPACE}-hangar-autoscaler`;
  await run(['delete', 'clusterrole,clusterrolebinding', name]);
  await run(['delete', 'validatingadmissionpolicy,validatingadmissionpolicybinding', `${name}-nodes`]);
  await run(['taint', 'node', real.nodeName, `${OTHER}-`]);
  await run(['delete', 'namespace', NAMESPACE, '--wait=false']);
});

describe('of nodes the autoscaler may change', () => {
  it.each<[string, readonly Change[]]>([
    ['its soft taint', taint('hangar.dev/surplus', 'PreferNoSchedule')],
    ['its hard taint for a node that is removed', taint('hangar.dev/closing', 'NoSchedule')],
  ])('%s, beside those of others', async (_, change) => {
    expect(await patch(change)).toMatch(/patched/);
  });

  it.each<[string, readonly Change[], RegExp]>([
    ['a taint of another that is there', [{ op: 'remove', path: '/spec/taints/0' }], /only the taints/],
    ['a taint of another', taint('dedicated', 'NoSchedule'), /only the taints hangar\.dev\/surplus/],
    ['its taint where it would end all Pods', taint('hangar.dev/closing', 'NoExecute'), /has the effect/],
    ['its soft taint as a hard one', taint('hangar.dev/surplus', 'NoSchedule'), /has the effect/],
    ['a label, which decides what runs there', add('/metadata/labels/a', 'b'), /no labels, annotations/],
    ['an annotation', add('/metadata/annotations/a', 'b'), /no labels, annotations/],
    ['a finalizer', add('/metadata/finalizers', ['a.test/b']), /no labels, annotations/],
    ['whether Pods may come', add('/spec/unschedulable', true), /nothing but taints/],
  ])('not %s', async (_, change, reason) => {
    expect(await patch(change)).toMatch(reason);
  });

  it('while the policy says nothing to others', async () => {
    const words = ['label', 'node', real.nodeName, 'a.test/b=c', '--dry-run=server'];
    expect(await run(words)).toContain('labeled');
  });
});
