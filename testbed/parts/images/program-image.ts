import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { relative } from 'node:path';
import { attempt, runOrThrow } from '../real/command.ts';
import { executable } from './catalog.ts';
import { type DockerfileFacts, readDockerfile } from './dockerfile.ts';
import { architectureOf, type Image, image, type Layer, layer } from './image.ts';
import type { TarEntry } from './tar.ts';

/** A program of ours that has a Dockerfile. */
export type ProgramName = 'runner' | 'autoscaler';

const MADE_BY_NPM = ['node_modules', 'sbom.cdx.json'];

/** Folders of a path, outermost first, so that each is there before what is in it. */
const foldersOf = (path: string): readonly string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, place, all) => all.slice(0, place + 1).join('/'));

/** Entries with all folders that they stand in, each once. */
function withFolders(entries: readonly TarEntry[]): readonly TarEntry[] {
  const folders = new Set(entries.flatMap(({ path }) => foldersOf(path)));
  return [
    ...[...folders].sort().map((path): TarEntry => ({ kind: 'folder', path, mode: 0o755 })),
    ...entries,
  ];
}

/** A file, or all files below a folder, sorted; `under` is where it goes in the image. */
async function entriesOf(
  path: string,
  under: string,
  isLeftOut: (path: string) => boolean,
): Promise<readonly TarEntry[]> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return [{ kind: 'symlink', path: under, target: await readlink(path) }];
  if (stats.isFile()) {
    const mode = stats.mode & 0o111 ? 0o755 : 0o644;
    return isLeftOut(path) ? [] : [{ kind: 'file', path: under, mode, data: await readFile(path) }];
  }
  const entries: TarEntry[] = [];
  for (const name of (await readdir(path)).sort())
    entries.push(...(await entriesOf(`${path}/${name}`, `${under}/${name}`, isLeftOut)));
  return entries;
}

/** Node itself, from the package that npm installed, and the libraries of this machine that it is linked with. */
export async function nodeLayer(): Promise<Layer> {
  const linked = await runOrThrow('ldd', [process.execPath]);
  const libraries = [...linked.matchAll(/(?:=> )?(\/lib\S+) \(0x/g)].map(([, path = '']) => path);
  const files: TarEntry[] = [];
  for (const path of [...new Set(libraries)].sort())
    files.push(executable(path.slice(1), await readFile(path)));
  const node = executable('usr/local/bin/node', await readFile(process.execPath));
  return layer(withFolders([...files, node, { kind: 'folder', path: 'tmp', mode: 0o1777 }]));
}

/** Folders below node_modules that the program needs in production, as npm knows them; links to our own packages are no folders. */
async function productionModules(repository: string, program: ProgramName): Promise<readonly string[]> {
  const omit = ['--omit=dev', '--omit=optional'];
  const workspaces = ['--workspace=@hangar/shared', `--workspace=@hangar/${program}`];
  const listed = await runOrThrow('npm', ['ls', '--all', '--parseable', ...omit, ...workspaces], {
    folder: repository,
  });
  const folders = listed.split('\n').map((path) => relative(repository, path));
  const isForeign = (path: string): boolean =>
    path.startsWith('node_modules/') && !path.startsWith('node_modules/@hangar/');
  return [...new Set(folders)].filter(isForeign).sort();
}

async function modulesLayer(
  repository: string,
  program: ProgramName,
  facts: DockerfileFacts,
): Promise<Layer> {
  const folders = await productionModules(repository, program);
  // A package that lies inside another one has a line of its own.
  const isLeftOut = (path: string): boolean => facts.deletedEnds.some((end) => path.endsWith(end));
  const entries: TarEntry[] = [];
  for (const folder of folders) {
    const names = (await readdir(`${repository}/${folder}`)).filter((name) => name !== 'node_modules').sort();
    for (const name of names)
      entries.push(
        ...(await entriesOf(
          `${repository}/${folder}/${name}`,
          inHome(facts, `${folder}/${name}`),
          isLeftOut,
        )),
      );
  }
  const links = ['shared', program].map(
    (name): TarEntry => ({
      kind: 'symlink',
      path: inHome(facts, `node_modules/@hangar/${name}`),
      target: `../../${name}`,
    }),
  );
  return layer(withFolders([...entries, ...links]));
}

const inHome = ({ workingFolder }: DockerfileFacts, path: string): string =>
  `${workingFolder.slice(1)}/${path}`;

async function programLayer(repository: string, facts: DockerfileFacts): Promise<Layer> {
  const isLeftOut = (path: string): boolean => facts.deletedEnds.some((end) => path.endsWith(end));
  const entries: TarEntry[] = [];
  for (const { from, to } of facts.copies.filter((one) => !MADE_BY_NPM.includes(one.from)))
    entries.push(...(await entriesOf(`${repository}/${from}`, inHome(facts, to), isLeftOut)));
  return layer(withFolders(entries));
}

/** Compiles both programs into `dist`. @throws with the compiler's words; an image has no tests in it, so theirs don't count */
export async function compilePrograms(repository: string): Promise<void> {
  const { stdout } = await attempt('npx', ['tsc', '-b', 'runner', 'autoscaler'], { folder: repository });
  const errors = stdout.split('\n').filter((line) => /^\S+\(\d+,\d+\): error /.test(line));
  const ours = errors.filter((line) => !/\.(test|suite)\.ts\(/.test(line));
  if (ours.length > 0) throw new Error(`the programs do not compile:\n${ours.join('\n')}`);
}

/**
 * The image that a program's Dockerfile describes, made of the files of this clone without a builder or a registry: `dist` as the
 * last `tsc -b` left it, the production part of node_modules, and this machine's Node in the place of the base.
 */
export async function programImage(repository: string, program: ProgramName, node: Layer): Promise<Image> {
  const facts = readDockerfile(await readFile(`${repository}/${program}/Dockerfile`, 'utf8'));
  const { entrypoint, user, workingFolder, environment } = facts;
  const layers = [
    node,
    await modulesLayer(repository, program, facts),
    await programLayer(repository, facts),
  ];
  return image(architectureOf(process.arch), layers, { entrypoint, user, workingFolder, environment });
}
