import type { V1VolumeMount } from '@kubernetes/client-node';
import type { FieldPath, PipelineMount, PipelineStep } from '../pipeline/pipeline.ts';
import { cacheMounts } from './cache-steps.ts';
import { isHeld } from './engine.ts';
import { isOfCaches } from './order-steps.ts';
import type { PlannedContainer } from './planned-container.ts';
import { checkAll, each, refuse, stepField, stepTitle } from './refuse.ts';
import type { CompileSettings } from './settings.ts';
import { envVolumeName, globalVolumeName, VOLUME } from './volumes.ts';
import { absolutePath, checkPathLength, isReservedPath } from './workspace.ts';

/** Mount settings that all containers of a Pod share. */
export interface MountContext {
  readonly workspace: string;
  readonly globalVolumes: CompileSettings['globalVolumes'];
  /** Volume name in the pipeline → volume name in the Pod. */
  readonly volumeNames: ReadonlyMap<string, string>;
  readonly hasTmate: boolean;
  readonly hasSwap: boolean;
  /** Names of the caches that are restored and saved. */
  readonly caches: readonly string[];
}

const mount = (name: string, mountPath: string, more: Partial<V1VolumeMount> = {}): V1VolumeMount => ({
  name,
  mountPath,
  ...more,
});

const mountField = (step: PipelineStep, mount: PipelineMount, key: 'name' | 'path' | 'sub_path'): FieldPath =>
  stepField(step, 'volumes', mount.index ?? step.volumes.indexOf(mount), key);

function volumeOf(wanted: PipelineMount, step: PipelineStep, names: MountContext['volumeNames']): string {
  const name = names.get(wanted.name);
  if (name !== undefined) return name;
  return refuse(
    'unknown-volume',
    `${stepTitle(step)} mounts volume ${JSON.stringify(wanted.name)}, which is missing in the pipeline's "volumes" or has no source; add it there, for example with "temp: {}"`,
    mountField(step, wanted, 'name'),
  );
}

function checkedPath(wanted: PipelineMount, step: PipelineStep): string {
  const { path } = wanted;
  checkPathLength(path, `path of a volume of ${stepTitle(step)}`, mountField(step, wanted, 'path'));
  const full = path === '' ? '' : absolutePath(path);
  if (full !== '' && !full.includes(':') && !isReservedPath(full)) return full;
  return refuse(
    'invalid-pipeline',
    `${stepTitle(step)} cannot mount a volume at ${JSON.stringify(path)}; choose another path`,
    mountField(step, wanted, 'path'),
  );
}

function checkedSubPath(wanted: PipelineMount, step: PipelineStep): { subPath?: string } {
  const { subPath: path } = wanted;
  if (path === '') return {};
  checkPathLength(path, `sub_path of a volume of ${stepTitle(step)}`, mountField(step, wanted, 'sub_path'));
  if (!path.startsWith('/') && !path.split('/').includes('..')) return { subPath: path };
  return refuse(
    'invalid-pipeline',
    `${stepTitle(step)}: sub_path ${JSON.stringify(path)} must be a relative path without ".."`,
    mountField(step, wanted, 'sub_path'),
  );
}

function authorMounts(step: PipelineStep, { volumeNames }: MountContext): readonly V1VolumeMount[] {
  return each(step.volumes, (wanted) => {
    checkAll(
      () => volumeOf(wanted, step, volumeNames),
      () => checkedPath(wanted, step),
      () => checkedSubPath(wanted, step),
    );
    return mount(
      volumeOf(wanted, step, volumeNames),
      checkedPath(wanted, step),
      checkedSubPath(wanted, step),
    );
  });
}

/** The gate's mounts (PROTOCOL.md). A swapped container has no gate, but plugins read `/run/drone/env`. */
function gateMounts({ n, start }: PlannedContainer, { hasSwap }: MountContext): readonly V1VolumeMount[] {
  const bin = mount(VOLUME.bin, '/hangar/bin', { readOnly: true });
  const own = mount(VOLUME.files, '/hangar/own', { subPath: String(n), readOnly: true });
  if (start.engine === 'swap') {
    return [
      mount(envVolumeName(n), '/run/drone', { readOnly: true }),
      ...(isHeld(start) ? [bin] : []),
      ...(start.script === undefined ? [] : [own]),
    ];
  }
  return [
    mount(VOLUME.drone, '/run/drone', { subPath: String(n) }),
    bin,
    mount(VOLUME.state, '/hangar/state', { readOnly: true }),
    mount(VOLUME.state, `/hangar/state/${n}`, { subPath: String(n) }),
    mount(VOLUME.files, '/hangar/common', { subPath: 'common', readOnly: true }),
    own,
    ...(hasSwap ? [mount(VOLUME.pod, '/hangar/pod', { readOnly: true })] : []),
  ];
}

function globalPath(path: string): string {
  const full = absolutePath(path);
  if (!full.includes(':') && !isReservedPath(full)) return full;
  return refuse(
    'invalid-settings',
    `DRONE_RUNNER_VOLUMES: nothing can be mounted at ${JSON.stringify(path)}`,
  );
}

function globalMounts({ globalVolumes }: MountContext): readonly V1VolumeMount[] {
  return globalVolumes.map(({ containerPath, readOnly }, index) =>
    mount(globalVolumeName(index), globalPath(containerPath), readOnly ? { readOnly: true } : {}),
  );
}

/** Kubernetes refuses a Pod in which one container has two mounts at the same path (known issue 46). */
function refuseDoubles(mounts: readonly V1VolumeMount[], step: PipelineStep): readonly V1VolumeMount[] {
  const seen = new Set<string>();
  const double = mounts.map(({ mountPath }) => mountPath).find((path) => seen.size === seen.add(path).size);
  if (double === undefined) return mounts;
  return refuse(
    'invalid-pipeline',
    `${stepTitle(step)} has two volumes at ${double} (the workspace and the runner's volumes count too); mount one of them elsewhere`,
    stepField(step, 'volumes'),
  );
}

/** All mounts of one container: those of the caches in the runner's own steps, else the step's own, the workspace, the gate's, tmate, the operator's (previous-runner §4.3). */
export function mountsOf(container: PlannedContainer, places: MountContext): readonly V1VolumeMount[] {
  const { step, origin } = container;
  if (isOfCaches(origin))
    return [...cacheMounts(origin, places.caches, places.volumeNames), ...gateMounts(container, places)];
  const mounts = [
    ...authorMounts(step, places),
    mount(VOLUME.workspace, places.workspace),
    ...gateMounts(container, places),
    ...(places.hasTmate ? [mount(VOLUME.addons, '/usr/drone/bin')] : []),
    ...globalMounts(places),
  ];
  return refuseDoubles(mounts, step);
}
