import {
  access,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { attempt, type CommandOptions, run } from './command.ts';
import { withLock } from './lock.ts';
import { type Layout, partFolder } from './plan/layout.ts';
import { folderName, goBuildArguments, type Part, stagingReplacements } from './plan/parts.ts';
import { Refusal } from './requirements.ts';

/** Says one line about progress. */
export type Say = (line: string) => void;

interface Building {
  readonly part: Part;
  readonly folder: string;
  readonly go: CommandOptions & { readonly folder: string };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Whether a part lies in the cache, whole: its folder gets its name only when everything is in it. */
export async function isBuilt(layout: Layout, part: Part): Promise<boolean> {
  const folder = partFolder(layout, part.name);
  const files = [...part.programs.map(({ name }) => `bin/${name}`), ...Object.keys(part.assets)];
  const found = await Promise.all(files.map((file) => exists(`${folder}/${file}`)));
  return found.every(Boolean);
}

function goOptions(folder: string): Building['go'] {
  const environment = {
    ...process.env,
    CGO_ENABLED: '0',
    GOFLAGS: '-mod=mod -buildvcs=false',
    GOWORK: 'off',
  };
  return { folder, environment };
}

interface Downloaded {
  readonly GoMod: string;
  readonly Dir: string;
}

async function download({ part, go }: Building): Promise<Downloaded> {
  const printed = await run('go', ['mod', 'download', '-json', `${part.module}@${part.version}`], go);
  return JSON.parse(printed) as Downloaded;
}

async function resolveModules(building: Building, module: Downloaded): Promise<void> {
  const { part, go } = building;
  if (part.stagingVersion !== undefined) {
    const goMod = await readFile(module.GoMod, 'utf8');
    await run('go', ['mod', 'edit', ...stagingReplacements(goMod, part.stagingVersion)], go);
  }
  const wanted = part.programs.map(({ goPackage }) => `${goPackage}@${part.version}`);
  if (wanted.length > 0) await run('go', ['get', ...wanted], go);
}

async function buildPrograms({ part, folder, go }: Building, say: Say): Promise<void> {
  for (const [place, program] of part.programs.entries()) {
    const begun = Date.now();
    say(`build ${folderName(part)}: ${program.name} (${place + 1} of ${part.programs.length}) ...`);
    await run('go', goBuildArguments(part, program, `${folder}/bin/${program.name}`), go);
    say(`build ${folderName(part)}: ${program.name} took ${Math.round((Date.now() - begun) / 1000)} s`);
  }
}

async function buildInto(building: Building, say: Say): Promise<void> {
  const { part, folder, go } = building;
  await mkdir(`${folder}/bin`, { recursive: true });
  await run('go', ['mod', 'init', `testbed.local/${part.name}`], go);
  say(`build ${folderName(part)}: fetching modules ...`);
  const module = await download(building);
  await resolveModules(building, module);
  await buildPrograms(building, say);
  for (const [name, source] of Object.entries(part.assets)) {
    // The module cache is read-only; what we copy must be removable.
    await cp(`${module.Dir}/${source}`, `${folder}/${name}`, { recursive: true, mode: 0 });
    await run('chmod', ['-R', 'u+w', `${folder}/${name}`]);
  }
}

async function clearLeftOvers(layout: Layout): Promise<void> {
  const names = await readdir(layout.cache).catch(() => []);
  for (const name of names.filter((each) => each.startsWith('.building-'))) {
    await rm(`${layout.cache}/${name}`, { recursive: true, force: true });
  }
}

async function demandGo(): Promise<void> {
  const version = await attempt('go', ['version']).catch(() => undefined);
  if (version?.exitCode === 0) return;
  throw new Refusal(
    'building needs Go 1.26 or newer: install it from your system or go.dev and put `go` on PATH',
  );
}

async function buildPart(layout: Layout, part: Part, say: Say): Promise<void> {
  // A name of its own each time: a compiler that outlived a killed builder must not write into our folder.
  const folder = await mkdtemp(`${layout.cache}/.building-${folderName(part)}-`);
  const begun = Date.now();
  const record = () => ({ version: part.version, seconds: Math.round((Date.now() - begun) / 1000) });
  await buildInto({ part, folder, go: goOptions(folder) }, say);
  await writeFile(`${folder}/built.json`, JSON.stringify(record()));
  await rm(partFolder(layout, part.name), { recursive: true, force: true });
  await chmod(folder, 0o755);
  await rename(folder, partFolder(layout, part.name));
  say(`build ${folderName(part)}: done in ${record().seconds} s`);
}

/**
 * Builds those parts that the cache lacks, one after another, and never two builders at once. A part is made in a
 * temporary folder and renamed when whole. Throws with the compiler's words, or a Refusal when Go is missing.
 */
export async function buildMissing(layout: Layout, wanted: readonly Part[], say: Say): Promise<void> {
  const missing = async () => {
    const built = await Promise.all(wanted.map((part) => isBuilt(layout, part)));
    return wanted.filter((_, place) => built[place] === false);
  };
  if ((await missing()).length === 0) return;
  await demandGo();
  const waiting = () => say('build: another process is building; waiting for it ...');
  await withLock(`${layout.cache}/build.lock`, waiting, async () => {
    await clearLeftOvers(layout);
    const left = await missing();
    for (const [place, part] of left.entries()) {
      say(`build: ${folderName(part)} (part ${place + 1} of ${left.length})`);
      await buildPart(layout, part, say);
    }
  });
}
