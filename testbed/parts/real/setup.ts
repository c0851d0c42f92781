import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeCertificates } from './certificates.ts';
import { cluster, type Layout, partFolder, statePaths } from './plan/layout.ts';
import { folderName, parts } from './plan/parts.ts';
import { type Generation, serviceNamed, serviceNames } from './plan/services.ts';
import { kubeconfig, settingsFiles, type Tokens, tokenFile } from './plan/settings.ts';

/** What state.json holds: which cluster this is. */
export interface StateRecord extends Generation {
  readonly startedAt: string;
  /** Hash of the role file whose account `runner.kubeconfig` belongs to. */
  readonly roleHash?: string;
  /** Name of the newest gate image on the node. */
  readonly gateImage?: string;
}

/** The cluster that would be started now: this boot, these versions and settings. */
export async function wantedGeneration(layout: Layout): Promise<Generation> {
  const services = serviceNames.map((name) => serviceNamed(layout, name));
  const versions = parts.filter((part) => part.use === 'cluster').map(folderName);
  const all = JSON.stringify([services, settingsFiles(layout), versions]);
  return {
    bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
    settingsHash: createHash('sha256').update(all).digest('hex').slice(0, 16),
  };
}

/** The record of the cluster in the state folder; undefined when there is none that can be read. */
export async function readRecord(layout: Layout): Promise<StateRecord | undefined> {
  const text = await readFile(statePaths(layout).record, 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as StateRecord);
  } catch {
    return undefined;
  }
}

/** Notes which cluster is in the state folder. */
export async function writeRecord(layout: Layout, record: StateRecord): Promise<void> {
  await writeFile(statePaths(layout).record, JSON.stringify(record));
}

async function write(path: string, text: string, mode = 0o600): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode });
}

const stageFolders = ['node/fast', 'node/heartbeat-with-lease', 'pod/fast'];

/** kwok's stages in one file: nodes and Pods become ready at once, and nodes renew their leases. */
async function stages(layout: Layout): Promise<string> {
  const root = `${partFolder(layout, 'kwok')}/stages`;
  const texts: string[] = [];
  for (const folder of stageFolders) {
    const files = (await readdir(`${root}/${folder}`)).sort();
    for (const file of files.filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')) {
      texts.push(await readFile(`${root}/${folder}/${file}`, 'utf8'));
    }
  }
  return texts.join('\n---\n');
}

async function writeSecrets(layout: Layout): Promise<void> {
  const { keys, adminKubeconfig } = statePaths(layout);
  await makeCertificates(keys);
  const authority = await readFile(`${keys}/ca.crt`, 'utf8');
  const token = () => randomBytes(24).toString('hex');
  const tokens: Tokens = {
    admin: token(),
    kubelet: token(),
    scheduler: token(),
    controllerManager: token(),
  };
  await write(`${keys}/tokens.csv`, tokenFile(tokens));
  await write(`${keys}/admin.token`, tokens.admin);
  await write(adminKubeconfig, kubeconfig(tokens.admin, authority));
  await write(`${keys}/hangar-namespace.kubeconfig`, kubeconfig(tokens.admin, authority, cluster.namespace));
  await write(`${keys}/kubelet.kubeconfig`, kubeconfig(tokens.kubelet, authority));
  await write(`${keys}/scheduler.kubeconfig`, kubeconfig(tokens.scheduler, authority));
  await write(`${keys}/controller-manager.kubeconfig`, kubeconfig(tokens.controllerManager, authority));
}

/** Makes the state folder of a new cluster: keys, tokens, kubeconfigs, settings of every process. */
export async function prepareState(layout: Layout): Promise<void> {
  const paths = statePaths(layout);
  await mkdir(layout.state, { recursive: true });
  // Root inside a Pod is root outside; the folder with the keys is for the owner alone.
  await chmod(layout.state, 0o711);
  for (const folder of [
    paths.logs,
    paths.pids,
    paths.registry,
    paths.containerd,
    paths.kubelet,
    paths.podLogs,
  ])
    await mkdir(folder, { recursive: true });
  await mkdir(paths.etcd, { recursive: true, mode: 0o700 });
  await mkdir(paths.certs, { recursive: true });
  for (const [name, text] of Object.entries(settingsFiles(layout))) {
    await write(`${paths.config}/${name}`, text, 0o644);
  }
  await write(`${paths.config}/kwok-stages.yaml`, await stages(layout), 0o644);
  await writeSecrets(layout);
}
