import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { RampOptions } from '../../suites/real-flows/build-load.ts';
import { type ReplayFigures, type ReplayQuestion, settingsText } from '../../suites/real-flows/replayed.ts';

/** The policies of `replay` that foretell the sides: with Hangar, and without. */
export const SIDES = ['karpenter-buffer', 'karpenter'] as const satisfies readonly ReplayQuestion['policy'][];

/** The result of one side. Waits in seconds. */
export interface SideFigures extends Pick<ReplayFigures, 'nodeHours' | 'boots' | 'waitSeconds'> {
  readonly builds: number;
  /** Builds that were ended by something else. */
  readonly harmed: number;
}

/** What was measured on the real Karpenter, and where. */
export interface MeasuredRun {
  readonly ramp: RampOptions;
  readonly at: string;
  /** Of the machine, which may do other work. */
  readonly loadAverage: { readonly mean: number; readonly max: number };
  readonly node: ReplayQuestion['node'];
  /** From the first decision of the service to the first build. */
  readonly leadInSeconds: number;
  readonly sides: Readonly<Record<(typeof SIDES)[number], SideFigures>>;
}

/** A run, with all that `replay` needs to foretell it. */
export interface Recording {
  readonly measured: MeasuredRun;
  /** Of the service. */
  readonly settings: Readonly<Record<string, string>>;
  /** The lines that the service wrote. */
  readonly trace: readonly string[];
}

/** Names of the recorded runs. */
export const RUNS = ['seed-1', 'seed-2', 'seed-3'] as const;
export type RunName = (typeof RUNS)[number];

const FOLDER = new URL('./recorded/', import.meta.url);
const pathOf = (name: string): string => new URL(name, FOLDER).pathname;

function withoutUid(line: string): string {
  const { pod: _uid, ...job } = JSON.parse(line) as { readonly pod?: string };
  return JSON.stringify(job);
}

/** Keeps a run beside this file: predictions are compared with it from then on. */
export async function keepRecording(name: RunName, { measured, settings, trace }: Recording): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(pathOf(`${name}.json`), `${JSON.stringify(measured, undefined, 2)}\n`);
  await writeFile(pathOf(`${name}.env`), settingsText(settings));
  await writeFile(pathOf(`${name}.jsonl`), `${trace.map(withoutUid).join('\n')}\n`);
}

/** A kept run. */
export async function recordedRun(name: RunName): Promise<MeasuredRun> {
  return JSON.parse(await readFile(pathOf(`${name}.json`), 'utf8')) as MeasuredRun;
}

/** The paths of its trace and of the settings that the service had. */
export const recordedFiles = (name: RunName): Pick<ReplayQuestion, 'trace' | 'settings'> => ({
  trace: pathOf(`${name}.jsonl`),
  settings: pathOf(`${name}.env`),
});
