import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { runOrThrow } from '../real/command.ts';
import type { ProgramName } from './bundle.ts';
import { executable, gateFiles } from './catalog.ts';
import { type DockerfileFacts, readDockerfile } from './dockerfile.ts';
import { architectureOf, type Image, image, type Layer, layer } from './image.ts';
import type { TarEntry } from './tar.ts';

/** Folders of a path, outermost first, so that each is there before what is in it. */
const foldersOf = (path: string): readonly string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, place, all) => all.slice(0, place + 1).join('/'));

/** Entries with all folders that they stand in, each once. */
export function withFolders(entries: readonly TarEntry[]): readonly TarEntry[] {
  const folders = new Set(entries.flatMap(({ path }) => foldersOf(path)));
  return [
    ...[...folders].sort().map((path): TarEntry => ({ kind: 'folder', path, mode: 0o755 })),
    ...entries,
  ];
}

/** A file, or all files below a folder, sorted; `under` is its place in the image. */
async function entriesOf(path: string, under: string): Promise<readonly TarEntry[]> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return [{ kind: 'symlink', path: under, target: await readlink(path) }];
  if (stats.isFile()) {
    const mode = stats.mode & 0o111 ? 0o755 : 0o644;
    return [{ kind: 'file', path: under, mode, data: await readFile(path) }];
  }
  const entries: TarEntry[] = [];
  for (const name of (await readdir(path)).sort())
    entries.push(...(await entriesOf(`${path}/${name}`, `${under}/${name}`)));
  return entries;
}

/** Node itself, from the package that npm installed, and the libraries of this machine that it is linked with. */
export async function nodeFiles(): Promise<readonly TarEntry[]> {
  const linked = await runOrThrow('ldd', [process.execPath]);
  const libraries = [...linked.matchAll(/(?:=> )?(\/lib\S+) \(0x/g)].map(([, path = '']) => path);
  const files: TarEntry[] = [];
  for (const path of [...new Set(libraries)].sort())
    files.push(executable(path.slice(1), await readFile(path)));
  const node = executable('usr/local/bin/node', await readFile(process.execPath));
  return withFolders([...files, node, { kind: 'folder', path: 'tmp', mode: 0o1777 }]);
}

/** {@link nodeFiles} as the lowest layer of an image. */
export const nodeLayer = async (): Promise<Layer> => layer(await nodeFiles());

const placeOf = ({ workingFolder }: DockerfileFacts, path: string): string =>
  posix.resolve(workingFolder, path).slice(1);

/** What an image of a program contains that isn't a file of the clone. */
export interface ProgramParts {
  /** Node itself: {@link nodeLayer}. */
  readonly node: Layer;
  /** The gate, for an image whose Dockerfile copies it. */
  readonly gate?: Uint8Array;
  /** The reference under which it is offered, as the build argument `IMAGE` gives it. */
  readonly reference?: string;
}

const factsOf = async (repository: string, program: ProgramName): Promise<DockerfileFacts> =>
  readDockerfile(await readFile(`${repository}/Dockerfile`, 'utf8'), program);

/** What the Dockerfile copies from the clone into the image of a program, with the bundle as {@link bundlePrograms} left it. */
export async function programFiles(repository: string, program: ProgramName): Promise<readonly TarEntry[]> {
  const facts = await factsOf(repository, program);
  const entries: TarEntry[] = [];
  for (const { from, to } of facts.copies)
    entries.push(...(await entriesOf(`${repository}/${from}`, placeOf(facts, to))));
  return withFolders(entries);
}

/** Variables that the image of a program sets. */
export async function imageEnvironment(
  repository: string,
  program: ProgramName,
): Promise<Readonly<Record<string, string>>> {
  return (await factsOf(repository, program)).environment;
}

/**
 * The image that a target of the Dockerfile describes, made of the files of this clone without a builder or a registry: {@link programFiles},
 * and this machine's Node in the place of the base.
 *
 * @throws if the Dockerfile copies the gate into it and there is none
 */
export async function programImage(
  repository: string,
  program: ProgramName,
  { node, gate, reference }: ProgramParts,
): Promise<Image> {
  const facts = await factsOf(repository, program);
  const { entrypoint, user, workingFolder, hasGate } = facts;
  if (hasGate && gate === undefined) throw new Error(`the image of the ${program} contains the gate`);
  const gates = hasGate && gate !== undefined ? [layer(gateFiles(gate))] : [];
  const layers = [node, ...gates, layer(await programFiles(repository, program))];
  const own = reference === undefined ? {} : { HANGAR_OWN_IMAGE: reference };
  const environment = { ...facts.environment, ...own };
  return image(architectureOf(process.arch), layers, { entrypoint, user, workingFolder, environment });
}
