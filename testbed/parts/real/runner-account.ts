import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { errorText } from '@hangar/shared/error-text';
import type { Rule } from '@hangar/shared/kubernetes/rights';
import { parseAllDocuments } from 'yaml';
import { runOrThrow } from './command.ts';
import { adminApi, expectStatus } from './kubernetes.ts';
import type { Say } from './plan/build-progress.ts';
import { cluster, type Layout, programPath, statePaths } from './plan/layout.ts';
import { kubeconfig } from './plan/settings.ts';
import { readRecord, type StateRecord, writeRecord } from './setup.ts';

const yearSeconds = 365 * 24 * 3600;

async function tokenFor(layout: Layout, namespace: string): Promise<string> {
  const api = await adminApi(layout);
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/${cluster.runnerAccount}`;
  const answer = await api('POST', `${account}/token`, { spec: { expirationSeconds: yearSeconds } });
  const { body } = expectStatus(answer, [201], `a token of ${cluster.runnerAccount}`);
  return (JSON.parse(body) as { status: { token: string } }).status.token;
}

async function apply(layout: Layout, file: string): Promise<void> {
  const kubectl = programPath(layout, 'kubernetes', 'kubectl');
  const { keys, runnerKubeconfig } = statePaths(layout);
  // By the kubeconfig's own namespace, not -n: that would refuse documents for another one.
  const admin = ['--kubeconfig', `${keys}/hangar-namespace.kubeconfig`];
  await runOrThrow(kubectl, [...admin, 'apply', '--server-side', '--force-conflicts', '-f', file]);
  await writeFile(runnerKubeconfig, await kubeconfigIn(layout, cluster.namespace), { mode: 0o600 });
}

async function kubeconfigIn(layout: Layout, namespace: string): Promise<string> {
  const authority = await readFile(`${statePaths(layout).keys}/ca.crt`, 'utf8');
  return kubeconfig(await tokenFor(layout, namespace), authority, namespace);
}

/**
 * The same account in another namespace, which has to be there: gives its kubeconfig. Throws with the API server's message.
 *
 * @param rules of its Role, in place of those of docs/role.yaml
 */
export async function runnerAccountIn(
  layout: Layout,
  namespace: string,
  rules?: readonly Rule[],
): Promise<string> {
  const role = await readFile(`${layout.repository}/docs/role.yaml`, 'utf8');
  const documents = parseAllDocuments(role);
  for (const document of documents)
    if (rules && document.get('kind') === 'Role') document.set('rules', rules);
  const text = documents.map(String).join('---\n');
  const there = text.replaceAll(`namespace: ${cluster.namespace}\n`, `namespace: ${namespace}\n`);
  const kubectl = programPath(layout, 'kubernetes', 'kubectl');
  const admin = ['--kubeconfig', statePaths(layout).adminKubeconfig, '-n', namespace];
  await runOrThrow(kubectl, [...admin, 'apply', '--server-side', '-f', '-'], { input: there });
  return kubeconfigIn(layout, namespace);
}

async function withdraw(layout: Layout, { roleHash, ...record }: StateRecord): Promise<void> {
  await rm(statePaths(layout).runnerKubeconfig, { force: true });
  if (roleHash !== undefined) await writeRecord(layout, record);
}

/**
 * Gives the runner's tests a service account with exactly the runner's Role: applies docs/role.yaml when it changed,
 * and writes a kubeconfig with a token of its account. Without the file, or when the API server refuses it (one line
 * contains the reason), there is no such kubeconfig.
 */
export async function bindRunner(layout: Layout, say: Say): Promise<void> {
  const file = `${layout.repository}/docs/role.yaml`;
  const record = await readRecord(layout);
  if (record === undefined) return;
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return withdraw(layout, record);
  const roleHash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  if (record.roleHash === roleHash) return;
  say('testbed: applying docs/role.yaml');
  try {
    await apply(layout, file);
    await writeRecord(layout, { ...record, roleHash });
  } catch (error) {
    say(`testbed: no runner account: ${errorText(error)}`);
    await withdraw(layout, record);
  }
}
