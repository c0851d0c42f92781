import { type Blob, type Image, index } from './image.ts';

/** The destination of an image: `127.0.0.1:15000`, `library/busybox`, `latest`. */
export interface Destination {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/** Repository and tag of a full image name, without its registry. Throws when the name has no tag. */
export function destinationOf(name: string, registry: string): Destination {
  const [, repository, tag] = /^[^/]+\/(.+):([^:/]+)$/.exec(name) ?? [];
  if (repository === undefined || tag === undefined) {
    throw new Error(`image name "${name}" must be registry/repository:tag`);
  }
  return { registry, repository, tag };
}

async function expectStatus(response: Response, wanted: number, what: string): Promise<void> {
  if (response.status === wanted) return;
  const said = (await response.text()).slice(0, 300);
  throw new Error(`registry refused ${what}: ${response.status} ${said}`);
}

async function pushBlob(base: string, { digest, data }: Blob): Promise<void> {
  const known = await fetch(`${base}/blobs/${digest}`, { method: 'HEAD' });
  if (known.status === 200) return;
  const opened = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
  await expectStatus(opened, 202, `an upload to ${base}`);
  const upload = new URL(opened.headers.get('location') ?? '', base);
  upload.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  const stored = await fetch(upload, { method: 'PUT', headers, body: new Uint8Array(data) });
  await expectStatus(stored, 201, `blob ${digest}`);
}

async function pushManifest(base: string, manifest: Blob, reference: string): Promise<void> {
  const stored = await fetch(`${base}/manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': manifest.mediaType },
    body: new Uint8Array(manifest.data),
  });
  await expectStatus(stored, 201, `manifest ${reference}`);
}

/**
 * Pushes an image by plain http, `as` a bare manifest or as an index that points to it; what the registry has
 * already isn't sent again. Throws with the registry's message when it refuses.
 */
export async function pushImage(
  image: Image,
  { registry, repository, tag }: Destination,
  as: 'manifest' | 'index' = 'manifest',
): Promise<void> {
  const base = `http://${registry}/v2/${repository}`;
  for (const part of [...image.layers.map((layer) => layer.blob), image.config]) await pushBlob(base, part);
  if (as === 'manifest') return pushManifest(base, image.manifest, tag);
  await pushManifest(base, image.manifest, image.manifest.digest);
  await pushManifest(base, index(image), tag);
}
