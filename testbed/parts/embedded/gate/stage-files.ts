import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DecidableStep, StepResult } from '@hangar/runner/decide';
import { errorText } from '@hangar/shared/error-text';
import { isRecord } from '@hangar/shared/json';
import type { Rewrite } from '../kubelet/rewrites.ts';

export interface GateStep extends DecidableStep {
  readonly engine: 'gate' | 'swap';
}

/** `stage.json`, as far as the gate needs it. @see runner/gate/PROTOCOL.md */
export interface StageFile {
  readonly nonce: string;
  readonly start: 'barrier' | 'eager';
  readonly buildFailed: boolean;
  readonly failedSteps: readonly string[];
  readonly keepFailedMs?: number;
  readonly parallelism?: number;
  readonly droneEnv: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly steps: readonly GateStep[];
}

/** `retry` of `step.json`. */
export interface RetryPlan {
  readonly attempts: number;
  readonly exitCodes?: readonly number[];
  readonly backoffMs: number;
}

/** `ready` of `step.json`. */
export type ServiceCheck = { readonly timeoutMs: number } & (
  | { readonly tcp: number }
  | { readonly http: { readonly port: number; readonly path: string } }
  | { readonly exec: readonly string[] }
);

/** `step.json`. */
export interface StepFile {
  readonly n: number;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
  readonly stopSignal: string;
  readonly stopGraceMs: number;
  readonly timeoutMs?: number;
  readonly retry?: RetryPlan;
  readonly ready?: ServiceCheck;
}

/** Files that the gate cannot read: it ends with 214 and this text. */
export class GateError extends Error {
  override readonly name = 'GateError';
}

/** @throws {GateError} */
export function readStageFile(root: string): StageFile {
  return read<StageFile>(root, '/hangar/common/stage.json');
}

/** @throws {GateError} */
export function readStepFile(root: string): StepFile {
  return read<StepFile>(root, '/hangar/own/step.json');
}

/** Both files are written whole by the compiler: only their version is looked at. */
function read<File>(root: string, path: string): File {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(root, path), 'utf8'));
    if (isRecord(parsed) && parsed['version'] === 1) return parsed as File;
  } catch (error) {
    throw new GateError(`gate: cannot read ${path}: ${errorText(error)}`);
  }
  throw new GateError(`gate: ${path} is not of version 1`);
}

const SKIPS = ['failed-before', 'passed-before', 'fast', 'ended-early', 'stopping'] as const;

/**
 * What the runner has written of a swapped step in the Pod's annotations, `<decision> <code> <startMs> <endMs>` or
 * `running 0 <startMs> 0`; undefined before the first line.
 */
export function reportedResult(root: string, n: number): StepResult | undefined {
  const file = join(root, 'hangar/pod', `result-${n}`);
  // Pods without swapped steps have no such file.
  if (!existsSync(file)) return undefined;
  const [, word, code = ''] = /^(\S+)\s+(\d{1,3})\s+\S+\s+\S+\s*$/.exec(readFileSync(file, 'utf8')) ?? [];
  if (word === 'running') return { phase: 'running' };
  const decision = word === 'ran' ? word : SKIPS.find((skip) => skip === word);
  return decision === undefined ? undefined : { phase: 'ended', decision, code: Number(code) };
}

/** Where scripts of the Secret are mounted. */
const OWN = '/hangar/own/';

/**
 * Replaces scripts among the arguments by copies in which the container's paths are this machine's:
 * a script contains `cd /drone/src`, and there is no such folder here.
 */
export function scriptsInPlace(argv: readonly string[], root: string, rewrite: Rewrite): string[] {
  return argv.map((argument) => {
    const source = join(root, argument);
    if (!argument.startsWith(OWN) || !existsSync(source)) return argument;
    const folder = join(root, 'rewritten');
    mkdirSync(folder, { recursive: true });
    const copy = join(folder, argument.slice(OWN.length).replaceAll('/', '-'));
    writeFileSync(copy, rewrite(readFileSync(source, 'utf8')), { mode: statSync(source).mode | 0o500 });
    return copy;
  });
}
