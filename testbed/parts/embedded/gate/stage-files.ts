import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DecidableStep } from '@hangar/runner/decide';
import { errorText } from '@hangar/shared/error-text';
import { isRecord, type JsonRecord, recordOf, recordsOf, textOf } from '../api/objects.ts';

export interface GateStep extends DecidableStep {
  readonly engine: 'gate' | 'swap';
}

/** `stage.json`, as far as the gate needs it. @see runner/gate/PROTOCOL.md */
export interface StageFile {
  readonly nonce: string;
  readonly start: 'barrier' | 'eager';
  readonly buildFailed: boolean;
  readonly buildStarted: number;
  readonly failedSteps: readonly string[];
  readonly droneEnv: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly steps: readonly GateStep[];
}

/** `step.json`. */
export interface StepFile {
  readonly n: number;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
  readonly stopSignal: string;
  readonly stopGraceMs: number;
}

/** Files that the gate cannot read: it ends with 214 and this text. */
export class GateError extends Error {
  override readonly name = 'GateError';
}

/** @throws {GateError} */
export function readStage(root: string): StageFile {
  const file = read(root, '/hangar/common/stage.json');
  return {
    nonce: textOf(file['nonce']),
    start: file['start'] === 'eager' ? 'eager' : 'barrier',
    buildFailed: file['buildFailed'] === true,
    buildStarted: Number(file['buildStarted'] ?? 0),
    failedSteps: textsOf(file['failedSteps']),
    droneEnv: textMapOf(file['droneEnv']),
    env: textMapOf(file['env']),
    steps: recordsOf(file['steps']).map(stepOf),
  };
}

/** @throws {GateError} */
export function readStep(root: string): StepFile {
  const file = read(root, '/hangar/own/step.json');
  return {
    n: Number(file['n']),
    argv: textsOf(file['argv']),
    env: textMapOf(file['env']),
    unset: textsOf(file['unset']),
    stopSignal: textOf(file['stopSignal']) || 'SIGTERM',
    stopGraceMs: typeof file['stopGraceMs'] === 'number' ? file['stopGraceMs'] : 10_000,
  };
}

function stepOf(step: JsonRecord): GateStep {
  const { role, engine, runs, fails, after } = step;
  return {
    n: Number(step['n']),
    name: textOf(step['name']),
    role: role === 'background' ? 'background' : 'step',
    engine: engine === 'swap' ? 'swap' : 'gate',
    after: Array.isArray(after) ? after.map(Number) : [],
    runs: runs === 'always' || runs === 'on-failure' ? runs : 'on-success',
    fails: fails === 'ignore' || fails === 'fast' ? fails : 'fail',
  };
}

function read(root: string, path: string): JsonRecord {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(root, path), 'utf8'));
    if (isRecord(parsed) && parsed['version'] === 1) return parsed;
  } catch (error) {
    throw new GateError(`gate: cannot read ${path}: ${errorText(error)}`);
  }
  throw new GateError(`gate: ${path} is not of version 1`);
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function textMapOf(value: unknown): Record<string, string> {
  const entries = Object.entries(recordOf(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}
