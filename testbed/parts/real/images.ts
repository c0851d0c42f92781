import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { BUSYBOX_PATHS } from '../../machine/needs.ts';
import { catalog, gateFiles, type Ingredients, imageNames } from '../images/catalog.ts';
import { architectureOf, archive, image, layer, type NamedImage } from '../images/image.ts';
import { destinationOf, pushImage } from '../images/push.ts';
import { runOrThrow } from './command.ts';
import { importArchive } from './ctr.ts';
import { goFilesHash } from './gate-sources.ts';
import { type Layout, registryAddress } from './plan/layout.ts';

async function firstOf(paths: readonly string[]): Promise<Uint8Array> {
  for (const path of paths) {
    const data = await readFile(path).catch(() => undefined);
    if (data !== undefined) return data;
  }
  throw new Error(`none of ${paths.join(', ')} can be read`);
}

/** Builds a static Go program from its folder, once for each state of its sources, and gives its bytes. */
export async function staticProgram(layout: Layout, name: string, sources: string): Promise<Uint8Array> {
  const folder = `${layout.cache}/${name}-${await goFilesHash(sources)}`;
  const cached = await readFile(`${folder}/${name}`).catch(() => undefined);
  if (cached !== undefined) return cached;
  const made = `${folder}/.${name}-${process.pid}`;
  await mkdir(folder, { recursive: true });
  const environment = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' };
  const modules = await readFile(`${sources}/go.mod`).catch(() => undefined);
  const target = modules === undefined ? 'main.go' : '.';
  const build = ['build', '-trimpath', '-ldflags', '-s -w', '-o', made, target];
  await runOrThrow('go', build, { folder: sources, environment });
  await rename(made, `${folder}/${name}`);
  return readFile(`${folder}/${name}`);
}

async function ingredients(layout: Layout): Promise<Ingredients> {
  const sources = `${layout.repository}/testbed/parts/images`;
  const busyboxProgram = await firstOf(BUSYBOX_PATHS);
  const listed = await runOrThrow('busybox', ['--list']);
  return {
    architecture: architectureOf(process.arch),
    busybox: busyboxProgram,
    applets: listed.split('\n').filter(Boolean),
    pause: await staticProgram(layout, 'pause', `${sources}/pause`),
    scratch: await staticProgram(layout, 'scratch', `${sources}/scratch`),
    cloneScript: await readFile(`${sources}/clone.sh`),
    pluginScript: await readFile(`${sources}/plugin.sh`),
  };
}

/** All images that every test cluster has. Builds the two small Go programs when the cache lacks them. */
export async function clusterImages(layout: Layout): Promise<readonly NamedImage[]> {
  return catalog(await ingredients(layout));
}

/** Pushes images to the loopback registry: `docker.io/a/b:c` becomes `127.0.0.1:15000/a/b:c`. */
export async function pushAll(images: readonly NamedImage[], registry = registryAddress): Promise<void> {
  for (const { name, image: each } of images) {
    await pushImage(each, destinationOf(name, registry));
    // The plugin also as an index for several platforms, since most published plugins are one.
    if (name !== imageNames.plugin) continue;
    await pushImage(each, { ...destinationOf(name, registry), tag: 'multi' }, 'index');
  }
}

/** Name of the gate's image for the sources as they are now; undefined while the room has no Go code yet. */
export async function gateName(layout: Layout): Promise<string | undefined> {
  const hash = await goFilesHash(`${layout.repository}/runner/gate`);
  return hash === undefined ? undefined : `docker.io/hangar/gate:${hash}`;
}

/** The gate, built from the sources of this clone. Throws with the compiler's message. */
export const gateProgram = (layout: Layout): Promise<Uint8Array> =>
  staticProgram(layout, 'gate', `${layout.repository}/runner/gate`);

/** The gate's image, named by the hash of its sources; undefined while there are none. Throws with the compiler's message. */
export async function gateImage(layout: Layout): Promise<NamedImage | undefined> {
  const name = await gateName(layout);
  if (name === undefined) return undefined;
  const gate = await gateProgram(layout);
  const settings = { entrypoint: ['/placeholder'] };
  return { name, image: image(architectureOf(process.arch), [layer(gateFiles(gate))], settings) };
}

/** Puts images both on the node and into the registry. */
export async function offer(layout: Layout, images: readonly NamedImage[]): Promise<void> {
  await Promise.all([importArchive(layout, archive(images)), pushAll(images)]);
}

/**
 * Pushes an image of that many incompressible bytes to the registry, busybox inside, and gives its full name
 * `127.0.0.1:15000/...`; the node doesn't have it, so that its first use is a cold pull.
 */
export async function pushSizedImage(layout: Layout, repository: string, sizeBytes: number): Promise<string> {
  const base = (await clusterImages(layout)).find(({ name }) => name === imageNames.busybox);
  if (base === undefined) throw new Error('the catalog has no busybox');
  const data = randomBytes(sizeBytes);
  const ballast = layer([{ kind: 'file', path: 'ballast', mode: 0o644, data }]);
  const made = image(base.image.architecture, [...base.image.layers, ballast], { command: ['sh'] });
  const tag = createHash('sha256').update(data).digest('hex').slice(0, 12);
  await pushImage(made, { registry: registryAddress, repository, tag });
  return `${registryAddress}/${repository}:${tag}`;
}
