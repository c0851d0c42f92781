import {
  chmodSync,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type {
  Container,
  DownwardItem,
  KeyToPath,
  Pod,
  ProjectedSource,
  Volume,
  VolumeMount,
} from '../api/pod.ts';
import type { Store } from '../api/store.ts';
import { bytesOf, expand } from './environment.ts';
import { fieldValue, resourceValue } from './field-refs.ts';

/** A volume that cannot be set up yet, with the kubelet's words; it is tried again. */
export class MountError extends Error {
  override readonly name = 'MountError';
}

interface VolumeFile {
  readonly path: string;
  readonly content: string | Buffer;
  readonly mode: number;
}

const CONFIG_MODE = 0o644;

/** The volumes of one Pod as folders under its own. */
export class PodVolumes {
  private readonly store: Store;
  private readonly folder: string;
  private readonly hostFolder: string;

  /** @param hostFolder stands for the node's file system: hostPath volumes live in it, never on the real one */
  constructor(store: Store, folder: string, hostFolder: string) {
    this.store = store;
    this.folder = folder;
    this.hostFolder = hostFolder;
  }

  /** Makes or refreshes every volume. @throws {MountError} */
  prepare(pod: Pod): void {
    for (const volume of pod.spec.volumes ?? []) this.prepareOne(pod, volume);
  }

  /** Writes anew what follows the Pod: downward-API files. */
  refresh(pod: Pod): void {
    for (const volume of pod.spec.volumes ?? []) {
      if (volume.downwardAPI !== undefined) this.prepareOne(pod, volume);
    }
  }

  /** Links a container's mounts under its own root; shorter paths first, so that nested ones find their parent. */
  mount(pod: Pod, container: Container, root: string, env: Readonly<Record<string, string>>): void {
    mkdirSync(root, { recursive: true });
    const mounts = [...(container.volumeMounts ?? [])].sort(
      (a, b) => a.mountPath.length - b.mountPath.length,
    );
    for (const mount of mounts) this.link(pod, mount, join(root, mount.mountPath), env);
  }

  private link(pod: Pod, mount: VolumeMount, at: string, env: Readonly<Record<string, string>>): void {
    const base = this.placeOf(pod, mount.name);
    const subPath = mount.subPathExpr === undefined ? (mount.subPath ?? '') : expand(mount.subPathExpr, env);
    const target = subPath === '' ? base : join(base, subPath);
    if (!existsSync(target)) mkdirSync(target, { recursive: true });
    mkdirSync(dirname(at), { recursive: true });
    if (existsSync(at)) {
      if (realpathSync(at) === realpathSync(target)) return;
      rmSync(at, { recursive: true, force: true });
    }
    symlinkSync(target, at);
  }

  private placeOf(pod: Pod, name: string): string {
    const hostPath = pod.spec.volumes?.find((volume) => volume.name === name)?.hostPath;
    return hostPath === undefined ? join(this.folder, name) : join(this.hostFolder, hostPath.path);
  }

  private prepareOne(pod: Pod, volume: Volume): void {
    const place = this.placeOf(pod, volume.name);
    if (volume.hostPath !== undefined) return prepareHostPath(volume.name, place, volume.hostPath);
    mkdirSync(place, { recursive: true });
    if (volume.emptyDir !== undefined) chmodSync(place, 0o777);
    for (const file of this.filesOf(pod, volume)) writeVolumeFile(place, file);
  }

  private filesOf(pod: Pod, volume: Volume): VolumeFile[] {
    const { secret, configMap, downwardAPI, projected } = volume;
    if (secret !== undefined) {
      return this.keys(pod, volume.name, { kind: 'secrets', name: secret.secretName, ...secret });
    }
    if (configMap !== undefined) return this.keys(pod, volume.name, { kind: 'configmaps', ...configMap });
    if (downwardAPI !== undefined)
      return downwardFiles(pod, downwardAPI.items ?? [], downwardAPI.defaultMode);
    return (projected?.sources ?? []).flatMap((source) => this.projectedFiles(pod, volume.name, source));
  }

  private projectedFiles(pod: Pod, volume: string, source: ProjectedSource): VolumeFile[] {
    if (source.secret !== undefined) return this.keys(pod, volume, { kind: 'secrets', ...source.secret });
    if (source.configMap !== undefined)
      return this.keys(pod, volume, { kind: 'configmaps', ...source.configMap });
    if (source.downwardAPI !== undefined)
      return downwardFiles(pod, source.downwardAPI.items ?? [], CONFIG_MODE);
    const token = source.serviceAccountToken;
    return token === undefined ? [] : [{ path: token.path, content: 'embedded-token', mode: CONFIG_MODE }];
  }

  private keys(
    pod: Pod,
    volume: string,
    ref: {
      kind: 'secrets' | 'configmaps';
      name: string;
      items?: KeyToPath[];
      defaultMode?: number;
      optional?: boolean;
    },
  ): VolumeFile[] {
    const word = ref.kind === 'secrets' ? 'secret' : 'configmap';
    const data = bytesOf(this.store, {
      kind: ref.kind,
      namespace: pod.metadata.namespace ?? '',
      name: ref.name,
    });
    if (data === undefined && ref.optional !== true) {
      throw new MountError(
        `MountVolume.SetUp failed for volume "${volume}" : ${word} "${ref.name}" not found`,
      );
    }
    const defaultMode = ref.defaultMode ?? CONFIG_MODE;
    const items: KeyToPath[] = ref.items ?? Object.keys(data ?? {}).map((key) => ({ key, path: key }));
    return items.flatMap(({ key, path, mode }) => {
      const content = data?.[key];
      if (content !== undefined) return [{ path, content, mode: mode ?? defaultMode }];
      if (ref.optional === true) return [];
      throw new MountError(
        `MountVolume.SetUp failed for volume "${volume}" : references non-existent ${word} key: ${key}`,
      );
    });
  }
}

function downwardFiles(pod: Pod, items: readonly DownwardItem[], defaultMode = CONFIG_MODE): VolumeFile[] {
  return items.map(({ path, mode, fieldRef, resourceFieldRef }) => ({
    path,
    mode: mode ?? defaultMode,
    content:
      fieldRef !== undefined
        ? fieldValue(pod, fieldRef.fieldPath)
        : resourceFieldRef === undefined
          ? ''
          : resourceValue(pod, '', resourceFieldRef),
  }));
}

function writeVolumeFile(folder: string, { path, content, mode }: VolumeFile): void {
  const at = join(folder, path);
  mkdirSync(dirname(at), { recursive: true });
  rmSync(at, { force: true });
  writeFileSync(at, content);
  chmodSync(at, mode);
}

function prepareHostPath(
  name: string,
  place: string,
  { path, type = '' }: { path: string; type?: string },
): void {
  const there = statSync(place, { throwIfNoEntry: false });
  const demand = (what: string, is: boolean | undefined): void => {
    if (is === true) return;
    const cause = `hostPath type check failed: ${path} is not a ${what}`;
    throw new MountError(`MountVolume.SetUp failed for volume "${name}" : ${cause}`);
  };
  if (type === 'Directory') return demand('directory', there?.isDirectory());
  if (type === 'File') return demand('file', there?.isFile());
  if (there !== undefined) return;
  mkdirSync(type === 'FileOrCreate' ? dirname(place) : place, { recursive: true });
  if (type === 'FileOrCreate') writeFileSync(place, '');
}
