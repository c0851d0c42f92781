import { parseJson, recordOf } from '@hangar/shared/json';
import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION, FILES_VOLUME, RECORD_VERSION } from '../pipeline/compiled.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { parsePlan, parseStage, parseStepNumbers } from './parse-record.ts';

/** The record on a Pod about its stage: everything that its previous owner knew. */
export interface PodRecord {
  readonly stage: DroneStage;
  /** Absent: it was too large for an annotation and is in the Pod's first Secret. */
  readonly plan: RunPlan | undefined;
  /** Absent: the start was not reported to the server, or the response was lost. */
  readonly stepIds: ReadonlyMap<number, number> | undefined;
  /** Versions that steps had at the server before the Pod could run, if not 1. */
  readonly stepVersions: ReadonlyMap<number, number> | undefined;
  readonly stageVersion: number;
  /** Milliseconds since 1970; undefined: not admitted yet. */
  readonly admittedMs: number | undefined;
  readonly owner: string;
  /** Scheme and host of the Drone server that the stage belongs to. */
  readonly server: string;
  /** Its namespace was created for it alone. */
  readonly ownNamespace: boolean;
  /** How many times it has been taken over. */
  readonly adoptions: number;
  /** How many owners in a row were lost soon after they began to read its logs. */
  readonly readerDeaths: number;
  /** The Secrets that the Pod requires to start; the first contains the masks, and possibly the plan. */
  readonly secretNames: readonly string[];
}

/** Whether the record was written by a newer runner, in a version that this one doesn't support. Pure. */
export function isOfNewerRunner(pod: V1Pod): boolean {
  const version = pod.metadata?.annotations?.[ANNOTATION.recordVersion] ?? '1';
  return !(Number(version) <= RECORD_VERSION);
}

/** The stage that a Pod records, without reading the rest of the record; 0: none. Pure. */
export function stageIdOf({ metadata }: V1Pod): number {
  const { id } = recordOf(parseJson(metadata?.annotations?.[ANNOTATION.stage] ?? ''));
  return typeof id === 'number' ? id : 0;
}

/** Reads the record of a Pod; undefined if it is invalid (it was edited), or written by a newer runner. Pure. */
export function readPod(pod: V1Pod): PodRecord | undefined {
  const annotations = pod.metadata?.annotations ?? {};
  const stage = parseStage(parseJson(annotations[ANNOTATION.stage] ?? ''));
  if (!stage || isOfNewerRunner(pod)) return undefined;
  return {
    stage: { ...stage, started: numberOf(annotations[ANNOTATION.stageStarted]) ?? stage.started },
    plan: parsePlan(parseJson(annotations[ANNOTATION.plan] ?? '')),
    stepIds: numbersByStep(annotations[ANNOTATION.stepIds]),
    stepVersions: numbersByStep(annotations[ANNOTATION.stepVersions]),
    stageVersion: numberOf(annotations[ANNOTATION.stageVersion]) ?? stage.version,
    admittedMs: numberOf(annotations[ANNOTATION.admittedAt]),
    ...ownershipOf(annotations),
    secretNames: secretsOf(pod),
  };
}

function ownershipOf(
  annotations: Readonly<Record<string, string>>,
): Pick<PodRecord, 'owner' | 'server' | 'ownNamespace' | 'adoptions' | 'readerDeaths'> {
  return {
    owner: annotations[ANNOTATION.owner] ?? '',
    server: annotations[ANNOTATION.server] ?? '',
    ownNamespace: annotations[ANNOTATION.ownNamespace] !== undefined,
    adoptions: numberOf(annotations[ANNOTATION.adoptions]) ?? 0,
    readerDeaths: numberOf(annotations[ANNOTATION.readerDeaths]) ?? 0,
  };
}

/** The first Secret has the name of its Pod; the names of the others, and of the pull secret, start with it. */
function secretsOf(pod: V1Pod): readonly string[] {
  const first = pod.metadata?.name ?? '';
  const others = [...fileSecrets(pod), ...pullSecrets(pod)].filter((name) => name.startsWith(`${first}-`));
  return [...new Set([first, ...others])];
}

function fileSecrets({ spec }: V1Pod): readonly string[] {
  const files = spec?.volumes?.find((volume) => volume.name === FILES_VOLUME);
  return (files?.projected?.sources ?? []).map((source) => source.secret?.name ?? '');
}

const pullSecrets = ({ spec }: V1Pod): readonly string[] =>
  (spec?.imagePullSecrets ?? []).map((one) => one.name ?? '');

const numbersByStep = (text = ''): ReadonlyMap<number, number> | undefined =>
  parseStepNumbers(parseJson(text));

function numberOf(text: string | undefined): number | undefined {
  const value = text?.trim() ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}
