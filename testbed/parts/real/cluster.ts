import { errorText } from '@hangar/shared/error-text';
import { CLUSTER, TEAR_DOWN } from '../../machine/needs.ts';
import { until } from '../until.ts';
import { buildMissing } from './build.ts';
import { makeCgroups } from './cgroups.ts';
import { clusterImages, gateImage, gateName, offer } from './images.ts';
import { type Api, adminApi, expectStatus } from './kubernetes.ts';
import { withLock } from './lock.ts';
import { settleNode } from './node.ts';
import type { Say } from './plan/build-progress.ts';
import { cluster, type Layout } from './plan/layout.ts';
import { partsNamed } from './plan/parts.ts';
import { bringUp, type ServiceName } from './plan/services.ts';
import { demandMachine } from './requirements.ts';
import { bindRunner } from './runner-account.ts';
import { awaitService, bringService, settledStatuses, startService, stopService } from './services.ts';
import { prepareState, readRecord, wantedGeneration, writeRecord } from './setup.ts';
import { noteForwarding, tearDown } from './teardown.ts';

const lockFile = '/run/lock/hangar-testbed.lock';

async function exclusively<T>(say: Say, work: () => Promise<T>): Promise<T> {
  return withLock(lockFile, () => say('testbed: another process is using the cluster; waiting ...'), work);
}

/** Puts the gate's image on the node unless it is there; gives its name. Throws when it doesn't compile. */
async function offerGate(layout: Layout, say: Say): Promise<string | undefined> {
  const record = await readRecord(layout);
  if (record === undefined) throw new Error('no cluster here: npm run testbed -- up');
  const name = await gateName(layout);
  if (name === undefined || name === record.gateImage) return name;
  const gate = await gateImage(layout);
  if (gate === undefined) return undefined;
  say(`gate: putting ${gate.name} on the node`);
  await offer(layout, [gate]);
  await writeRecord(layout, { ...record, gateImage: gate.name });
  return gate.name;
}

/** The `gate` command: `offerGate` under the lock of the machine. */
export const refreshGate = (layout: Layout, say: Say): Promise<string | undefined> =>
  exclusively(say, () => offerGate(layout, say));

/** As `offerGate`, for `up`: code that is being written and doesn't compile is no reason to have no cluster. */
async function offerGateIfAny(layout: Layout, say: Say): Promise<void> {
  try {
    const name = await offerGate(layout, say);
    if (name === undefined) say('gate: runner/gate has no Go code yet; no image');
  } catch (error) {
    say(`gate: no image: ${errorText(error)}`);
  }
}

const hasAccount = (api: Api, namespace: string) => async () =>
  (await api('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/default`)).status === 200;

async function makeNamespace(api: Api): Promise<void> {
  const body = { metadata: { name: cluster.namespace } };
  expectStatus(await api('POST', '/api/v1/namespaces', body), [201, 409], 'making the namespace');
}

async function settle(layout: Layout): Promise<void> {
  const api = await adminApi(layout);
  await makeNamespace(api);
  await until('the node to be Ready', 60_000, () => settleNode(api));
  for (const namespace of ['default', cluster.namespace]) {
    await until(`the default account of ${namespace}`, 60_000, hasAccount(api, namespace));
  }
}

async function startAll(layout: Layout): Promise<void> {
  const foundation = async (names: readonly ServiceName[]) => {
    for (const name of names) await bringService(layout, name);
  };
  const images = async () => {
    await Promise.all([foundation(['containerd']), foundation(['registry'])]);
    await offer(layout, await clusterImages(layout));
  };
  await Promise.all([foundation(['etcd', 'kube-apiserver']), images()]);
  const rest = ['kube-controller-manager', 'kube-scheduler', 'kwok', 'kubelet'] as const;
  for (const name of rest) await startService(layout, name);
  await Promise.all([...rest.map((name) => awaitService(layout, name)), settle(layout)]);
}

async function rebuild(layout: Layout): Promise<void> {
  await tearDown(layout);
  await prepareState(layout);
  await noteForwarding(layout);
  await makeCgroups();
  await startAll(layout);
  await writeRecord(layout, { ...(await wantedGeneration(layout)), startedAt: new Date().toISOString() });
}

async function repair(layout: Layout, names: readonly ServiceName[]): Promise<void> {
  for (const name of names) {
    await stopService(layout, name);
    await bringService(layout, name);
  }
  await settle(layout);
}

/** What `up` found and did. */
export type UpOutcome = 'was up' | 'repaired' | 'started';

async function ensure(layout: Layout, say: Say): Promise<UpOutcome> {
  const statuses = await settledStatuses(layout, 60_000);
  const health = Object.fromEntries(statuses.map((each) => [each.name, each.health]));
  const plan = bringUp(
    health as Parameters<typeof bringUp>[0],
    await readRecord(layout),
    await wantedGeneration(layout),
  );
  switch (plan.kind) {
    case 'leave':
      return 'was up';
    case 'repair':
      say(`testbed: restarting ${plan.services.join(', ')}`);
      await repair(layout, plan.services);
      return 'repaired';
    case 'rebuild':
      say(`testbed: starting a new cluster (${plan.reason})`);
      await rebuild(layout);
      return 'started';
  }
}

/**
 * Brings the cluster up and leaves a healthy one alone; builds what the cache lacks, and clears away what a crash
 * left. Safe to call from several processes. Throws a Refusal with the cure when this machine can't.
 */
export async function up(layout: Layout, say: Say): Promise<UpOutcome> {
  await demandMachine('the test cluster', CLUSTER, layout);
  await buildMissing(layout, partsNamed([]), say);
  return exclusively(say, async () => {
    const begun = Date.now();
    const outcome = await ensure(layout, say);
    await bindRunner(layout, say);
    await offerGateIfAny(layout, say);
    if (outcome !== 'was up') say(`testbed: ${outcome} in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    return outcome;
  });
}

/** Takes the cluster down, in whatever state it is, and leaves nothing of it on the machine but the cache. */
export async function down(layout: Layout, say: Say): Promise<void> {
  await demandMachine('taking the test cluster down', TEAR_DOWN, layout);
  await exclusively(say, () => tearDown(layout));
}
