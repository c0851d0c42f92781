import { chmodSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { V1VolumeProjection } from '@kubernetes/client-node';
import type { Container, Pod, PodSpec } from '../api/pod.ts';
import type { ObjectStore } from '../api/store.ts';
import { type DataKind, dataOf, expand, singular } from './environment.ts';
import { fieldValue } from './field-refs.ts';

/** A volume that cannot be set up yet, with the kubelet's message; it is retried. */
export class MountError extends Error {
  override readonly name = 'MountError';
}

type Volume = NonNullable<PodSpec['volumes']>[number];
type Mount = NonNullable<Container['volumeMounts']>[number];

interface VolumeFile {
  readonly path: string;
  readonly content: string | Buffer;
  readonly mode: number | undefined;
}

const CONFIG_MODE = 0o644;

/** The volumes of one Pod as folders under its own. */
export class PodVolumes {
  private readonly store: ObjectStore;
  private readonly folder: string;
  private readonly hostFolder: string;

  /** @param hostFolder replaces the node's file system: hostPath volumes are in it, never on the real one */
  constructor(store: ObjectStore, folder: string, hostFolder: string) {
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

  private link(pod: Pod, mount: Mount, at: string, env: Readonly<Record<string, string>>): void {
    const subPath = mount.subPathExpr === undefined ? (mount.subPath ?? '') : expand(mount.subPathExpr, env);
    const target = join(this.placeOf(pod, mount.name), subPath);
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
    mkdirSync(place, { recursive: true });
    if (volume.emptyDir !== undefined) chmodSync(place, 0o777);
    const { secret, configMap, downwardAPI, projected } = volume;
    const { defaultMode } = secret ?? configMap ?? downwardAPI ?? projected ?? {};
    for (const file of this.filesOf(pod, volume)) writeVolumeFile(place, file, defaultMode ?? CONFIG_MODE);
  }

  /** A volume of one source is a projection of that source alone. */
  private filesOf(pod: Pod, { name, secret, configMap, downwardAPI, projected }: Volume): VolumeFile[] {
    if (projected !== undefined)
      return (projected.sources ?? []).flatMap((source) => this.projectedFiles(pod, name, source));
    return this.projectedFiles(pod, name, {
      ...(secret === undefined ? {} : { secret: { ...secret, name: secret.secretName ?? '' } }),
      ...(configMap === undefined ? {} : { configMap }),
      ...(downwardAPI === undefined ? {} : { downwardAPI }),
    });
  }

  private projectedFiles(pod: Pod, volume: string, source: V1VolumeProjection): VolumeFile[] {
    const { secret, configMap, downwardAPI, serviceAccountToken } = source;
    const data = secret ?? configMap;
    if (data !== undefined) {
      const kind = secret === undefined ? 'configmaps' : 'secrets';
      return this.dataFiles(pod, volume, kind, data);
    }
    if (serviceAccountToken !== undefined)
      return [{ path: serviceAccountToken.path, content: 'embedded-token', mode: CONFIG_MODE }];
    return (downwardAPI?.items ?? []).map(({ path, mode, fieldRef }) => {
      const content = fieldRef === undefined ? '' : fieldValue(pod, fieldRef.fieldPath);
      return { path, mode, content };
    });
  }

  private dataFiles(
    pod: Pod,
    volume: string,
    kind: DataKind,
    { name = '', items, optional }: NonNullable<V1VolumeProjection['secret']>,
  ): VolumeFile[] {
    const missing = (what: string): VolumeFile[] => {
      if (optional === true) return [];
      throw new MountError(`MountVolume.SetUp failed for volume "${volume}" : ${what}`);
    };
    const data = dataOf(this.store, pod, kind, name);
    if (data === undefined) return missing(`${singular(kind)} "${name}" not found`);
    const wanted = items ?? Object.keys(data).map((key) => ({ key, path: key, mode: undefined }));
    return wanted.flatMap(({ key, path, mode }) => {
      const content = data[key];
      if (content !== undefined) return [{ path, content, mode }];
      return missing(`references non-existent ${singular(kind)} key: ${key}`);
    });
  }
}

function writeVolumeFile(folder: string, { path, content, mode }: VolumeFile, defaultMode: number): void {
  const at = join(folder, path);
  mkdirSync(dirname(at), { recursive: true });
  rmSync(at, { force: true });
  writeFileSync(at, content);
  chmodSync(at, mode ?? defaultMode);
}
