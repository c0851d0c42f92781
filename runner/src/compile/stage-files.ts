import { MASKS_KEY } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { PlannedContainer } from './planned-container.ts';
import type { SecretEntry } from './secret-files.ts';
import { isBuildFailed } from './stage-environment.ts';

/** Time between a stop signal and SIGKILL. */
const STOP_GRACE_MS = 10_000;

/** Inputs of `stage.json`. */
export interface StageFileSources {
  readonly detail: StageDetail;
  readonly nonce: string;
  readonly nowMs: number;
  readonly startMode: 'barrier' | 'eager';
  readonly pipeline: Pick<Pipeline, 'parallelism'>;
  /** How long the container of a failed step stays; 0: it does not. */
  readonly keepFailedMs: number;
  readonly drone: Readonly<Record<string, string>>;
  readonly common: ReadonlyMap<string, string>;
}

/** Data that all gates of a stage share (PROTOCOL.md, `stage.json`). */
function stageFile(steps: readonly PlannedContainer[], sources: StageFileSources): string {
  const { detail, nowMs, pipeline } = sources;
  return JSON.stringify({
    version: 1,
    nonce: sources.nonce,
    start: sources.startMode,
    buildFailed: isBuildFailed(detail),
    buildStarted: detail.build.started === 0 ? Math.floor(nowMs / 1000) : detail.build.started,
    failedSteps: [],
    ...(pipeline.parallelism === undefined ? {} : { parallelism: pipeline.parallelism }),
    ...(sources.keepFailedMs > 0 ? { keepFailedMs: sources.keepFailedMs } : {}),
    droneEnv: sources.drone,
    env: Object.fromEntries(sources.common),
    steps: steps.map(({ n, step, role, start, after, runs, fails }) => ({
      n,
      name: step.name,
      role,
      engine: start.engine,
      after,
      runs,
      fails,
    })),
  });
}

/** Data of one gate (PROTOCOL.md, `step.json`): the only file with the step's secrets. */
function stepFile({ n, start, plain, secret, runFields }: PlannedContainer): string {
  return JSON.stringify({
    version: 1,
    n,
    argv: start.argv,
    env: Object.fromEntries([...plain, ...secret]),
    unset: [],
    pid1: start.pid1,
    stopSignal: start.stopSignal,
    stopGraceMs: STOP_GRACE_MS,
    ...runFields,
  });
}

/** Key of a swapped step's secret value in the stage's Secret. */
export const swapSecretKey = (n: number, index: number): string => `${n}.secret.${index + 1}`;

function entriesOf(container: PlannedContainer): readonly SecretEntry[] {
  const { n, start, secret } = container;
  const { script: content } = start;
  const script = content === undefined ? [] : [{ key: `${n}.script`, path: `${n}/script`, content }];
  if (start.engine === 'gate')
    return [{ key: `${n}.step.json`, path: `${n}/step.json`, content: stepFile(container) }, ...script];
  const values = [...secret.values()];
  return [
    ...values.map((content, index) => ({ key: swapSecretKey(n, index), path: undefined, content })),
    ...script,
  ];
}

/** Values to mask by step number; steps without any are left out. */
export function masksByStep(steps: readonly PlannedContainer[]): Readonly<Record<number, readonly string[]>> {
  return Object.fromEntries(steps.filter(({ masks }) => masks.length > 0).map(({ n, masks }) => [n, masks]));
}

/** All entries of the stage's Secrets; the values to mask come first, so they are in the first Secret. */
export function stageEntries(
  steps: readonly PlannedContainer[],
  sources: StageFileSources,
): readonly SecretEntry[] {
  return [
    { key: MASKS_KEY, path: undefined, content: JSON.stringify(masksByStep(steps)) },
    { key: 'stage.json', path: 'common/stage.json', content: stageFile(steps, sources) },
    ...steps.flatMap(entriesOf),
  ];
}
