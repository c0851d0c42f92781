import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { V1Node } from '@kubernetes/client-node';
import { runOrThrow } from '../../parts/real/command.ts';

const PROGRAM = new URL('../../../autoscaler/src/main.ts', import.meta.url).pathname;

/** What is taken of the answer of `replay --json`: waits as from arrival to node, in seconds. */
export interface ReplayFigures {
  readonly jobs: number;
  readonly nodeHours: number;
  readonly boots: number;
  readonly waitSeconds: {
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  };
}

/** A trace and the environment of its replay. */
export interface ReplayQuestion {
  /** One file. */
  readonly trace: string;
  /** One of the nodes, for what it has. */
  readonly node: V1Node | undefined;
  readonly bootSeconds: number;
  readonly policy: 'karpenter' | 'karpenter-buffer-sqrt';
}

/** The output of `hangar-autoscaler replay`, run as by an operator. Rejects with its message when it fails. */
export async function replayed({ trace, node, bootSeconds, policy }: ReplayQuestion): Promise<ReplayFigures> {
  const { cpu = '', memory = '' } = node?.status?.allocatable ?? {};
  const reported = await runOrThrow(process.execPath, [
    ...['--conditions=source', PROGRAM, 'replay', '--json', '--trace', trace, '--policy', policy],
    ...['--node', `cpu=${cpu},memory=${memory}`, '--boot-seconds', String(bootSeconds), '--train-days', '0'],
  ]);
  return JSON.parse(reported) as ReplayFigures;
}

/** The lines of all trace files that a service has left in a folder. */
export async function traceLines(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();
  const texts = await Promise.all(names.map((name) => readFile(`${folder}/${name}`, 'utf8')));
  return texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
}

/** The same as one file, for `replay`. @returns its path */
export async function gatheredTrace(folder: string): Promise<string> {
  const path = `${folder}/all.jsonl.txt`;
  await writeFile(path, (await traceLines(folder)).join('\n'));
  return path;
}
