import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type TarEntry, tar } from './tar.ts';

/** Part of an image as it is in a registry: bytes named by their digest. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly data: Buffer;
}

/** A layer: its compressed blob, and the digest of what is inside. */
export interface Layer {
  readonly blob: Blob;
  readonly diffId: string;
}

/** The image configuration of its process. */
export interface ImageSettings {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingFolder?: string;
}

/** A whole image for one architecture. */
export interface Image {
  readonly architecture: Architecture;
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Layer[];
}

/** Architectures that we build for, in Go's and OCI's terms. */
export type Architecture = 'amd64' | 'arm64';

const mediaTypes = {
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  config: 'application/vnd.oci.image.config.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const;

const sha256 = (data: Uint8Array): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

const blob = (mediaType: string, data: Buffer): Blob => ({ mediaType, digest: sha256(data), data });

const jsonBlob = (mediaType: string, value: unknown): Blob =>
  blob(mediaType, Buffer.from(JSON.stringify(value)));

/** How a manifest or an index points to a blob. */
export const descriptor = ({ mediaType, digest, data }: Blob) => ({ mediaType, digest, size: data.length });

/** The architecture of this machine. Throws on one that we don't build for. */
export function architectureOf(nodeArch: string): Architecture {
  if (nodeArch === 'x64') return 'amd64';
  if (nodeArch === 'arm64') return 'arm64';
  throw new Error(`no images for ${nodeArch}: only x64 and arm64`);
}

/** A layer of these files; the same files give the same digest. */
export function layer(entries: readonly TarEntry[]): Layer {
  const data = tar(entries);
  return { blob: blob(mediaTypes.layer, gzipSync(data, { level: 6 })), diffId: sha256(data) };
}

/** An image of these layers, lowest first. */
export function image(
  architecture: Architecture,
  layers: readonly Layer[],
  settings: ImageSettings = {},
): Image {
  const variables = { PATH: '/usr/local/bin:/usr/bin:/bin', ...settings.environment };
  const config = jsonBlob(mediaTypes.config, {
    architecture,
    os: 'linux',
    config: {
      Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      ...(settings.entrypoint === undefined ? {} : { Entrypoint: settings.entrypoint }),
      ...(settings.command === undefined ? {} : { Cmd: settings.command }),
      ...(settings.user === undefined ? {} : { User: settings.user }),
      WorkingDir: settings.workingFolder ?? '/',
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created_by: 'hangar testbed' })),
  });
  const manifest = jsonBlob(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptor(config),
    layers: layers.map((each) => descriptor(each.blob)),
  });
  return { architecture, manifest, config, layers };
}

/** An index that offers one image for its architecture, as images for several platforms are published. */
export function index(of: Image): Blob {
  return jsonBlob(mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [{ ...descriptor(of.manifest), platform: { architecture: of.architecture, os: 'linux' } }],
  });
}

/** An image under the full name that a node knows it by, such as `docker.io/library/busybox:latest`. */
export interface NamedImage {
  readonly name: string;
  readonly image: Image;
}

/** An OCI archive of all these images, blobs once each; `ctr images import` takes it and keeps the names. */
export function archive(images: readonly NamedImage[]): Buffer {
  const blobs = new Map<string, Buffer>();
  for (const { image: each } of images) {
    for (const one of [each.manifest, each.config, ...each.layers.map((part) => part.blob)]) {
      blobs.set(one.digest, one.data);
    }
  }
  const file = (path: string, data: Buffer): TarEntry => ({ kind: 'file', path, mode: 0o644, data });
  const manifests = images.map(({ name, image: each }) => ({
    ...descriptor(each.manifest),
    platform: { architecture: each.architecture, os: 'linux' },
    annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
  }));
  return tar([
    file('oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }))),
    file('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }))),
    ...[...blobs].map(([digest, data]) => file(`blobs/sha256/${digest.slice('sha256:'.length)}`, data)),
  ]);
}
