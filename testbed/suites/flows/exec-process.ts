import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import type { V1Secret } from '@kubernetes/client-node';

const PROGRAM = new URL('../../../runner/src/main.ts', import.meta.url).pathname;

/** The program as a process, and what came of it. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** What one call of `hangar-runner exec` is given. */
export interface ExecOrder {
  readonly yaml: string;
  readonly flags?: readonly string[];
  /** Hears all of its output so far, again and again; `interrupt` is Ctrl-C. */
  readonly hear?: (out: string, interrupt: () => void) => void;
}

/** A place from which pipelines are run on a cluster by `hangar-runner exec`. */
export interface ExecBench {
  /** As administrator. */
  readonly admin: Cluster;
  exec(order: ExecOrder): Promise<Ended>;
  /** Names of all Pods, Secrets and Leases of the namespace. */
  left(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Sets one up; the program sees `env` and its path, nothing else. */
export async function execBench(ground: {
  readonly adminKubeconfig: string;
  readonly namespace: string;
  readonly env: Readonly<Record<string, string>>;
}): Promise<ExecBench> {
  const { adminKubeconfig, namespace, env } = ground;
  const folder = mkdtempSync(join(tmpdir(), 'hangar-exec-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const file = join(folder, 'pipeline.yml');
  writeFileSync(kubeconfig, adminKubeconfig);
  const connection = await connectByText(adminKubeconfig);
  const admin = new HttpCluster(systemClock(), connection);
  const children: ChildProcess[] = [];
  const names = async (resource: (typeof RESOURCE)[keyof typeof RESOURCE]): Promise<string[]> => {
    const { signal } = new AbortController();
    const { items } = await admin.list<V1Secret>({ resource, namespace }, {}, signal);
    return items
      .filter((one) => one.type !== 'kubernetes.io/service-account-token')
      .map((one) => `${resource.plural}/${one.metadata?.name}`);
  };
  return {
    admin,
    exec: async ({ yaml, flags = [], hear = () => undefined }) => {
      writeFileSync(file, yaml);
      const words = ['exec', '--kubeconfig', kubeconfig, '--namespace', namespace, ...flags, file];
      const child = spawn(process.execPath, ['--conditions=source', PROGRAM, ...words], {
        cwd: folder,
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.push(child);
      let [out, errors] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString();
        hear(out, () => child.kill('SIGINT'));
      });
      child.stderr.on('data', (chunk: Buffer) => {
        errors += chunk.toString();
      });
      const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
      return { code, out, errors };
    },
    left: async () =>
      (await Promise.all([RESOURCE.pods, RESOURCE.secrets, RESOURCE.leases].map(names))).flat(),
    close: async () => {
      for (const child of children) child.kill('SIGKILL');
      await connection.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A pipeline `default` of the given lines below `steps:`. */
export const pipelineOf = (...lines: readonly string[]): string =>
  ['kind: pipeline', 'type: kubernetes', 'name: default', 'steps:', ...lines].join('\n');

/** A listener that interrupts once, when `text` has been seen. */
export function interruptAt(text: string): NonNullable<ExecOrder['hear']> {
  let done = false;
  return (out, interrupt) => {
    if (done || !out.includes(text)) return;
    done = true;
    interrupt();
  };
}
