import { formatMemoryBytes } from '@hangar/shared/quantity';
import type { V1Volume } from '@kubernetes/client-node';
import { FILES_VOLUME, GATE_VOLUME } from '../pipeline/compiled.ts';
import type { Pipeline, PipelineVolume } from '../pipeline/pipeline.ts';
import type { Most } from '../restrict/restrictions.ts';
import { byAuthor, byOperator, type Writer } from './checked-words.ts';
import { isDnsSubdomain } from './kubernetes-names.ts';
import { each, refuse } from './refuse.ts';
import type { CompileSettings } from './settings.ts';

/** Our volumes in each Pod; the author's are called `volume-<i>`, the operator's `global-<i>`. */
export const VOLUME = {
  workspace: 'hangar-workspace',
  /** Mount path of tmate in debug builds. */
  addons: 'hangar-addons',
  bin: GATE_VOLUME,
  state: 'hangar-state',
  drone: 'hangar-drone',
  files: FILES_VOLUME,
  /** Results of swapped steps, from annotations. */
  pod: 'hangar-pod',
  /** The operator's storage of caches, only in the containers that restore and save. */
  caches: 'hangar-caches',
} as const;

/** The volume mounted at `/run/drone` of a swapped step: the runner writes its `env` when the step's turn starts (PROTOCOL.md). */
export const envVolumeName = (n: number): string => `hangar-env-${n}`;

export const globalVolumeName = (index: number): string => `global-${index + 1}`;
const volumeName = (index: number): string => `volume-${index + 1}`;

const title = ({ name }: { readonly name: string }): string => `volume ${JSON.stringify(name)}`;

/** A path on the node; without a type, so that sockets, files and folders are all allowed (known issue 48). */
function hostVolume(name: string, path: string, { code, place, at }: Writer): V1Volume {
  if (path === '' || path.split('/').includes('..')) {
    return refuse(
      code,
      `${place}: ${JSON.stringify(path)} cannot be a host path; write an absolute path without ".."`,
      at,
    );
  }
  return { name, hostPath: { path, type: '' } };
}

function objectName(wanted: string, { place, at }: Writer): string {
  if (isDnsSubdomain(wanted)) return wanted;
  return refuse(
    'invalid-pipeline',
    `${place}: ${JSON.stringify(wanted)} cannot be the name of a Kubernetes object; write a name of a-z, 0-9, "-" and "."`,
    at,
  );
}

/** The mode is sent only if the author set one; 0 would mean "no permissions" (known issue 45). */
function fileMode(mode: number | undefined, { place, at }: Writer): { defaultMode?: number } {
  if (mode === undefined) return {};
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0o777) return { defaultMode: mode };
  return refuse(
    'invalid-pipeline',
    `${place}: default_mode ${mode} is out of range; write an octal number from 0000 to 0777`,
    at,
  );
}

const optional = (isOptional: boolean): { optional?: true } => (isOptional ? { optional: true } : {});

/** An empty folder on the node's disk that is removed with the Pod. */
export function emptyVolume(name: string, most: Most): V1Volume {
  return { name, emptyDir: most === 'any' ? {} : { sizeLimit: formatMemoryBytes(most) } };
}

/** A size limit applies to every medium (known issue 49). */
function tempVolume(
  name: string,
  { medium, sizeLimitBytes }: Extract<PipelineVolume, { kind: 'temp' }>,
  most: Most,
): V1Volume {
  const { emptyDir } = emptyVolume(name, sizeLimitBytes > 0 ? sizeLimitBytes : most);
  return {
    name,
    emptyDir: { ...(medium.toLowerCase() === 'memory' ? { medium: 'Memory' } : {}), ...emptyDir },
  };
}

function toVolume(volume: PipelineVolume, name: string, most: Most): V1Volume | undefined {
  const owner = byAuthor(title(volume), [...(volume.at ?? []), volume.kind]);
  switch (volume.kind) {
    case 'temp':
      return tempVolume(name, volume, most);
    case 'cache':
      return emptyVolume(name, most);
    case 'host':
      return hostVolume(name, volume.path, owner);
    case 'claim':
      return {
        name,
        persistentVolumeClaim: {
          claimName: objectName(volume.claimName, owner),
          ...(volume.readOnly ? { readOnly: true } : {}),
        },
      };
    case 'config_map':
      return {
        name,
        configMap: {
          name: objectName(volume.configMapName, owner),
          ...fileMode(volume.defaultMode, owner),
          ...optional(volume.optional),
        },
      };
    case 'secret':
      return {
        name,
        secret: {
          secretName: objectName(volume.secretName, owner),
          ...fileMode(volume.defaultMode, owner),
          ...optional(volume.optional),
        },
      };
    case 'none':
      return undefined;
  }
}

/** The volumes of authors and operators, and the Pod's name for each. */
export interface NamedVolumes {
  readonly volumes: readonly V1Volume[];
  /** Name in the pipeline → name in the Pod; the first of equal names is used. */
  readonly byName: ReadonlyMap<string, string>;
}

/**
 * Converts the pipeline's volumes and the operator's global ones (previous-runner §3.7, §4.3). Throws PipelineError for what Kubernetes
 * would refuse.
 *
 * @param most limit of temporary volumes without one
 */
export function namedVolumes(pipeline: Pipeline, settings: CompileSettings, most: Most): NamedVolumes {
  const globals = settings.globalVolumes.map(({ hostPath }, index) =>
    hostVolume(globalVolumeName(index), hostPath, byOperator(`DRONE_RUNNER_VOLUMES, entry ${index + 1}`)),
  );
  const own = each(pipeline.volumes, (volume, index) => {
    const made = toVolume(volume, volumeName(index), most);
    return made === undefined ? [] : [{ name: volume.name, made }];
  }).flat();
  return {
    volumes: [...globals, ...own.map(({ made }) => made)],
    byName: new Map(own.toReversed().map(({ name, made }) => [name, made.name])),
  };
}
