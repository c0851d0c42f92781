import type { V1Container } from '@kubernetes/client-node';
import { type Compiled, containerName } from '../../pipeline/compiled.ts';

/** The text of one entry of a stage's Secrets; throws unless exactly one Secret contains it. */
export function secretText({ secrets }: Compiled, key: string): string {
  const found = secrets.flatMap(({ data }) =>
    data !== undefined && Object.hasOwn(data, key) ? [data[key] ?? ''] : [],
  );
  if (found.length !== 1) throw new Error(`${found.length} Secrets have ${key}`);
  return Buffer.from(found[0] ?? '', 'base64').toString('utf8');
}

/** The part of `step.json` that tests read. */
export interface StepFile {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly pid1: boolean;
  readonly stopSignal: string;
}

export const stepFile = (compiled: Compiled, n: number): StepFile =>
  JSON.parse(secretText(compiled, `${n}.step.json`)) as StepFile;

/** The part of `stage.json` that tests read. */
export interface StageFile {
  readonly env: Readonly<Record<string, string>>;
  readonly droneEnv: Readonly<Record<string, string>>;
  readonly buildFailed: boolean;
  readonly parallelism?: number;
  readonly steps: readonly {
    readonly n: number;
    readonly engine: string;
    readonly after: readonly number[];
  }[];
}

export const stageFile = (compiled: Compiled): StageFile =>
  JSON.parse(secretText(compiled, 'stage.json')) as StageFile;

/** The container of step `n`. */
export function containerOf({ pod }: Compiled, n: number): V1Container {
  const found = pod.spec?.containers.find(({ name }) => name === containerName(n));
  if (found === undefined) throw new Error(`no container ${containerName(n)}`);
  return found;
}
