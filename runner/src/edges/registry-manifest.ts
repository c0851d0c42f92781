import type { ImageConfig } from '../compile/settings.ts';
import { asArray, asObject, asText } from './wire-fields.ts';

/** Manifests and indexes that we can read, of Docker and OCI. */
export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** For which machine an image is meant. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
  readonly variant: string;
}

/** What a manifest leads to: the config of an image, or the manifest for one platform. */
export type ManifestNext =
  | { readonly kind: 'config'; readonly digest: string }
  | { readonly kind: 'manifest'; readonly digest: string }
  | { readonly kind: 'none'; readonly why: string };

/** Reads a manifest or an index; empty parts of the platform count as linux and amd64, as the server has it. */
export function readManifest(raw: unknown, platform: Platform): ManifestNext {
  const manifest = asObject(raw);
  const config = asText(asObject(manifest.config).digest);
  if (config !== '') return { kind: 'config', digest: config };
  const os = platform.os || 'linux';
  const arch = platform.arch || 'amd64';
  const entries = asArray(manifest.manifests).map((one) => ({
    digest: asText(asObject(one).digest),
    ...platformOf(one),
  }));
  const fitting = entries.filter((one) => one.digest !== '' && one.os === os && one.arch === arch);
  const chosen = fitting.find(({ variant }) => variant === platform.variant) ?? fitting[0];
  if (chosen) return { kind: 'manifest', digest: chosen.digest };
  return {
    kind: 'none',
    why:
      entries.length > 0 ? `the image has nothing for ${os}/${arch}` : 'its manifest is of an unknown kind',
  };
}

function platformOf(raw: unknown): Platform {
  const { os, architecture, variant } = asObject(asObject(raw).platform);
  return { os: asText(os), arch: asText(architecture), variant: asText(variant) };
}

/** What matters of an image's config: all of it may be missing. */
export function readImageConfig(raw: unknown): ImageConfig {
  const config = asObject(asObject(raw).config);
  return Object.freeze({
    entrypoint: textsOf(config.Entrypoint),
    cmd: textsOf(config.Cmd),
    stopSignal: asText(config.StopSignal),
    user: asText(config.User),
  });
}

function textsOf(raw: unknown): readonly string[] {
  return asArray(raw).filter((one) => typeof one === 'string');
}
