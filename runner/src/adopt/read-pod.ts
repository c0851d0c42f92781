import type { V1Pod } from '@kubernetes/client-node';
import { ANNOTATION } from '../pipeline/compiled.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';

/** What a Pod says about the stage it runs: all that its former owner knew. */
export interface PodRecord {
  readonly stage: DroneStage;
  /** Absent: it was too large for an annotation and stands in the Pod's first Secret. */
  readonly plan: RunPlan | undefined;
  /** Absent: the server was not told of the start, or its answer was lost. */
  readonly stepIds: ReadonlyMap<number, number> | undefined;
  readonly stageVersion: number;
  /** Milliseconds since 1970; undefined: not admitted yet. */
  readonly admittedMs: number | undefined;
  readonly owner: string;
  /** Name of the Secret with masks (and perhaps the plan). */
  readonly secretName: string | undefined;
}

/** Reads a Pod of ours; undefined when it says nothing that makes sense (somebody edited it). Pure. */
export function readPod(pod: V1Pod): PodRecord | undefined {
  const annotations = pod.metadata?.annotations ?? {};
  const stage = jsonOf(annotations[ANNOTATION.stage]) as DroneStage | undefined;
  if (typeof stage?.id !== 'number') return undefined;
  const stepIds = jsonOf(annotations[ANNOTATION.stepIds]) as Record<string, number> | undefined;
  const admitted = annotations[ANNOTATION.admittedAt];
  return {
    stage: { ...stage, steps: [] },
    plan: jsonOf(annotations[ANNOTATION.plan]) as RunPlan | undefined,
    stepIds: stepIds && new Map(Object.entries(stepIds).map(([n, id]) => [Number(n), id])),
    stageVersion: Number(annotations[ANNOTATION.stageVersion] ?? stage.version),
    admittedMs: admitted === undefined ? undefined : Number(admitted),
    owner: annotations[ANNOTATION.owner] ?? '',
    secretName: secretOf(pod),
  };
}

function secretOf(pod: V1Pod): string | undefined {
  const files = pod.spec?.volumes?.find((volume) => volume.name === FILES_VOLUME);
  return files?.secret?.secretName ?? files?.projected?.sources?.[0]?.secret?.name;
}

/** The volume with what the gates read (PROTOCOL.md). */
const FILES_VOLUME = 'hangar-files';

function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
