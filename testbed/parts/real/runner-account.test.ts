import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attempt } from './command.ts';
import { connectRealCluster, type RealCluster } from './facts.ts';
import { adminApi } from './kubernetes.ts';
import { type Layout, statePaths } from './plan/layout.ts';
import { bindRunner } from './runner-account.ts';

const role = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: hangar-runner }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: hangar-runner, namespace: hangar }
rules: [{ apiGroups: [''], resources: [pods], verbs: [list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: hangar-runner, namespace: hangar }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: hangar-runner }
subjects: [{ kind: ServiceAccount, name: hangar-runner, namespace: hangar }]
`;

let facts: RealCluster;
let layout: Layout;

const giveRole = (text: string) => writeFile(`${layout.repository}/docs/role.yaml`, text);

const asRunner = (args: readonly string[]) =>
  attempt(facts.kubectl, ['--kubeconfig', statePaths(layout).runnerKubeconfig, ...args]);

beforeAll(async () => {
  facts = await connectRealCluster();
  layout = { ...facts.layout, repository: await mkdtemp(`${tmpdir()}/testbed-role-`) };
  await mkdir(`${layout.repository}/docs`);
});

afterAll(async () => {
  const api = await adminApi(layout);
  await api('DELETE', '/api/v1/namespaces/hangar/serviceaccounts/hangar-runner');
  for (const kind of ['roles', 'rolebindings']) {
    await api('DELETE', `/apis/rbac.authorization.k8s.io/v1/namespaces/hangar/${kind}/hangar-runner`);
  }
  await rm(layout.repository, { recursive: true });
  // Back to the Role of this clone.
  await connectRealCluster();
});

it('the account of docs/role.yaml may do what its Role allows, and nothing else', async () => {
  await giveRole(role);

  await bindRunner(layout, () => undefined);

  expect((await asRunner(['auth', 'can-i', 'list', 'pods'])).stdout.trim()).toBe('yes');
  expect((await asRunner(['auth', 'can-i', 'create', 'pods'])).stdout.trim()).toBe('no');
  expect((await asRunner(['auth', 'can-i', 'list', 'pods', '-n', 'default'])).stdout.trim()).toBe('no');
});

it('a changed file is applied, and one that the API server refuses is reported and gives no kubeconfig', async () => {
  await giveRole(role.replace('[list]', '[list, create]'));
  await bindRunner(layout, () => undefined);
  expect((await asRunner(['auth', 'can-i', 'create', 'pods'])).stdout.trim()).toBe('yes');

  const said: string[] = [];
  await giveRole('kind: Nonsense\n');
  await bindRunner(layout, (line) => said.push(line));

  expect(said.join('\n')).toContain('no runner account');
  await expect(readFile(statePaths(layout).runnerKubeconfig)).rejects.toThrow();
});
