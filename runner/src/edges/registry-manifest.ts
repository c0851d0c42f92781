import { listOf, recordOf, textOf, textsOf } from '@hangar/shared/json';
import type { ImageConfig } from '../compile/settings.ts';

/** Supported manifests and indexes, of Docker and OCI. */
export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** The platform of an image. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
  readonly variant: string;
}

/** The next object that a manifest refers to: the config of an image, or the manifest for one platform. */
export type ManifestNext =
  | { readonly kind: 'config'; readonly digest: string }
  | { readonly kind: 'manifest'; readonly digest: string }
  | { readonly kind: 'none'; readonly why: string };

/** Parses a manifest or an index; empty parts of the platform count as linux and amd64, as in the Drone server. */
export function readManifest(raw: unknown, platform: Platform): ManifestNext {
  const manifest = recordOf(raw);
  const config = textOf(recordOf(manifest.config).digest);
  if (config !== '') return { kind: 'config', digest: config };
  const os = platform.os || 'linux';
  const arch = platform.arch || 'amd64';
  const entries = listOf(manifest.manifests).map((one) => ({
    digest: textOf(recordOf(one).digest),
    ...platformOf(one),
  }));
  const fitting = entries.filter((one) => one.digest !== '' && one.os === os && one.arch === arch);
  const chosen = fitting.find(({ variant }) => variant === platform.variant) ?? fitting[0];
  if (chosen) return { kind: 'manifest', digest: chosen.digest };
  return {
    kind: 'none',
    why:
      entries.length > 0 ? `the image does not support ${os}/${arch}` : 'its manifest is of an unknown kind',
  };
}

function platformOf(raw: unknown): Platform {
  const { os, architecture, variant } = recordOf(recordOf(raw).platform);
  return { os: textOf(os), arch: textOf(architecture), variant: textOf(variant) };
}

/** The used part of an image's config: all fields may be missing. */
export function readImageConfig(raw: unknown): ImageConfig {
  const config = recordOf(recordOf(raw).config);
  return Object.freeze({
    entrypoint: textsOf(config.Entrypoint),
    cmd: textsOf(config.Cmd),
    stopSignal: textOf(config.StopSignal),
    user: textOf(config.User),
  });
}
