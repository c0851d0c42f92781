import { NO_LOAD } from '../../admit/admit.ts';
import type { RegisteredStage, RegistryChange } from '../../stage-registry.ts';

/** A running stage of `acme/widget` that asks for 1 CPU and 1 GiB, changed as told. */
export function anEntry(change: Partial<RegisteredStage> = {}): RegisteredStage {
  return {
    stageId: 1,
    buildId: 10,
    buildNumber: 7,
    repo: 'acme/widget',
    stageName: 'default',
    event: 'push',
    phase: 'running',
    sinceMs: Date.parse('2026-01-14T09:30:00Z'),
    reason: '',
    pod: 'drone-abc',
    adopted: false,
    asks: { ...NO_LOAD, pipelines: 1, pods: 1, cpuMillicores: 1000, memoryBytes: 2 ** 30 },
    ...change,
  };
}

/** The registry has that stage now. */
export const changed = (entry: RegisteredStage): RegistryChange => ({ kind: 'changed', entry });

/** That stage has left the registry. */
export const left = (entry: RegisteredStage): RegistryChange => ({ kind: 'left', entry });
