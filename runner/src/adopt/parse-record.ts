import { isRecord, listOf, recordOf, textMapOf, textOf, textsOf } from '@hangar/shared/json';
import type { DroneStage } from '../pipeline/drone.ts';
import type { PlannedStep, RunPlan } from '../pipeline/run-plan.ts';

/** Parses the stage that its Pod records, without steps, which are in the plan; undefined if it is invalid. Pure. */
export function parseStage(value: unknown): DroneStage | undefined {
  const stage = recordOf(value);
  if (!isWhole(stage.id)) return undefined;
  return {
    id: stage.id,
    repoId: numberOf(stage.repoId),
    buildId: numberOf(stage.buildId),
    number: numberOf(stage.number),
    name: textOf(stage.name),
    kind: textOf(stage.kind),
    type: textOf(stage.type),
    // A Pod is created only for an open stage.
    status: stage.status === 'running' ? 'running' : 'pending',
    error: textOf(stage.error),
    errIgnore: stage.errIgnore === true,
    exitCode: numberOf(stage.exitCode),
    machine: textOf(stage.machine),
    os: textOf(stage.os),
    arch: textOf(stage.arch),
    variant: textOf(stage.variant),
    kernel: textOf(stage.kernel),
    limit: numberOf(stage.limit),
    throttle: numberOf(stage.throttle),
    started: numberOf(stage.started),
    stopped: numberOf(stage.stopped),
    created: numberOf(stage.created),
    updated: numberOf(stage.updated),
    version: numberOf(stage.version),
    onSuccess: stage.onSuccess === true,
    onFailure: stage.onFailure === true,
    dependsOn: textsOf(stage.dependsOn),
    labels: textMapOf(stage.labels),
    steps: [],
  };
}

/** Parses the plan of a Pod; undefined if it is invalid. Pure. */
export function parsePlan(value: unknown): RunPlan | undefined {
  if (!isRecord(value) || !Array.isArray(value.steps)) return undefined;
  const steps = value.steps.flatMap((step) => parseStep(step) ?? []);
  if (value.version !== 1 || steps.length !== value.steps.length) return undefined;
  return {
    version: 1,
    nonce: textOf(value.nonce),
    steps,
    timeoutMs: numberOf(value.timeoutMs),
    repoSlug: textOf(value.repoSlug),
    buildNumber: numberOf(value.buildNumber),
    buildEvent: textOf(value.buildEvent),
    ...positive(value, 'parallelism'),
    ...positive(value, 'keepFailedMs'),
    ...(value.buildFailed === true ? { buildFailed: true } : {}),
  };
}

function parseStep(value: unknown): PlannedStep | undefined {
  const step = recordOf(value);
  const [role, engine] = [oneOf(step.role, ROLES), oneOf(step.engine, ENGINES)];
  const [runs, fails] = [oneOf(step.runs, RUNS), oneOf(step.fails, FAILS)];
  if (!isWhole(step.n) || !role || !engine || !runs || !fails) return undefined;
  return {
    n: step.n,
    name: textOf(step.name),
    image: textOf(step.image),
    role,
    engine,
    after: listOf(step.after).filter(isWhole),
    dependsOn: textsOf(step.dependsOn),
    runs,
    fails,
    pid1: step.pid1 === true,
    ...positive(step, 'timeoutMs'),
    ...positive(step, 'readyMs'),
  };
}

/** That member, if it is a positive number. */
function positive<K extends string>(
  value: Readonly<Record<string, unknown>>,
  member: K,
): Partial<Record<K, number>> {
  const number = numberOf(value[member]);
  return number > 0 ? ({ [member]: number } as Record<K, number>) : {};
}

const ROLES: readonly PlannedStep['role'][] = ['step', 'background'];
const ENGINES: readonly PlannedStep['engine'][] = ['gate', 'swap'];
const RUNS: readonly PlannedStep['runs'][] = ['on-success', 'on-failure', 'always'];
const FAILS: readonly PlannedStep['fails'][] = ['fail', 'ignore', 'fast'];

/** Parses the server's ids or versions by step number; undefined if one of them is invalid, since no id can be guessed. Pure. */
export function parseStepNumbers(value: unknown): ReadonlyMap<number, number> | undefined {
  if (!isRecord(value)) return undefined;
  const ids = Object.entries(value).flatMap(([n, id]) => (isWhole(id) ? [[Number(n), id] as const] : []));
  return ids.length === Object.keys(value).length ? new Map(ids) : undefined;
}

/** Parses the values to mask by step number; undefined if they are invalid, since nothing may be shown unmasked. Pure. */
export function parseMasks(value: unknown): Readonly<Record<number, readonly string[]>> | undefined {
  if (!isRecord(value)) return undefined;
  const masks = Object.entries(value).map(([n, texts]) => [n, textsOf(texts), listOf(texts).length] as const);
  const isWhole = masks.every(([, texts, length]) => texts.length === length);
  return isWhole ? Object.fromEntries(masks.map(([n, texts]) => [Number(n), texts])) : undefined;
}

const isWhole = (value: unknown): value is number => Number.isInteger(value);
const numberOf = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0;

function oneOf<T extends string>(value: unknown, values: readonly T[]): T | undefined {
  return values.find((one) => one === value);
}
