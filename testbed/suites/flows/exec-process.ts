import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@hangar/shared/clock';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { Child } from '@hangar/shared/testing/child-process';
import type { V1Secret } from '@kubernetes/client-node';
import type { TestClusterAccess } from './test-system.ts';

const PROGRAM = new URL('../../../runner/src/main.ts', import.meta.url).pathname;

/** The program as a process, and its result. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** What one call of `hangar-runner exec` is given. */
export interface ExecCall {
  readonly yaml: string;
  readonly flags?: readonly string[];
  /** Called with all of its output so far, again and again; `interrupt` is Ctrl-C. */
  readonly onOutput?: (out: string, interrupt: () => void) => void;
}

/** Runs pipelines on a cluster by `hangar-runner exec`. */
export interface ExecSession {
  exec(call: ExecCall): Promise<Ended>;
  /** Names of all Pods, Secrets and Leases of the namespace. */
  left(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Prepares a folder and a connection; the program sees `env` and its path, nothing else. */
export async function openExecSession({
  adminKubeconfig,
  namespace,
  env,
}: TestClusterAccess): Promise<ExecSession> {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-exec-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const file = join(folder, 'pipeline.yml');
  writeFileSync(kubeconfig, adminKubeconfig);
  const connection = await connectByText(adminKubeconfig);
  const admin = new HttpCluster(systemClock(), connection);
  const children: Child[] = [];
  const names = async (resource: (typeof RESOURCE)[keyof typeof RESOURCE]): Promise<string[]> => {
    const { signal } = new AbortController();
    const { items } = await admin.list<V1Secret>({ resource, namespace }, {}, signal);
    return items
      .filter((one) => one.type !== 'kubernetes.io/service-account-token')
      .map((one) => `${resource.plural}/${one.metadata?.name}`);
  };
  return {
    exec: async ({ yaml, flags = [], onOutput = () => undefined }) => {
      writeFileSync(file, yaml);
      const words = ['exec', '--kubeconfig', kubeconfig, '--namespace', namespace, ...flags, file];
      const child = new Child(process.execPath, ['--conditions=source', PROGRAM, ...words], {
        folder,
        env: { PATH: process.env['PATH'], ...env },
      });
      children.push(child);
      child.listen(() => onOutput(child.out, () => child.kill('SIGINT')));
      const { code } = await child.exit;
      return { code, out: child.out, errors: child.errors };
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
export function interruptAt(text: string): NonNullable<ExecCall['onOutput']> {
  let done = false;
  return (out, interrupt) => {
    if (done || !out.includes(text)) return;
    done = true;
    interrupt();
  };
}
