import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { ReplayResult } from '@hangar/autoscaler/replay/result';
import type { V1Node } from '@kubernetes/client-node';
import { runOrThrow } from '../../parts/real/command.ts';

const PROGRAM = new URL('../../../autoscaler/src/main.ts', import.meta.url).pathname;

/** What is taken of the answer of `replay --json`: waits as from arrival to node, in seconds. */
export type ReplayFigures = Pick<ReplayResult, 'jobs' | 'nodeHours' | 'boots' | 'waitSeconds'>;

/** A trace and the environment of its replay. */
export interface ReplayQuestion {
  /** Paths of the trace, and of the settings of the service that wrote it. */
  readonly trace: string;
  readonly settings: string;
  /** One of the nodes, for what it has, as Kubernetes quantities. */
  readonly node: { readonly cpu: string; readonly memory: string };
  readonly policy: 'karpenter' | 'karpenter-buffer';
  /** How long the service ran before the first build; 0 by default. */
  readonly leadInSeconds?: number;
}

/** The part of a node that a replay needs. */
export function sizeOf(node: V1Node | undefined): ReplayQuestion['node'] {
  const { cpu = '', memory = '' } = node?.status?.allocatable ?? {};
  return { cpu, memory };
}

/** The output of `hangar-autoscaler replay`, run as by an operator. Rejects with its message when it fails. */
export async function replayed(question: ReplayQuestion): Promise<ReplayFigures> {
  const { trace, settings, node, policy, leadInSeconds = 0 } = question;
  const reported = await runOrThrow(process.execPath, [
    ...['--conditions=source', PROGRAM, 'replay', '--json', '--trace', trace, '--env-file', settings],
    ...['--policy', policy, '--node', `cpu=${node.cpu},memory=${node.memory}`, '--train-days', '0'],
    ...['--lead-in-seconds', String(leadInSeconds)],
  ]);
  return JSON.parse(reported) as ReplayFigures;
}

/** The lines of all trace files that a service has left in a folder. */
export async function traceLines(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();
  const texts = await Promise.all(names.map((name) => readFile(`${folder}/${name}`, 'utf8')));
  return texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
}

/** Settings as the lines of an `--env-file`. */
export const settingsText = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

/** Trace and settings as files for `replay`, in the folder that the service has written. */
export async function gatheredFiles(
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<Pick<ReplayQuestion, 'trace' | 'settings'>> {
  const paths = { trace: `${folder}/all.jsonl.txt`, settings: `${folder}/serve.env` };
  await writeFile(paths.trace, (await traceLines(`${folder}/trace`)).join('\n'));
  await writeFile(paths.settings, settingsText(settings));
  return paths;
}
